/**
 * What the scripts write to the stream of their sale. That it explains every unit and every hold is told by chance in
 * properties/; here is what it looks like.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { EVENTS_KEPT_MAX, HOLD_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { eventsIn } from '../events/entry.ts';
import { appendEvents } from '../redis/event-scripts.ts';
import { applyCredits, readSale, retireSale } from '../redis/sale-scripts.ts';
import { pinHold, readHold, reapHolds, releaseHold, settleHolds, takeUnits } from '../redis/hold-scripts.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { ScriptSales } from './script-sales.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

const rawOf = (saleId: number) => sales.redis.xrange(sales.key(saleId, 'events'), '-', '+');

/** Of each entry, its events. */
async function told(saleId: number) {
  const entries = await rawOf(saleId);
  return entries.map(([, fields]) => eventsIn(saleId, { id: { ms: 0, seq: 0 }, fields }));
}

/** The entries that `work` wrote. */
async function toldBy(saleId: number, work: () => Promise<unknown>) {
  const before = (await rawOf(saleId)).length;
  await work();
  return (await told(saleId)).slice(before);
}

describe('a step tells what it changes, in one entry', () => {
  test('a batch of holds, with the stock after all of it', async () => {
    const saleId = await sales.armed({ allotment: 10 });
    const deadlines: number[] = [];
    const entries = await toldBy(saleId, async () => {
      const held = { quantity: 2, buyerId: 'a|b', keyDigest: 'k', fingerprint: 'f' };
      const replies = await sales.place(saleId, held, { quantity: 9 }, { quantity: 1 });
      for (const reply of replies) if (reply.kind === 'held') deadlines.push(reply.deadlineMs);
    });
    const at = (index: number) => new Date(deadlines[index] ?? 0).toISOString();
    const shared = { type: 'hold.placed', sale_id: saleId, hold_id: expect.any(String), available: 7 };
    expect(entries).toEqual([
      [
        { ...shared, quantity: 2, buyer_id: 'a|b', expires_at: at(0) },
        { ...shared, quantity: 1, buyer_id: null, expires_at: at(1) },
      ] as never,
    ]);
  });

  test('holds that a buyer ended on the way come before the one that was placed', async () => {
    const saleId = await sales.armed({ allotment: 3 });
    const { holdId } = await sales.overdueHold(saleId, { quantity: 3 });
    const entries = await toldBy(saleId, () => sales.place(saleId, { quantity: 1 }));
    expect(entries.map((events) => events.map(({ type }) => type))).toEqual([
      ['hold.expired', 'hold.placed'],
    ]);
    expect(entries[0]?.[0]).toMatchObject({ hold_id: holdId, quantity: 3, available: 2 });
  });

  test('every way a hold can end', async () => {
    const saleId = await sales.armed();
    const [released, late, pinned, read] = [
      await sales.hold(saleId),
      await sales.overdueHold(saleId),
      await sales.pinned(saleId),
      await sales.overdueHold(saleId),
    ];
    const steps: [string, () => Promise<unknown>][] = [
      ['hold.released', () => releaseHold(sales.redis, saleId, released.holdId)],
      ['hold.expired', () => pinHold(sales.redis, saleId, late.holdId)],
      ['hold.ordered', () => settleHolds(sales.redis, saleId, [{ holdId: pinned, outcome: 'ordered' }])],
      ['hold.expired', () => readSale(sales.redis, saleId)],
    ];
    for (const [type, step] of steps) {
      const entries = await toldBy(saleId, step);
      expect(entries).toMatchObject([[{ type, available: await sales.available(saleId) }]]);
    }
    expect(await toldBy(saleId, () => readHold(sales.redis, saleId, read.holdId))).toEqual([]);
  });

  test('many overdue holds at once', async () => {
    const saleId = await sales.armed();
    const placed = await sales.place(saleId, { ttlMs: 1 }, { ttlMs: 1 }, { ttlMs: 1 });
    await sales.passed(Math.max(...placed.map((reply) => (reply.kind === 'held' ? reply.deadlineMs : 0))));
    const entries = await toldBy(saleId, () => reapHolds(sales.redis, saleId));
    expect(entries.map((events) => events.length)).toEqual([3]);
  });

  test('a take, and what becomes of it: withdrawn units do not come back', async () => {
    const saleId = await sales.armed();
    const takeId = newHoldId(saleId);
    const take = { takeId, quantity: 4, buyerId: null };
    const entries = await toldBy(saleId, async () => {
      await takeUnits(sales.redis, saleId, take);
      await takeUnits(sales.redis, saleId, take);
      await settleHolds(sales.redis, saleId, [{ holdId: takeId, outcome: 'withdrawn' }]);
    });
    expect(entries).toMatchObject([
      [{ type: 'hold.taken', hold_id: takeId, quantity: 4, available: 6 }],
      [{ type: 'hold.withdrawn', hold_id: takeId, quantity: 4, available: 6 }],
    ]);
  });

  test('units that come back or are new', async () => {
    const saleId = await sales.armed();
    const credits = [
      { id: 1, seq: 9, units: 2, buyerId: 'ann', reason: 'order_expired' },
      { id: 2, seq: 10, units: 5, buyerId: null, reason: 'restock' },
    ] as const;
    const entries = await toldBy(saleId, async () => {
      await applyCredits(sales.redis, saleId, credits);
      await applyCredits(sales.redis, saleId, credits);
    });
    expect(entries).toMatchObject([
      [
        { type: 'stock.returned', units: 2, added: 0, buyer_id: 'ann', available: 17 },
        { type: 'stock.returned', units: 5, added: 5, buyer_id: null, available: 17 },
      ],
    ]);
  });

  test('what a rebuild found ended, the rebuild, and whether data may be lost: then a gap comes first', async () => {
    const saleId = await sales.armed({ allotment: 10 });
    const pinned = await sales.pinned(saleId);
    await sales.hold(saleId);
    const outcomes = [{ holdId: pinned, outcome: 'ordered' as const }];
    const entries = await toldBy(saleId, () => sales.rebuild(saleId, { committed: 1, outcomes }));
    const rebuilt = { type: 'sale.rebuilt', allotment: 10, available: 8 };
    expect(entries).toMatchObject([
      [{ type: 'hold.ordered', hold_id: pinned, available: 8 }],
      [{ ...rebuilt, may_have_lost_data: false }],
    ]);
    const [lossy] = await toldBy(saleId, () => sales.rebuild(saleId, { committed: 1, lossRememberedMs: 9 }));
    expect(lossy).toMatchObject([
      { type: 'gap', reason: 'data_lost', sale_id: saleId },
      { ...rebuilt, may_have_lost_data: true },
    ]);
  });

  test('nothing, when nothing changes', async () => {
    const saleId = await sales.armed({ allotment: 1 });
    const { holdId } = await sales.hold(saleId, { keyDigest: 'k', fingerprint: 'f' });
    const entries = await toldBy(saleId, async () => {
      await sales.place(saleId, { keyDigest: 'k', fingerprint: 'f' }, { quantity: 2 });
      await pinHold(sales.redis, saleId, holdId);
      await releaseHold(sales.redis, saleId, holdId);
      await reapHolds(sales.redis, saleId);
      await readSale(sales.redis, saleId);
      await takeUnits(sales.redis, saleId, { takeId: newHoldId(saleId), quantity: 2, buyerId: null });
    });
    expect(entries).toEqual([]);
  });
});

