/**
 * Rebuilds that take long: they are waited for, whoever wants the sale armed, and overtaken only when they are dead.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { buyerUnits, holdOutcomes, sales } from '@flash-sale/drizzle/schema.ts';
import {
  HOLD_BATCH_MAX,
  REBUILD_CHUNK,
  REBUILD_SILENCE_MAX_MS,
  REBUILD_WAIT_MAX_MS,
  REDIS_TIMEOUT_MS,
} from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { insertMany } from '../mysql/insert-many.ts';
import { statement } from '../mysql/transaction.ts';
import { auditSale, markRebuild, isBeingRebuilt, readSale } from '../redis/sale-scripts.ts';
import { saleKeys, saleMetaKey } from '../redis/keys.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { createServices, type Services } from '../services.ts';
import { hold } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, testConfig, type OneSale, type World } from '../test/world.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { armSale, onArmedSale } from './arming.ts';
import { finishRebuild, rebuildSale, startRebuild } from './rebuild.ts';

let world: World;
/** Another process. */
let other: Services;
let sale: OneSale;
beforeAll(async () => {
  world = await createWorld();
  other = createServices(testConfig(), { redis: world.redisUrl, databaseUrl: world.databaseUrl });
  await other.ready(5_000);
});
afterAll(async () => {
  await other.close();
  await world.close();
});
beforeEach(async () => {
  sale = await world.sale({ allotment: 10 });
  await world.services.redis.unlink(saleKeys(sale.saleId));
});

async function epoch(): Promise<number> {
  const [row] = await statement(world.services.mysql, (sql) =>
    sql.select({ epoch: sales.epoch }).from(sales).where(eq(sales.id, sale.saleId)),
  );
  return row?.epoch ?? Number.NaN;
}

/** Begun, and then nothing: whoever began it is slow or dead. */
async function begin() {
  const begun = await startRebuild(world.services, sale.saleId);
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  return begun;
}

async function holdSome(saleId: number, count: number): Promise<string[]> {
  const holdIds = Array.from({ length: count }, () => newHoldId(saleId));
  for (let start = 0; start < count; start += HOLD_BATCH_MAX) {
    const some = holdIds.slice(start, start + HOLD_BATCH_MAX);
    const request = { quantity: 1, ttlMs: null, buyerId: null, keyDigest: null, fingerprint: '' };
    const placed = await placeHolds(
      world.services.redis,
      saleId,
      some.map((holdId) => ({ holdId, ...request })),
    );
    expect(placed.kind).toBe('placed');
  }
  return holdIds;
}

const isArmed = async () => (await readSale(other.redis, sale.saleId)).kind === 'sale';

