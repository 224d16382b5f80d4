/**
 * bun api/bench/simulation/measure.ts
 *
 * What calls and requests cost in CPU, which hardly depends on who else uses the machine, written to costs.json. What a
 * single call costs and what each hold adds to it follow from calls of one and of as many as go together.
 */

import { writeFileSync } from 'node:fs';
import { ALLOTMENT_MAX, HOLD_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../../holds/hold-id.ts';
import { placeHolds } from '../../redis/placement-scripts.ts';
import { stopStores } from '../../test/stores.ts';
import { measure } from '../contest.ts';
import { API, contender, empty, holdBody } from '../contests/holds.ts';
import { cpuMicroseconds, describeMachine } from '../machine.ts';
import ratios from '../results/ratios.json' with { type: 'json' };
import { openStage, versions, type Stage } from '../stage.ts';
import { spreadOf } from '../table.ts';

/** CPU is told in ticks of 10 ms: so much is within some per cent. */
const ENOUGH_US = 600_000;
const CALLS_AT_ONCE = 4;
const SECONDS = 3;
const WARM_UP_S = 4;

const SOURCES = {
  orders: `bun run bench --only orders, of ${ratios.date}, in ratios.json`,
  others: 'bun api/bench/simulation/measure.ts',
};

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Of Redis, for one call of `batch` requests. */
async function callUs({ world, redisPid }: Stage, saleId: number, batch: number): Promise<number> {
  const spent = () => cpuMicroseconds(redisPid) ?? Number.NaN;
  const place = async () => {
    const requests = Array.from({ length: batch }, () => ({
      holdId: newHoldId(saleId),
      quantity: 1,
      ttlMs: 300_000,
      buyerId: null,
      keyDigest: null,
      fingerprint: '',
    }));
    const { kind } = await placeHolds(world.services.redis, saleId, requests);
    if (kind !== 'placed') throw new Error(`a call was answered ${kind}`);
  };
  await place();
  const before = spent();
  let calls = 0;
  while (spent() - before < ENOUGH_US) {
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, place));
    calls += CALLS_AT_ONCE;
  }
  return (spent() - before) / calls;
}

/** A cost per call and one per item, from calls of one and of many. */
function split(one: number, many: number): { call: number; each: number } {
  const each = (many - one) / (HOLD_BATCH_MAX - 1);
  return { call: one - each, each };
}

async function ofRedis(stage: Stage) {
  const { saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
  const gone = await stage.world.sale({ allotment: 1 });
  const held = split(await callUs(stage, saleId, 1), await callUs(stage, saleId, HOLD_BATCH_MAX));
  const refused = split(
    await callUs(stage, gone.saleId, 1),
    await callUs(stage, gone.saleId, HOLD_BATCH_MAX),
  );
  return { redisCallUs: held.call, redisHoldUs: held.each, redisRefusedUs: refused.each };
}

/** A request that is alone pays for its turn of the event loop and its call; in a crowd 128 share both. */
async function ofProcess(stage: Stage) {
  const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
  const server = await stage.serve('server.ts');
  const serverUs = async (connections: number) => {
    const one = contender(API, server, {
      path: '/api/holds',
      connections,
      requests: { kind: 'same', body: holdBody(productId) },
      expected: 'accepted',
      prepare: () => empty(stage, [saleId]),
    });
    await measure(stage, one, WARM_UP_S, say);
    return (await measure(stage, one, SECONDS, say)).serverUs ?? Number.NaN;
  };
  const alone = await serverUs(1);
  const crowd = await serverUs(1_000);
  const { call, each } = split(alone, crowd * HOLD_BATCH_MAX);
  return { processCallUs: call, processRequestUs: each };
}

/** As `bun run bench --only orders` recorded it, in a crowd of 64. */
function ofOrders() {
  const contest = ratios.contests.find(({ name }) => name.startsWith('orders'));
  const rounds = contest?.contenders.find(({ name }) => name === API)?.rounds ?? [];
  const median = (figure: 'serverUs' | 'redisUs' | 'sqlUs') =>
    spreadOf(rounds.map((round) => round[figure])).median;
  return { processOrderUs: median('serverUs'), redisOrderUs: median('redisUs'), sqlOrderUs: median('sqlUs') };
}

const stage = await openStage();
try {
  const measured = { ...(await ofRedis(stage)), ...(await ofProcess(stage)), ...ofOrders() };
  const facts = { date: new Date().toISOString(), machine: describeMachine(), versions: await versions() };
  const costs = Object.fromEntries(
    Object.entries(measured).map(([name, us]) => [name, Number(us.toFixed(2))]),
  );
  writeFileSync(
    new URL('costs.json', import.meta.url),
    `${JSON.stringify({ sources: SOURCES, ...facts, costs }, null, 2)}\n`,
  );
  say(JSON.stringify(costs));
} finally {
  await stage.close();
  await stopStores();
}
process.exit(0);
