import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { PIN_LEASE_MS } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import {
  applyCredits,
  auditSale,
  countBuyers,
  endDecided,
  keepHolds,
  readSale,
} from '../redis/sale-scripts.ts';
import { beginRebuild, commitRebuild } from './rebuilding.ts';
import {
  listOverduePins,
  pinHold,
  readHold,
  reapHolds,
  releaseHold,
  settleHolds,
  takeUnits,
} from '../redis/hold-scripts.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { holdRequest, ScriptSales } from './script-sales.ts';
import { holdName } from '../redis/hold-name.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

describe('a rebuild', () => {
  test('stops every decision from its begin to its commit', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId);
    const snapshot = sales.snapshot();
    await sales.begin(saleId, snapshot);
    expect(await pinHold(sales.redis, saleId, holdId)).toEqual({ kind: 'not_armed' });
    await commitRebuild(sales.redis, saleId, snapshot);
    expect(await pinHold(sales.redis, saleId, holdId)).toMatchObject({ epoch: snapshot.epoch });
  });

  test('keeps the holds that live, drops those that SQL decided, and derives the rest (I2, I3)', async () => {
    const saleId = await sales.armed({ allotment: 20, buyerLimit: 9 });
    const held = await sales.hold(saleId, { quantity: 2, buyerId: 'ann' });
    const pinned = await sales.pinned(saleId, { quantity: 3, buyerId: 'ann' });
    const ordered = await sales.pinned(saleId, { quantity: 4, buyerId: 'bob' });
    const voided = await sales.pinned(saleId, { quantity: 1, buyerId: 'cleo' });
    // Redis lost that this one was pinned; SQL knows its order.
    const unpinned = await sales.hold(saleId, { quantity: 2, buyerId: 'dan' });
    await releaseHold(
      sales.redis,
      saleId,
      (await sales.hold(saleId, { quantity: 5, buyerId: 'eve' })).holdId,
    );

    const snapshot = sales.snapshot({
      allotment: 20,
      committed: 6,
      buyerLimit: 9,
      baseSeq: 3,
      outcomes: [
        { holdId: ordered, outcome: 'ordered' },
        { holdId: voided, outcome: 'expired' },
        { holdId: unpinned.holdId, outcome: 'ordered' },
      ],
      buyers: [
        { buyerId: 'bob', units: 4 },
        { buyerId: 'dan', units: 2 },
      ],
    });
    const begun = await sales.begin(saleId, snapshot);
    if (begun.kind !== 'begun') throw new Error(begun.kind);
    const living: string[] = [held.holdId, pinned, ordered, voided, unpinned.holdId];
    expect(begun.holdIds.toSorted()).toEqual(living.toSorted());
    expect(begun.isContinuous).toBe(true);
    const available = 20 - 6 - 2 - 3;
    expect(await commitRebuild(sales.redis, saleId, snapshot)).toEqual({ kind: 'armed', available });

    const words = [];
    for (const holdId of living) words.push(await readHold(sales.redis, saleId, holdId));
    expect(words).toMatchObject([
      { state: 'held', deadlineMs: held.deadlineMs },
      { state: 'pinned' },
      { state: 'ordered' },
      { state: 'expired' },
      { state: 'ordered' },
    ]);
    expect(await sales.redis.hgetall(sales.key(saleId, 'buyers'))).toEqual({ ann: '5', bob: '4', dan: '2' });
    expect(await sales.members(saleId, 'deadlines')).toEqual([held.holdId]);
    expect(await sales.members(saleId, 'leases')).toEqual([pinned]);
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({ available, heldUnits: 2 });
  });

  test('takes every piece twice, and one that comes late, without counting anything again (I2, I4)', async () => {
    const saleId = await sales.armed({ allotment: 20 });
    const living = await sales.hold(saleId, { quantity: 2, buyerId: 'ann' });
    const ordered = await sales.pinned(saleId, { quantity: 3, buyerId: 'ann' });
    const voided = await sales.pinned(saleId, { quantity: 4, buyerId: 'ann' });
    const outcomes = [
      { holdId: ordered, outcome: 'ordered' },
      { holdId: voided, outcome: 'expired' },
    ] as const;
    const snapshot = sales.snapshot({ allotment: 20, committed: 3 });
    await sales.begin(saleId, snapshot);
    const { redis } = sales;
    const { token } = snapshot;
    const buyers = [{ buyerId: 'ann', units: 3 }];
    for (let time = 0; time < 2; time += 1) {
      expect(await endDecided(redis, saleId, token, outcomes)).toEqual({ kind: 'ended' });
      const kept = await keepHolds(redis, saleId, token, '0');
      expect(kept).toEqual({ kind: 'kept', next: '0', holdIds: [living.holdId] });
      expect(await countBuyers(redis, saleId, token, 0, buyers)).toEqual({ kind: 'counted' });
    }
    expect(await commitRebuild(redis, saleId, snapshot)).toEqual({ kind: 'armed', available: 20 - 3 - 2 });
    expect(await redis.hgetall(sales.key(saleId, 'buyers'))).toEqual({ ann: '5' });
    expect(await auditSale(redis, saleId, [])).toMatchObject({ available: 15, heldUnits: 2, pins: [] });

    // Its token is used up: nothing moves the sale that sells.
    const before = await sales.photograph(saleId);
    for (const late of [
      await endDecided(redis, saleId, token, [{ holdId: living.holdId, outcome: 'ordered' }]),
      await keepHolds(redis, saleId, token, '0'),
      await countBuyers(redis, saleId, token, 1, buyers),
    ]) {
      expect(late).toEqual({ kind: 'superseded' });
    }
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  test('that is given up leaves ended what SQL decided about, and the next one counts it once (I2, I3)', async () => {
    const saleId = await sales.armed({ allotment: 20 });
    const ordered = await sales.pinned(saleId, { quantity: 3, buyerId: 'ann' });
    const voided = await sales.pinned(saleId, { quantity: 4, buyerId: 'bob' });
    const givenUp = sales.snapshot();
    await sales.begin(saleId, givenUp);
    await endDecided(sales.redis, saleId, givenUp.token, [
      { holdId: ordered, outcome: 'ordered' },
      { holdId: voided, outcome: 'lost' },
    ]);
    const buyers = [{ buyerId: 'ann', units: 3 }];
    expect(await sales.rebuild(saleId, { allotment: 20, committed: 3, buyers })).toBe(17);
    expect(await sales.redis.hgetall(sales.key(saleId, 'buyers'))).toEqual({ ann: '3' });
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({ available: 17, heldUnits: 0, pins: [] });
    expect(await readHold(sales.redis, saleId, voided)).toEqual({ kind: 'lost' });
  });

  test('gives a pin a lease that ends at most one lease after its deadline', async () => {
    const saleId = await sales.armed();
    const { holdId, deadlineMs } = await sales.hold(saleId, { ttlMs: 20 });
    await pinHold(sales.redis, saleId, holdId);
    await sales.passed(deadlineMs);
    await sales.rebuild(saleId);
    const lease = await sales.redis.zscore(sales.key(saleId, 'leases'), holdName(holdId));
    expect(Number(lease)).toBe(deadlineMs + PIN_LEASE_MS);
  });

  test('counts from its own base: old credits are covered, new ones are applied once (I4)', async () => {
    const saleId = await sales.armed({ committed: 5, baseSeq: 0 });
    const credit = { id: 1, seq: 1, units: 2, buyerId: null, reason: 'order_expired' as const };
    await applyCredits(sales.redis, saleId, [credit]);
    await sales.rebuild(saleId, { committed: 3, baseSeq: 1 });
    const later = { id: 2, seq: 2, units: 3, buyerId: null, reason: 'order_expired' as const };
    for (let i = 0; i < 2; i += 1) await applyCredits(sales.redis, saleId, [credit, later]);
    expect(await sales.available(saleId)).toBe(10);
  });

  test('runs at most once: its commit and its begin sent again change nothing', async () => {
    const saleId = await sales.armed();
    const snapshot = sales.snapshot();
    expect((await sales.begin(saleId, snapshot)).kind).toBe('begun');
    expect((await commitRebuild(sales.redis, saleId, snapshot)).kind).toBe('armed');
    await sales.hold(saleId, { quantity: 4 });
    const before = await sales.photograph(saleId);
    expect((await commitRebuild(sales.redis, saleId, snapshot)).kind).toBe('superseded');
    expect((await sales.begin(saleId, snapshot)).kind).toBe('superseded');
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  test('is superseded by one with a newer epoch, and never by one with an older', async () => {
    const saleId = await sales.armed();
    const [older, newer, latecomer] = [sales.snapshot(), sales.snapshot({ allotment: 12 }), sales.snapshot()];
    await sales.begin(saleId, older);
    await sales.begin(saleId, newer);
    expect((await commitRebuild(sales.redis, saleId, older)).kind).toBe('superseded');
    const late = await sales.begin(saleId, { ...latecomer, epoch: older.epoch });
    expect(late.kind).toBe('superseded');
    expect(await commitRebuild(sales.redis, saleId, newer)).toEqual({ kind: 'armed', available: 12 });
    expect((await sales.begin(saleId, { ...newer })).kind).toBe('superseded');
  });

  test('commits only in the Redis that it began in: not after a flush, not in another process', async () => {
    const saleId = await sales.armed();
    const [flushed, restarted] = [sales.snapshot(), sales.snapshot()];
    await sales.begin(saleId, flushed);
    await sales.redis.del(...(await sales.keysOf(saleId)));
    expect((await commitRebuild(sales.redis, saleId, flushed)).kind).toBe('superseded');

    await sales.begin(saleId, restarted);
    restarted.token = `another life ${restarted.token}`;
    expect((await commitRebuild(sales.redis, saleId, restarted)).kind).toBe('superseded');
    expect(await readSale(sales.redis, saleId)).toEqual({ kind: 'not_armed' });
  });

  test('knows whether this life of the data was the last one armed, and so has seen every hold', async () => {
    const isContinuous = async (saleId: number, lastArmedEpoch: number) => {
      const rebuild = { epoch: sales.newEpoch(), lastArmedEpoch };
      const begun = await beginRebuild(sales.redis, saleId, rebuild);
      return begun.kind === 'begun' && begun.isContinuous;
    };
    const saleId = await sales.armed();
    const armedEpoch = Number(await sales.redis.hget(sales.key(saleId, 'meta'), 'epoch'));
    expect(await isContinuous(saleId, armedEpoch)).toBe(true);
    expect(await isContinuous(saleId, armedEpoch)).toBe(true);
    // Another Redis was armed in between and may have granted holds.
    expect(await isContinuous(saleId, armedEpoch + 1)).toBe(false);
    await sales.redis.hset(sales.key(saleId, 'meta'), 'last_life', 'another process');
    expect(await isContinuous(saleId, armedEpoch)).toBe(false);
    expect(await isContinuous(sales.newSaleId(), 0)).toBe(false);
  });

  test('remembers for a while that holds may have been lost, and only then says so (I7)', async () => {
    const saleId = await sales.armed({ lossRememberedMs: 30 });
    const holdId = newHoldId(saleId);
    expect(await readHold(sales.redis, saleId, holdId)).toEqual({ kind: 'lost' });
    await sales.passed((await sales.nowMs()) + 30);
    expect(await readHold(sales.redis, saleId, holdId)).toEqual({ kind: 'unknown' });
  });

  test('may find more holds than units; the debt heals as they end, and nobody else gets a unit before', async () => {
    const saleId = await sales.armed();
    const held = await sales.hold(saleId, { quantity: 6 });
    expect(await sales.rebuild(saleId, { committed: 8 })).toBe(-4);
    expect(await sales.place(saleId, {})).toMatchObject([{ kind: 'insufficient_stock', available: 0 }]);
    await releaseHold(sales.redis, saleId, held.holdId);
    expect(await sales.available(saleId)).toBe(2);
  });

  test('makes sense of what is left when keys are damaged (I2, I8)', async () => {
    const saleId = await sales.armed({ allotment: 20 });
    const held = await sales.hold(saleId, { quantity: 2 });
    const pinned = await sales.pinned(saleId, { quantity: 3 });
    const [garbage, stray] = [newHoldId(saleId), newHoldId(saleId)];
    await sales.redis.hset(
      sales.key(saleId, 'holds'),
      holdName(garbage),
      'garbage',
      'not an id',
      'H|x|y',
      '',
      '',
    );
    await sales.redis.del(sales.key(saleId, 'deadlines'), sales.key(saleId, 'leases'));
    await sales.redis.zadd(sales.key(saleId, 'deadlines'), 1, holdName(stray), 2, holdName(garbage));
    await sales.redis.set(sales.key(saleId, 'buyers'), 'a string');
    await sales.redis.hset(sales.key(saleId, 'meta'), 'available', 999);

    expect(await sales.rebuild(saleId, { allotment: 20, committed: 4, baseSeq: 1 })).toBe(20 - 4 - 5);
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({
      available: 11,
      heldUnits: 2,
      pins: [{ holdId: pinned, quantity: 3 }],
    });
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: 0 });
    expect(await pinHold(sales.redis, saleId, held.holdId)).toMatchObject({ kind: 'pinned' });
    await settleHolds(sales.redis, saleId, [{ holdId: garbage, outcome: 'expired' }]);
    for (const holdId of [garbage, stray]) {
      expect(await readHold(sales.redis, saleId, holdId)).toEqual({ kind: 'unknown' });
      expect(await pinHold(sales.redis, saleId, holdId)).toEqual({ kind: 'unknown' });
      expect(await releaseHold(sales.redis, saleId, holdId)).toEqual({ kind: 'unknown' });
    }
    expect(await sales.available(saleId)).toBe(11);
  });
});