describe('a rebuild', () => {
  test('that goes on is waited for by another process, however long it takes', async () => {
    const begun = await begin();
    const waiting = armSale(other, sale.saleId);
    const endsAt = performance.now() + 2 * REBUILD_SILENCE_MAX_MS;
    while (performance.now() < endsAt) {
      await markRebuild(world.services.redis, sale.saleId, begun.token);
      await Bun.sleep(50);
    }
    expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('armed');
    expect(await waiting).toBe(true);
    expect(await epoch()).toBe(begun.epoch);
  });

  test('says by itself that it goes on, while it waits for SQL', async () => {
    const begun = await begin();
    let finished: ReturnType<typeof finishRebuild> | undefined;
    await statement(world.services.mysql, async (sql) => {
      await sql.execute('LOCK TABLES hold_outcomes WRITE, sales WRITE');
      finished = finishRebuild(world.services, sale.saleId, begun);
      await Bun.sleep(1.5 * REBUILD_SILENCE_MAX_MS);
      expect(await isBeingRebuilt(other.redis, sale.saleId, REBUILD_SILENCE_MAX_MS)).toBe(true);
      await sql.execute('UNLOCK TABLES');
    });
    expect((await finished)?.kind).toBe('armed');
    expect(await isBeingRebuilt(other.redis, sale.saleId, REBUILD_SILENCE_MAX_MS)).toBe(false);
  });

  test('whose process died is overtaken as soon as it has been silent for long enough', async () => {
    const begun = await begin();
    const startedAt = performance.now();
    expect(await armSale(other, sale.saleId)).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(REBUILD_SILENCE_MAX_MS + 2_000);
    expect(await epoch()).toBe(begun.epoch + 1);
    // It was only slow: what it does now is too late.
    expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('superseded');
    expect(await isArmed()).toBe(true);
  });

  test('of a life of the data that is over keeps nobody waiting', async () => {
    const begun = await begin();
    const { redis } = world.services;
    const later = String(Date.now() + 60_000);
    await redis.hset(
      saleMetaKey(sale.saleId),
      'rebuild_token',
      `another life.${begun.token}`,
      'rebuild_at',
      later,
    );
    expect(await isBeingRebuilt(other.redis, sale.saleId, REBUILD_SILENCE_MAX_MS)).toBe(false);
    expect(await armSale(other, sale.saleId)).toBe(true);
  });

  test('whose sign of life is of a clock that was set back keeps nobody waiting', async () => {
    await begin();
    const later = String(Date.now() + 60_000);
    await world.services.redis.hset(saleMetaKey(sale.saleId), 'rebuild_at', later);
    expect(await armSale(other, sale.saleId)).toBe(true);
  });

  test(
    'that takes longer than a buyer can wait is answered 503, and goes on',
    async () => {
      const begun = await begin();
      const marking = setInterval(() => {
        markRebuild(other.redis, sale.saleId, begun.token).catch(() => {});
      }, 50);
      const answer = await hold(world, sale.productId);
      expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
      clearInterval(marking);
      expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('armed');
      await until(async () => (await hold(world, sale.productId)).status === 201);
      expect(await epoch()).toBe(begun.epoch);
    },
    2 * REBUILD_WAIT_MAX_MS + 10_000,
  );

  test('keeps whoever waited before only until their time is over', async () => {
    const begun = await begin();
    const marking = setInterval(() => {
      markRebuild(other.redis, sale.saleId, begun.token).catch(() => {});
    }, 50);
    const startedAtMs = performance.now();
    const reading = onArmedSale(
      other,
      sale.saleId,
      () => readSale(other.redis, sale.saleId),
      startedAtMs + 200,
    );
    expect(await reading.catch((error: unknown) => error)).toBeInstanceOf(StoreUnavailable);
    expect(performance.now() - startedAtMs).toBeLessThan(REBUILD_WAIT_MAX_MS / 2);
    clearInterval(marking);
    expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('armed');
  });

  test('of several pieces ends what SQL decided, keeps the rest, and counts buyers once (I2, I3)', async () => {
    const count = 2 * REBUILD_CHUNK + 500;
    const large = await world.sale({ allotment: count, buyerLimit: null });
    const { mysql, redis } = world.services;
    const holdIds = await holdSome(large.saleId, count);
    const decided = holdIds.slice(0, REBUILD_CHUNK + 100);
    const buyers = Array.from({ length: REBUILD_CHUNK + 1 }, (_, nth) => `buyer ${nth}`);
    await statement(mysql, async (sql) => {
      const outcomes = decided.map((holdId) => ({
        holdId,
        saleId: large.saleId,
        outcome: 'expired' as const,
      }));
      await insertMany(sql, holdOutcomes, outcomes);
      const units = buyers.map((buyerId) => ({ saleId: large.saleId, buyerId, units: 1 }));
      await insertMany(sql, buyerUnits, units);
    });
    expect(await rebuildSale(other, large.saleId)).toMatchObject({
      kind: 'armed',
      available: decided.length,
    });
    const stock = await auditSale(redis, large.saleId, [], count);
    expect(stock).toMatchObject({ heldUnits: count - decided.length, unlistedHolds: 0 });
    const buyersKey = saleKeys(large.saleId).find((key) => key.endsWith(':buyers')) ?? '';
    expect(await redis.hlen(buyersKey)).toBe(buyers.length);
    expect(new Set(await redis.hvals(buyersKey))).toEqual(new Set(['1']));
  });

  test('goes on where it was when Redis did not answer one of its pieces', async () => {
    const begun = await begin();
    await world.services.redis.client('PAUSE', 1.2 * REDIS_TIMEOUT_MS, 'ALL');
    expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('armed');
    expect(await epoch()).toBe(begun.epoch);
  });

  test('of an operator overtakes one that is under way: the change must not wait', async () => {
    const begun = await begin();
    expect((await rebuildSale(other, sale.saleId)).kind).toBe('armed');
    expect((await finishRebuild(world.services, sale.saleId, begun)).kind).toBe('superseded');
  });
});
