/**
 * What metrics cost: how long a scrape of twenty sales takes, and how much slower requests are for being measured.
 * `bun api/bench/metrics-cost.ts` serves the same API twice from one process, with and without metrics, and loads
 * one after the other from another process. CPU per request is the figure to believe where others share the machine.
 */

import { OVERVIEW_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { createApp } from '../app.ts';
import { watchOf } from '../mysql/watch.ts';
import { StockStream } from '../products/stock-stream.ts';
import { watchScripts } from '../redis/script.ts';
import type { Services } from '../services.ts';
import { hold, order, pay } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';

const ROUNDS = 24;
const ROUND_MS = 1_500;
const CONNECTIONS = 48;
/** Once in every round. Prometheus asks every two seconds. */
const SCRAPE_EVERY_MS = 1_000;

async function scrape({ listening }: World): Promise<number> {
  const startedAtMs = performance.now();
  await (await fetch(new URL('/metrics', listening.opsUrl))).text();
  return performance.now() - startedAtMs;
}

async function timeScrapes(): Promise<void> {
  const world = await createWorld();
  for (let sale = 0; sale < 20; sale += 1) {
    const { productId } = await world.sale({ allotment: 1_000 });
    for (let buyer = 0; buyer < 50; buyer += 1) {
      const { hold_id: holdId } = (await hold(world, productId, { ttl: 300 })).body.data;
      if (buyer < 30) await order(world, holdId, `pi_${sale}_${buyer}`);
      if (buyer < 20) await pay(world, holdId, `pi_${sale}_${buyer}`);
    }
  }
  const [alone, shared, text]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < 100; round += 1) {
    await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
    alone.push(await scrape(world));
    shared.push(await scrape(world));
    const startedAtMs = performance.now();
    await world.services.metrics.text();
    text.push(performance.now() - startedAtMs);
  }
  await world.close();
  tell('a scrape of 20 sales', alone);
  tell('the next one, at the same moment', shared);
  tell('of these its text, for which requests wait', text);
}

function tell(what: string, milliseconds: number[]): void {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor(part * sorted.length)] ?? Number.NaN).toFixed(1);
  console.log(
    `${what}: median ${at(0.5)} ms, fastest ${at(0)} ms, 9 of 10 within ${at(0.9)} ms, 99 of 100 within ${at(0.98)} ms`,
  );
}

// ---- requests ----

interface Round {
  readonly answered: number;
  readonly cpuMicroseconds: number;
}

/** The same API on a port of its own, with nothing measured. */
function listenUnmeasured(services: Services): string {
  watchScripts(services.redis, () => {});
  watchOf(services.mysql).took = () => {};
  services.metrics.endProcessMetrics();
  const app = createApp(services, new StockStream(services));
  app.event.afterHandle = [];
  app.event.request = app.event.request?.slice(1) ?? [];
  for (const route of app.routes) delete route.hooks.afterHandle;
  app.listen({ hostname: '127.0.0.1', port: 0 });
  return `http://127.0.0.1:${app.server?.port}`;
}

async function load(url: string, productId: number): Promise<Round> {
  const before = process.cpuUsage();
  const client = Bun.spawn([process.execPath, import.meta.path, 'client', url, String(productId)]);
  const answered = Number(await client.stdout.text());
  const { user, system } = process.cpuUsage(before);
  return { answered, cpuMicroseconds: user + system };
}

/** Runs in a process of its own. Of five requests one is for a hold, as in a crowd that looks before it takes. */
async function beClient(url: string, productId: string): Promise<number> {
  const body = JSON.stringify({ product_id: Number(productId), quantity: 1, ttl: 3 });
  const post = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  const endsAtMs = performance.now() + ROUND_MS;
  let answered = 0;
  const visit = async () => {
    while (performance.now() < endsAtMs) {
      const isHold = answered % 5 === 0;
      const response = await fetch(
        isHold ? `${url}/api/holds` : `${url}/api/products/${productId}`,
        isHold ? post : {},
      );
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`answered ${response.status}`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, visit));
  return answered;
}

async function compareRequests(): Promise<void> {
  const world = await createWorld({ workers: true });
  const { productId } = await world.sale({ allotment: 1_000_000 });
  const unwatched = await world.another();
  const bare = listenUnmeasured(unwatched);
  const rounds: Record<'measured' | 'bare', Round[]> = { measured: [], bare: [] };
  const take = {
    async measured() {
      const scraping = setInterval(() => void scrape(world), SCRAPE_EVERY_MS);
      rounds.measured.push(await load(world.listening.url, productId));
      clearInterval(scraping);
    },
    async bare() {
      rounds.bare.push(await load(bare, productId));
    },
  };
  for (let round = 0; round <= ROUNDS; round += 1) {
    // What comes second may find the machine warmer, or the sale fuller.
    for (const which of round % 2 === 0 ? (['measured', 'bare'] as const) : (['bare', 'measured'] as const)) {
      await take[which]();
    }
    // The first round warms up.
    if (round === 0) rounds.measured.length = rounds.bare.length = 0;
  }
  if (unwatched.metrics.httpDuration.text().includes('_count')) {
    throw new Error('it was measured all the same');
  }
  await world.close();
  const sum = (which: Round[], of: keyof Round) => which.reduce((total, round) => total + round[of], 0);
  const perSecond = (which: Round[]) => sum(which, 'answered') / ROUNDS / (ROUND_MS / 1_000);
  const cpu = (which: Round[]) => sum(which, 'cpuMicroseconds') / sum(which, 'answered');
  const { measured, bare: unmeasured } = rounds;
  compare('requests per second', perSecond(measured), perSecond(unmeasured));
  compare('CPU microseconds per request', cpu(measured), cpu(unmeasured));
}

function compare(what: string, measured: number, bare: number): void {
  const ratio = (measured / bare).toFixed(3);
  console.log(`${what}: ${measured.toFixed(1)} with metrics, ${bare.toFixed(1)} without; ratio ${ratio}`);
}

const [mode, url = '', productId = ''] = process.argv.slice(2);
if (mode === 'client') {
  console.log(await beClient(url, productId));
} else {
  await timeScrapes();
  await compareRequests();
}
process.exit(0);
