/**
 * What the terminal costs while it shows 5,000 living holds of which 500 begin or end each second, in a real
 * pseudo-terminal, with a real API. `bun tui/bench/holds.ts [--seconds N] [--size 200x50]`; of Linux, by /proc.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newHoldId } from '@flash-sale/api/holds/hold-id.ts';
import { releaseHold } from '@flash-sale/api/redis/hold-scripts.ts';
import { placeHolds } from '@flash-sale/api/redis/placement-scripts.ts';
import { startApi, type ApiProcess } from '@flash-sale/api/test/api-process.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { startPty } from '../test/pty.ts';

const LIVING = 5_000;
const PLACED_PER_SECOND = 250;
const TURN_MS = 100;
/** Compilers and caches are warm after that. */
const WARM_MS = 15_000;
const IDLE_AFTER_MS = 10_000;

const { values } = parseArgs({
  args: Bun.argv.slice(2),
  options: {
    seconds: { type: 'string', default: '30' },
    size: { type: 'string', default: '200x50' },
  },
});
const [columns = 200, rows = 50] = values.size.split('x').map(Number);

const world = await createWorld();
const api = await startApi(world, { workers: 'inline' });
try {
  const { saleId } = await world.sale({ allotment: 1_000_000, holdTtlMs: 120_000 });
  await measure(world, api, saleId);
} finally {
  await api.kill();
  await world.close();
}

async function measure(stores: World, { listening }: ApiProcess, saleId: number): Promise<void> {
  const startedAt = performance.now();
  await using terminal = startPty(['bun', join(import.meta.dir, '../flashsale.ts')], {
    columns,
    rows,
    env: {
      FLASHSALE_URL: new URL(listening.opsUrl).origin,
      OPERATOR_TOKEN: BOOTSTRAP_TOKEN,
      NODE_ENV: 'production',
      COLORTERM: 'truecolor',
      TERM: 'xterm-256color',
      FORCE_COLOR: undefined,
    },
  });
  await terminal.waitFor('1 Sales');
  const firstFrameMs = performance.now() - startedAt;
  await terminal.waitFor('Lamp');
  const look = () => usageOf(terminal.pid, terminal.bytes());
  await Bun.sleep(IDLE_AFTER_MS);
  const idle = await between(look, 10_000);

  const crowd = openCrowd(stores, saleId);
  await crowd.place(LIVING);
  terminal.type('2');
  await terminal.waitFor('Lamp #');
  const stop = crowd.comeAndGo();
  await Bun.sleep(WARM_MS);
  const busy = await between(look, Number(values.seconds) * 1_000);
  const placed = await stop();
  print({ firstFrameMs, idle, busy, living: crowd.living(), placed });
}

interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly bytes: number;
  readonly frames: number;
  readonly atMs: number;
}

/** Of the terminal's process alone. */
function usageOf(pid: number, written: string): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return {
    // Ticks of a hundredth of a second, in user mode and in the kernel.
    cpuMs: (Number(stat[11]) + Number(stat[12])) * 10,
    rssMb: (pages * 4_096) / 1e6,
    bytes: Buffer.byteLength(written),
    frames: written.split('\x1b[?2026h').length - 1,
    atMs: performance.now(),
  };
}

interface Stretch {
  readonly cpuPercent: number;
  readonly bytesPerSecond: number;
  readonly framesPerSecond: number;
  readonly rssMb: readonly [from: number, to: number];
}

async function between(look: () => Usage, ms: number): Promise<Stretch> {
  const from = look();
  await Bun.sleep(ms);
  const to = look();
  const seconds = (to.atMs - from.atMs) / 1_000;
  return {
    cpuPercent: (to.cpuMs - from.cpuMs) / 10 / seconds,
    bytesPerSecond: (to.bytes - from.bytes) / seconds,
    framesPerSecond: (to.frames - from.frames) / seconds,
    rssMb: [from.rssMb, to.rssMb],
  };
}

/** Buyers straight at Redis: what is measured is the terminal, not the way there. */
function openCrowd({ services }: World, saleId: number) {
  const { redis } = services;
  let living: { holdId: string; endsAtMs: number }[] = [];
  let placed = 0;

  const place = async (count: number) => {
    const requests = Array.from({ length: count }, () => ({
      holdId: newHoldId(saleId),
      quantity: 1 + Math.floor(Math.random() * 3),
      ttlMs: 5_000 + Math.floor(Math.random() * 115_000),
      buyerId: `buyer-${Math.floor(Math.random() * 100_000)}`,
      keyDigest: null,
      fingerprint: '',
    }));
    for (let at = 0; at < count; at += 100) await placeHolds(redis, saleId, requests.slice(at, at + 100));
    const nowMs = Date.now();
    for (const { holdId, ttlMs } of requests) living.push({ holdId, endsAtMs: nowMs + ttlMs });
    placed += count;
  };
  /** Those that did not end by themselves, until as many live as shall. */
  const release = async () => {
    living = living.filter(({ endsAtMs }) => endsAtMs > Date.now());
    while (living.length > LIVING) {
      const [gone] = living.splice(Math.floor(Math.random() * living.length), 1);
      if (gone !== undefined) await releaseHold(redis, saleId, gone.holdId);
    }
  };
  return {
    place,
    living: () => living.length,
    /** @returns ends it, and tells how many holds a second were placed. */
    comeAndGo() {
      let isOver = false;
      const startedAt = performance.now();
      const before = placed;
      const going = (async () => {
        for (let turn = 1; !isOver; turn += 1) {
          await place((PLACED_PER_SECOND * TURN_MS) / 1_000);
          await release();
          await Bun.sleep(Math.max(0, startedAt + turn * TURN_MS - performance.now()));
        }
      })();
      return async () => {
        isOver = true;
        await going;
        return ((placed - before) / (performance.now() - startedAt)) * 1_000;
      };
    },
  };
}

interface Result {
  readonly firstFrameMs: number;
  readonly idle: Stretch;
  readonly busy: Stretch;
  readonly living: number;
  readonly placed: number;
}

function print({ firstFrameMs, idle, busy, living, placed }: Result): void {
  const [from, to] = busy.rssMb;
  const lines = [
    `terminal of ${columns}x${rows}, ${living} living holds, ${placed.toFixed(0)} placed and as many ended a second`,
    `first frame    ${firstFrameMs.toFixed(0)} ms`,
    `idle           ${idle.cpuPercent.toFixed(1)} % of a core, ${(idle.bytesPerSecond / 1e3).toFixed(1)} kB/s`,
    `busy           ${busy.cpuPercent.toFixed(1)} % of a core, ${(busy.bytesPerSecond / 1e3).toFixed(1)} kB/s, ${busy.framesPerSecond.toFixed(1)} frames/s`,
    `memory         ${from.toFixed(0)} MB, after ${values.seconds} s ${to.toFixed(0)} MB`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