describe('out of memory', () => {
  /** Full from the start: the tiniest maxmemory is below what an empty Redis uses. */
  async function whileFull<Result>(work: () => Promise<Result>): Promise<Result> {
    await sales.redis.config('SET', 'maxmemory', '1');
    try {
      return await work();
    } finally {
      await sales.redis.config('SET', 'maxmemory', '0');
    }
  }

  test('a hold is refused whole: nothing is written, and the outcome is "not now"', async () => {
    const saleId = await sales.armed();
    await sales.overdueHold(saleId, { quantity: 8 });
    const before = await sales.photograph(saleId);
    const requests = [holdRequest(saleId, { quantity: 3, keyDigest: 'k' }), holdRequest(saleId)];
    const refusal = await whileFull(() => sales.place(saleId, ...requests).catch((error: unknown) => error));
    expect(refusal).toBeInstanceOf(StoreUnavailable);
    expect(await sales.photograph(saleId)).toEqual(before);
    expect(await sales.place(saleId, ...requests)).toMatchObject([{ kind: 'held' }, { kind: 'held' }]);
  });

  test('a late take is refused whole', async () => {
    const saleId = await sales.armed();
    const before = await sales.photograph(saleId);
    const take = { takeId: newHoldId(saleId), quantity: 1, buyerId: null };
    const refusal = await whileFull(() =>
      takeUnits(sales.redis, saleId, take).catch((error: unknown) => error),
    );
    expect(refusal).toBeInstanceOf(StoreUnavailable);
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  test('what gives units back still works: settling, credits, reaping, releasing (I8)', async () => {
    const saleId = await sales.armed({ committed: 2 });
    const pinned = await sales.pinned(saleId, { quantity: 2 });
    const { holdId } = await sales.hold(saleId);
    await sales.overdueHold(saleId, { quantity: 5 });
    await sales.redis.zadd(sales.key(saleId, 'leases'), 1, holdName(pinned));
    await whileFull(async () => {
      const credit = { id: 1, seq: 1, units: 2, buyerId: null, reason: 'order_expired' as const };
      expect(await applyCredits(sales.redis, saleId, [credit])).toMatchObject({ kind: 'applied' });
      expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: 1 });
      expect(await listOverduePins(sales.redis, saleId, 10)).toMatchObject({ pins: [{ holdId: pinned }] });
      const settled = await settleHolds(sales.redis, saleId, [{ holdId: pinned, outcome: 'expired' }]);
      expect(settled).toMatchObject({ count: 1 });
      expect(await releaseHold(sales.redis, saleId, holdId)).toEqual({ kind: 'released' });
      expect(await readSale(sales.redis, saleId)).toMatchObject({ available: 10 });
    });
  });

  test('a hold in hand is still honoured, and reading and auditing go on (I7)', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId);
    await whileFull(async () => {
      expect(await readHold(sales.redis, saleId, holdId)).toMatchObject({ state: 'held' });
      expect(await auditSale(sales.redis, saleId, [])).toMatchObject({ heldUnits: 1 });
      expect(await pinHold(sales.redis, saleId, holdId)).toMatchObject({ kind: 'pinned' });
    });
  });
});
