/** Many holds that are due within the same second, while buyers go on buying. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { saleDeadlinesKey } from '../../redis/keys.ts';
import type { Services } from '../../services.ts';
import { RawHttp } from '../../test/fuzz/raw-http.ts';
import { holdMany } from '../contests/hold-many.ts';
import { holdBody } from '../contests/holds.ts';
import { get, percentile, post } from '../load/client.ts';
import { openStage } from '../stage.ts';
import type { Curves } from './plot.ts';

const HOLDS = 100_000;
const SPREAD_MS = 1_000;
/** To place the holds, to warm up, and to see how it is when nothing happens. */
const LEAD_MS = 25_000;
const CALM_MS = 8_000;
const AFTER_MS = 3_000;
const GIVEN_UP_MS = 60_000;
/** Each looks at the product, asks for a hold, and thinks: some 600 requests a second. */
const BUYERS = 16;
const THINKS_MS = 40;
const LOOKS_EVERY_MS = 20;
const BUCKET_MS = 250;

const BACK_WITHIN_MS = 2_000;
const TIMES_NORMAL_MAX = 3;

interface Request {
  readonly atMs: number;
  readonly tookMs: number;
}

/** Times are by this machine's clock, which is Redis' too. */
interface Look {
  readonly atMs: number;
  readonly overdue: number;
  /** How long the oldest of them has been. */
  readonly lagMs: number;
}

export async function stormOf(say: (line: string) => void): Promise<Curves> {
  const stage = await openStage();
  try {
    const { services } = stage.world;
    const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const { url } = await stage.serve('server.ts');
    const dueAtMs = Date.now() + LEAD_MS;
    let placed = 0;
    const ttlMs = () => {
      const spreadMs = (SPREAD_MS * placed) / HOLDS;
      placed += 1;
      return Math.round(dueAtMs + spreadMs) - Date.now();
    };
    await holdMany(services, saleId, HOLDS, { ttlMs });
    say(`  ${HOLDS} holds are placed`);
    if (Date.now() > dueAtMs - CALM_MS) throw new Error('placing the holds took too long');
    const buyers = startBuyers(url, productId);
    const looks = await watch(services, saleId, dueAtMs);
    const backAtMs = looks.findLast(({ overdue }) => overdue > 0)?.atMs ?? dueAtMs;
    await Bun.sleep(AFTER_MS);
    const requests = await buyers.stop();
    return curvesOf({ dueAtMs, backAtMs, looks, requests });
  } finally {
    await stage.close();
  }
}

function startBuyers(url: string, productId: number) {
  const requests: Request[] = [];
  let isOver = false;
  const http = new RawHttp(url);
  const ask = async (request: Parameters<RawHttp['send']>[0]) => {
    const [atMs, startedAtMs] = [Date.now(), performance.now()];
    const { status } = await http.send(request);
    if (status !== 200 && status !== 201) throw new Error(`a buyer was answered ${status}`);
    requests.push({ atMs, tookMs: performance.now() - startedAtMs });
  };
  const visits = Array.from({ length: BUYERS }, async (_, buyer) => {
    await Bun.sleep((buyer * THINKS_MS) / BUYERS);
    while (!isOver) {
      await ask(get(`/api/products/${productId}`));
      await ask(post('/api/holds', { body: holdBody(productId) }));
      await Bun.sleep(THINKS_MS);
    }
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(visits);
      http.close();
      return requests;
    },
  };
}

/** Looks until all that were due are back. Those of the buyers are due much later. */
async function watch({ redis }: Services, saleId: number, dueAtMs: number): Promise<Look[]> {
  const key = saleDeadlinesKey(saleId);
  const looks: Look[] = [];
  const lastDueAtMs = dueAtMs + SPREAD_MS;
  for (;;) {
    const atMs = Date.now();
    const [overdue, [, oldest = '0']] = await Promise.all([
      redis.zcount(key, '-inf', atMs),
      redis.zrange(key, '0', '0', 'WITHSCORES'),
    ]);
    if (atMs >= dueAtMs) looks.push({ atMs, overdue, lagMs: Math.max(0, atMs - Number(oldest)) });
    if (atMs > lastDueAtMs && overdue === 0) return looks;
    if (atMs > lastDueAtMs + GIVEN_UP_MS) throw new Error('the holds did not come back');
    await Bun.sleep(LOOKS_EVERY_MS);
  }
}

interface Storm {
  readonly dueAtMs: number;
  readonly backAtMs: number;
  readonly looks: readonly Look[];
  readonly requests: readonly Request[];
}

function curvesOf({ dueAtMs, backAtMs, looks, requests }: Storm): Curves {
  const between = (fromMs: number, toMs: number) =>
    requests.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).map(({ tookMs }) => tookMs);
  const [calm, stormy] = [
    between(dueAtMs - CALM_MS, dueAtMs - LOOKS_EVERY_MS),
    between(dueAtMs, backAtMs + LOOKS_EVERY_MS),
  ];
  const [normalMs, stormMs] = [percentile(calm, 0.99), percentile(stormy, 0.99)];
  const worstLagMs = Math.max(...looks.map(({ lagMs }) => lagMs));
  const seconds = (atMs: number) => (atMs - dueAtMs) / 1_000;
  const buckets = Math.floor((backAtMs + AFTER_MS - dueAtMs + CALM_MS) / BUCKET_MS);
  const p99s = Array.from({ length: buckets }, (_, index) => {
    const fromMs = dueAtMs - CALM_MS + index * BUCKET_MS;
    return [seconds(fromMs), percentile(between(fromMs, fromMs + BUCKET_MS), 0.99)] as const;
  }).filter(([, tookMs]) => Number.isFinite(tookMs));
  const met = (isMet: boolean) => (isMet ? 'met' : 'NOT MET');
  return {
    title: `${HOLDS} holds that are due within a second`,
    x: { label: 'seconds since the first was due', isLog: false },
    panels: [
      {
        title: 'Due and not yet back',
        y: { label: 'holds', isLog: false },
        curves: [{ name: 'overdue', points: looks.map(({ atMs, overdue }) => [seconds(atMs), overdue]) }],
      },
      {
        title: "Buyers' requests",
        y: { label: `p99 of ${BUCKET_MS} ms, in milliseconds`, isLog: false },
        curves: [{ name: 'p99', points: p99s }],
        asked: {
          at: TIMES_NORMAL_MAX * normalMs,
          says: `asked for: under ${TIMES_NORMAL_MAX} times normal`,
        },
      },
    ],
    figures: { worstLagMs, backMs: backAtMs - dueAtMs - SPREAD_MS, normalMs, stormMs, requests: calm.length },
    says: [
      `${HOLDS} holds due within a second: the last to come back was ${worstLagMs} ms late; asked for at most ${BACK_WITHIN_MS}: ${met(worstLagMs <= BACK_WITHIN_MS)}`,
      `buyers' p99 meanwhile: ${stormMs.toFixed(1)} ms, ${(stormMs / normalMs).toFixed(2)} times the normal ${normalMs.toFixed(1)} ms; asked for less than ${TIMES_NORMAL_MAX}: ${met(stormMs < TIMES_NORMAL_MAX * normalMs)}`,
    ],
  };
}