describe('the stream of a sale', () => {
  test('is bounded, however much happens, and so is its memory', async () => {
    const saleId = await sales.armed({ allotment: 10_000_000 });
    const key = sales.key(saleId, 'events');
    const event = JSON.stringify({ type: 'sale.moved', filler: 'x'.repeat(40) });
    const rounds = Math.ceil((EVENTS_KEPT_MAX * 1.2) / 1_000);
    let largest = 0;
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(Array.from({ length: 1_000 }, () => appendEvents(sales.redis, saleId, [event])));
      largest = Math.max(largest, await sales.redis.xlen(key));
    }
    // Whole nodes of the stream are cut off, of a hundred entries at most.
    expect(largest).toBeGreaterThanOrEqual(EVENTS_KEPT_MAX);
    expect(largest).toBeLessThanOrEqual(EVENTS_KEPT_MAX + 100);
    expect(await sales.redis.memory('USAGE', key)).toBeLessThan(8_000_000);
    const batch = Array.from({ length: HOLD_BATCH_MAX }, () => ({}));
    expect(await toldBy(saleId, () => sales.place(saleId, ...batch))).toHaveLength(1);
  }, 60_000);

  test('stops no sale when it cannot be written', async () => {
    const saleId = await sales.armed();
    const key = sales.key(saleId, 'events');
    await sales.redis.del(key);
    await sales.redis.set(key, 'not a stream');
    const { holdId } = await sales.hold(saleId, { quantity: 3 });
    expect(await releaseHold(sales.redis, saleId, holdId)).toEqual({ kind: 'released' });
    expect(await appendEvents(sales.redis, saleId, ['{}'])).toEqual({ kind: 'appended' });
    expect(await sales.available(saleId)).toBe(10);
    expect(await sales.redis.get(key)).toBe('not a stream');
  });

  test('is written even without memory by what must go on, and only by that', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId);
    await sales.redis.config('SET', 'maxmemory', '1');
    try {
      const entries = await toldBy(saleId, () => releaseHold(sales.redis, saleId, holdId));
      expect(entries).toMatchObject([[{ type: 'hold.released' }]]);
      const refused = await appendEvents(sales.redis, saleId, ['{}']).catch((error: Error) => error.message);
      expect(refused).toBe('redis is not available');
    } finally {
      await sales.redis.config('SET', 'maxmemory', '0');
    }
  });

  test('leaves Redis with its sale', async () => {
    const saleId = await sales.armed({ state: 'draining' });
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'retired' });
    expect(await sales.redis.pttl(sales.key(saleId, 'events'))).toBeGreaterThan(0);
  });
});
