/**
 * What many holds of one sale cost the scripts: however many there are, no call takes long, and every unit is there.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { REBUILD_CHUNK } from '@flash-sale/shared/limits.ts';
import type { Redis } from 'ioredis';
import { auditSale, readSale } from '../redis/sale-scripts.ts';
import { beginRebuild, commitRebuild } from './rebuilding.ts';
import { pinHold, reapHolds } from '../redis/hold-scripts.ts';
import { ScriptSales } from './script-sales.ts';
import { holdName } from '../redis/hold-name.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

describe('holds that are over at once', () => {
  test('come back exactly once each, however many reap at a time (I2, I4)', async () => {
    const [count, buyers] = [5_000, 40];
    const saleId = await sales.armed({ allotment: 3 * count });
    const deadlineMs = (await sales.nowMs()) + 1_500;
    for (let first = 0; first < count; first += 250) {
      const ttlMs = Math.max(1, deadlineMs - (await sales.nowMs()));
      const batch = Array.from({ length: 250 }, (_, n) => ({
        ttlMs,
        quantity: 1 + (n % 3),
        buyerId: n % 2 === 0 ? null : `buyer ${n % buyers}`,
      }));
      await sales.place(saleId, ...batch);
    }
    const survivor = await sales.pinned(saleId, { quantity: 2, buyerId: 'buyer 1' });
    await sales.passed(deadlineMs + 20);
    const reapers = Array.from({ length: 3 }, async () => {
      let ended = 0;
      for (;;) {
        const reaped = await reapHolds(sales.redis, saleId);
        if (reaped.kind !== 'reaped') throw new Error(reaped.kind);
        if (reaped.count === 0) return ended;
        ended += reaped.count;
      }
    });
    expect((await Promise.all(reapers)).reduce((sum, ended) => sum + ended, 0)).toBe(count);
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({
      available: 3 * count - 2,
      heldUnits: 0,
      unlistedHolds: 0,
      pins: [{ holdId: survivor, quantity: 2 }],
    });
    expect(await sales.redis.hgetall(sales.key(saleId, 'buyers'))).toEqual({ 'buyer 1': '2' });
    expect(await sales.members(saleId, 'ended')).toHaveLength(count);
  });
});

/** Places so many holds of one unit. @returns their ids */
async function placeMany(saleId: number, count: number): Promise<string[]> {
  const holdIds: string[] = [];
  while (holdIds.length < count) {
    const batch = Array.from({ length: Math.min(500, count - holdIds.length) }, () => ({ buyerId: 'ann' }));
    for (const reply of await sales.place(saleId, ...batch)) {
      if (reply.kind === 'held') holdIds.push(reply.holdId);
    }
  }
  return holdIds;
}

