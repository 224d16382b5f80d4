/** A sale on a Redis that sentinels watch: its master is killed, another one takes over, and the old one comes back. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Services } from '../services.ts';
import { startApi, type ApiProcess } from './api-process.ts';
import { expectExact, newJournal, whileBuying } from './buyers.ts';
import { availableStock } from './client.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { startWatchedRedis, type WatchedRedis } from './sentinel.ts';
import { until } from './until.ts';
import { createWorldOn, type WorldOf } from './world.ts';

const ALLOTMENT = 400;
/** From a promotion until the sale sells again: as for a shard of a cluster. */
const SELLS_AGAIN_MS = 3_000;
const chance = chanceOf(seedFrom('SENTINEL_SEED'));

let redis: WatchedRedis;
let world: WorldOf<Services>;
let apis: ApiProcess[];
beforeAll(async () => {
  redis = await startWatchedRedis();
  world = await createWorldOn(redis.address);
  const start = () =>
    startApi(
      { redisUrl: '', databaseUrl: world.databaseUrl },
      { workers: 'inline', env: { REDIS_SENTINELS: redis.urls.join() } },
    );
  apis = await Promise.all([start(), start()]);
}, 60_000);
afterAll(async () => {
  await Promise.all(apis.map((api) => api.kill()));
  await world.close();
  await redis.stop();
});

test('a sale goes on with the promoted replica, and nothing of the old master is sold again (I1..I8)', async () => {
  const { saleId, productId } = await world.sale({ allotment: ALLOTMENT });
  // Their copies of the catalog are a second old.
  await until(async () =>
    (await Promise.all(apis.map((api) => availableStock(api, productId)))).every(
      (units) => units === ALLOTMENT,
    ),
  );
  const journal = newJournal();
  const api = () => apis[chance.integer(0, 1)] as ApiProcess;
  const crowd = { api, productId, chance, journal, mayHear: ['hold_lost', 'hold_not_found'] };
  const isMaster = async () => String(await redis.second.client.info('replication')).includes('role:master');
  let sellsAgainMs = Number.POSITIVE_INFINITY;
  await whileBuying(crowd, 10, async () => {
    await until(() => journal.ordered.length > 5);
    await redis.first.store.kill();
    await until(isMaster, 20_000);
    const [promotedAtMs, held] = [performance.now(), journal.held.length];
    await until(() => journal.held.length > held, 20_000);
    sellsAgainMs = performance.now() - promotedAtMs;
    // It comes back as a master, and until the sentinels have told it otherwise it takes everything for its own.
    await redis.restart(redis.first);
    expect(String(await redis.first.client.info('replication'))).toContain('role:master');
    const ordered = journal.ordered.length;
    await until(() => journal.ordered.length > ordered + 20, 20_000);
  });
  expect(sellsAgainMs).toBeLessThan(SELLS_AGAIN_MS);
  await expectExact(world.services, saleId, journal);
}, 90_000);
