/**
 * For orientation: how many holds Redis itself decides, with nobody in front of it. The calls are those that the API
 * makes; redis-benchmark puts random digits into the ids, so that each hold is a new one.
 */

import type { Redis } from 'ioredis';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { installed } from '../test/installed.ts';
import { endWithUs } from './leftovers.ts';
import { openStage } from './stage.ts';

/** Twelve letters, as many as the digits that take their place, and as the names that Redis has for holds. */
const RANDOM = '__rand_int__';
const RANDOM_BELOW = 1_000_000_000;
const CLIENTS = 50;

const RUNS = [
  { batch: 1, pipelined: 1, calls: 50_000 },
  { batch: 1, pipelined: 16, calls: 100_000 },
  { batch: 64, pipelined: 1, calls: 3_000 },
  { batch: 64, pipelined: 16, calls: 3_000 },
] as const;

export interface Ceiling {
  readonly batch: number;
  readonly pipelined: number;
  readonly holdsPerSecond: number;
}

export async function measureCeiling(): Promise<Ceiling[]> {
  const program = await installed('redis-benchmark', 'redis-tools');
  const stage = await openStage();
  try {
    const { saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const socket = decodeURIComponent(new URL(stage.world.redisUrl).pathname);
    const ceilings: Ceiling[] = [];
    for (const { batch, pipelined, calls } of RUNS) {
      // The script is known to Redis from then on.
      await place(stage.world.services.redis, saleId, 1);
      const options = [
        '-s',
        socket,
        '-c',
        CLIENTS,
        '-P',
        pipelined,
        '-n',
        calls,
        '-r',
        RANDOM_BELOW,
        '--csv',
      ];
      const command = [program, ...options.map(String), ...(await callOf(saleId, batch))];
      ceilings.push({ batch, pipelined, holdsPerSecond: batch * (await callsPerSecond(command)) });
    }
    return ceilings;
  } finally {
    await stage.close();
  }
}

function place(redis: Redis, saleId: number, batch: number, holdId = () => newHoldId(saleId)) {
  const requests = Array.from({ length: batch }, () => ({
    holdId: holdId(),
    quantity: 1,
    ttlMs: 300_000,
    buyerId: null,
    keyDigest: null,
    fingerprint: '',
  }));
  return placeHolds(redis, saleId, requests);
}

/** What the API would say to Redis: heard from its own function instead of written down twice. */
async function callOf(saleId: number, batch: number): Promise<string[]> {
  let heard: string[] = [];
  const ear = {
    call(command: string, args: readonly unknown[]) {
      heard = [command, ...args.map(String)];
      return Promise.resolve(['not_armed']);
    },
  };
  await place(ear as unknown as Redis, saleId, batch, () => RANDOM);
  return heard;
}

/** The last line of its CSV: name, calls per second, and six latencies; the name is the whole call, with quotes in it. */
async function callsPerSecond(command: string[]): Promise<number> {
  const run = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  endWithUs(run, run.exited);
  const said = await run.stdout.text();
  const perSecond = Number(said.trimEnd().split('","').at(-7));
  if (!(perSecond > 0)) throw new Error(`redis-benchmark said no figure:\n${said}${await run.stderr.text()}`);
  return perSecond;
}