describe('a rebuild of a sale with many living holds', () => {
  test('keeps all of 200,000, and no step of it occupies Redis for long (I2, I3)', async () => {
    const [count, orderedCount, buyerCount] = [200_000, 2_500, 3 * REBUILD_CHUNK + 1];
    const saleId = await sales.armed({ allotment: count + 10_000 });
    const holdIds = await placeMany(saleId, count);
    const ordered = holdIds.slice(0, orderedCount);
    const pinned = holdIds[orderedCount] ?? '';
    for (const holdId of [...ordered, pinned]) await pinHold(sales.redis, saleId, holdId);
    await sales.redis.config('SET', 'slowlog-log-slower-than', 400_000);
    await sales.redis.slowlog('RESET');

    const others = Array.from({ length: buyerCount }, (_, n) => ({ buyerId: `buyer ${n}`, units: 1 }));
    const committed = orderedCount + others.length;
    const available = await sales.rebuild(saleId, {
      allotment: count + 10_000,
      committed,
      outcomes: ordered.map((holdId) => ({ holdId, outcome: 'ordered' })),
      buyers: [{ buyerId: 'ann', units: orderedCount }, ...others],
    });

    expect(await sales.redis.slowlog('LEN')).toBe(0);
    expect(available).toBe(count + 10_000 - committed - (count - orderedCount));
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({
      available,
      heldUnits: count - orderedCount - 1,
      unlistedHolds: 0,
      pins: [{ holdId: pinned, quantity: 1 }],
    });
    // What the steps have added up is what the records say.
    expect(await auditSale(sales.redis, saleId, [], count)).toEqual(
      await auditSale(sales.redis, saleId, [], 0),
    );
    const units = await sales.redis.hmget(sales.key(saleId, 'buyers'), 'ann', `buyer ${buyerCount - 1}`);
    expect(units).toEqual([String(count), '1']);
    await sales.redis.del(...(await sales.keysOf(saleId)));
  }, 60_000);

  test('given up between two pieces leaves nothing behind (I2)', async () => {
    const count = 5 * REBUILD_CHUNK;
    const saleId = await sales.armed({ allotment: count });
    await placeMany(saleId, count);
    const [givenUp, next] = [sales.snapshot({ allotment: count }), sales.snapshot({ allotment: count })];
    const at = { epoch: givenUp.epoch, lastArmedEpoch: givenUp.epoch - 1 };
    const broken = await beginRebuild(breaking(sales.redis, 3), saleId, at).catch(
      (error: Error) => error.message,
    );
    expect(broken).toBe('redis is not available');
    expect(await readSale(sales.redis, saleId)).toEqual({ kind: 'not_armed' });
    expect(await sales.members(saleId, 'deadlines')).not.toHaveLength(0);

    await sales.begin(saleId, next);
    expect(await commitRebuild(sales.redis, saleId, next)).toEqual({ kind: 'armed', available: 0 });
    const sums = { available: 0, heldUnits: count, unlistedHolds: 0 };
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject(sums);
    expect(await sales.redis.hget(sales.key(saleId, 'buyers'), 'ann')).toBe(String(count));
  });

  test('is overtaken between two pieces by a newer one, which counts every hold once (I2)', async () => {
    const count = 5 * REBUILD_CHUNK;
    const saleId = await sales.armed({ allotment: count });
    await placeMany(saleId, count);
    const [older, newer] = [sales.snapshot({ allotment: count }), sales.snapshot({ allotment: count })];
    const begun = await Promise.all([sales.begin(saleId, older), sales.begin(saleId, newer)]);
    expect(begun.map(({ kind }) => kind)).toEqual(['superseded', 'begun']);
    expect(await commitRebuild(sales.redis, saleId, newer)).toEqual({ kind: 'armed', available: 0 });
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({ heldUnits: count, unlistedHolds: 0 });
  });

  test('is not committed when a hold was left out, and counts buyers once however often they come (I2)', async () => {
    const saleId = await sales.armed({ allotment: 10 });
    const { holdId } = await sales.hold(saleId);
    const snapshot = sales.snapshot({ buyers: [{ buyerId: 'ann', units: 1 }] });
    await sales.begin(saleId, snapshot);
    await sales.redis.zrem(sales.key(saleId, 'deadlines'), holdName(holdId));
    expect(await commitRebuild(sales.redis, saleId, snapshot)).toEqual({ kind: 'superseded' });
    expect(await readSale(sales.redis, saleId)).toEqual({ kind: 'not_armed' });
    await sales.redis.zadd(sales.key(saleId, 'deadlines'), 1, holdName(holdId));
    expect(await commitRebuild(sales.redis, saleId, snapshot)).toEqual({ kind: 'armed', available: 9 });
    expect(await sales.redis.hget(sales.key(saleId, 'buyers'), 'ann')).toBe('1');
  });
});

/** A connection that breaks after so many calls. */
function breaking(redis: Redis, afterCalls: number): Redis {
  let count = 0;
  const call = async (command: string, args: string[]) => {
    count += 1;
    if (count > afterCalls) throw new Error('Connection is closed.');
    return redis.call(command, args);
  };
  return new Proxy(redis, {
    get: (target, name) => (name === 'call' ? call : Reflect.get(target, name, target)),
  });
}
