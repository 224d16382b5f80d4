import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENDED_HOLD_KEPT_MS, PIN_LEASE_MS, REAP_PIECE_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { applyCredits, auditSale, readSale, retireSale } from '../redis/sale-scripts.ts';
import {
  listOverduePins,
  pinHold,
  readHold,
  reapHolds,
  releaseHold,
  settleHolds,
  takeUnits,
  type Pin,
  type Take,
} from '../redis/hold-scripts.ts';
import { expectEachWord, ScriptSales, type Ways } from './script-sales.ts';
import { holdName } from '../redis/hold-name.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

describe('pin_hold', () => {
  test('comes to each of its words', async () => {
    const saleId = await sales.armed();
    const lossy = await sales.armed({ lossRememberedMs: 60_000 });
    const pin = async (ofSale: number, holdId: string) => pinHold(sales.redis, ofSale, holdId);
    const ways: Ways<Exclude<Pin['kind'], 'not_armed'>> = {
      pinned: async () => pin(saleId, (await sales.hold(saleId)).holdId),
      unknown: () => pin(saleId, newHoldId(saleId)),
      lost: () => pin(lossy, newHoldId(lossy)),
      halted: async () => {
        const halting = await sales.armed();
        const { holdId } = await sales.hold(halting);
        await sales.rebuild(halting, { state: 'halted' });
        return pin(halting, holdId);
      },
      ordered: async () => pin(saleId, await sales.settled(saleId, 'ordered')),
      released: async () => {
        const { holdId } = await sales.hold(saleId);
        await releaseHold(sales.redis, saleId, holdId);
        return pin(saleId, holdId);
      },
      expired: async () => pin(saleId, (await sales.overdueHold(saleId)).holdId),
    };
    await expectEachWord(ways);
  });

  test('says whose units they are, how many, and the epoch that vouches for them', async () => {
    const saleId = await sales.armed({ epoch: 77 });
    const { holdId } = await sales.hold(saleId, { quantity: 3, buyerId: 'a|b' });
    const pinned = { kind: 'pinned', quantity: 3, epoch: 77, buyerId: 'a|b' } as const;
    expect(await pinHold(sales.redis, saleId, holdId)).toEqual(pinned);
    expect(await pinHold(sales.redis, saleId, holdId)).toEqual(pinned);
  });

  test('too late gives the units back once (I4)', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.overdueHold(saleId, { quantity: 4 });
    for (let i = 0; i < 2; i += 1) {
      expect(await pinHold(sales.redis, saleId, holdId)).toEqual({ kind: 'expired' });
      expect(await sales.available(saleId)).toBe(10);
    }
  });

  test('keeps a hold beyond its deadline: nothing but an outcome ends it (I3)', async () => {
    const saleId = await sales.armed();
    const { holdId, deadlineMs } = await sales.hold(saleId, { quantity: 4, ttlMs: 20 });
    await pinHold(sales.redis, saleId, holdId);
    await sales.passed(deadlineMs);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: 0 });
    expect(await releaseHold(sales.redis, saleId, holdId)).toEqual({ kind: 'pinned' });
    expect(await sales.place(saleId, { quantity: 7 })).toMatchObject([{ kind: 'insufficient_stock' }]);
    expect(await pinHold(sales.redis, saleId, holdId)).toMatchObject({ kind: 'pinned' });
    expect(await sales.available(saleId)).toBe(6);
  });

  test('repeated cannot keep units beyond the deadline and one lease', async () => {
    const saleId = await sales.armed();
    const { holdId, deadlineMs } = await sales.hold(saleId, { ttlMs: 20 });
    const leaseEnd = async () =>
      Number(await sales.redis.zscore(sales.key(saleId, 'leases'), holdName(holdId)));
    await pinHold(sales.redis, saleId, holdId);
    expect(await leaseEnd()).toBeLessThan(deadlineMs + PIN_LEASE_MS);
    await sales.passed(deadlineMs);
    for (let i = 0; i < 3; i += 1) {
      await pinHold(sales.redis, saleId, holdId);
      expect(await leaseEnd()).toBe(deadlineMs + PIN_LEASE_MS);
    }
  });
});

describe('release_hold', () => {
  test('comes to each of its words, and to the same one again, with every unit counted once (I4)', async () => {
    const lossy = await sales.armed({ lossRememberedMs: 60_000 });
    const released = async (prepare: (saleId: number) => Promise<string>, saleId?: number) => {
      const ofSale = saleId ?? (await sales.armed());
      const holdId = await prepare(ofSale);
      const first = await releaseHold(sales.redis, ofSale, holdId);
      const after = await sales.photograph(ofSale);
      expect(await releaseHold(sales.redis, ofSale, holdId)).toEqual(first);
      expect(await sales.photograph(ofSale)).toEqual(after);
      const sums = await auditSale(sales.redis, ofSale, []);
      if (sums.kind === 'not_armed') throw new Error('not armed');
      const promised = sums.available + sums.heldUnits + sums.pins.length;
      expect(promised).toBe(first.kind === 'ordered' ? 9 : 10);
      return first;
    };
    const ways: Ways<Exclude<Awaited<ReturnType<typeof releaseHold>>['kind'], 'not_armed'>> = {
      unknown: () => released(async (saleId) => newHoldId(saleId)),
      lost: () => released(async (saleId) => newHoldId(saleId), lossy),
      released: () => released(async (saleId) => (await sales.hold(saleId)).holdId),
      expired: () => released(async (saleId) => (await sales.overdueHold(saleId)).holdId),
      pinned: () => released((saleId) => sales.pinned(saleId)),
      ordered: () => released((saleId) => sales.settled(saleId, 'ordered')),
    };
    await expectEachWord(ways);
  });
});

describe('settle_holds', () => {
  test('ends a hold once that comes twice in one call (I4)', async () => {
    const saleId = await sales.armed({ buyerLimit: 5 });
    const holdId = await sales.pinned(saleId, { quantity: 4, buyerId: 'ann' });
    const twice = [
      { holdId, outcome: 'released' },
      { holdId, outcome: 'released' },
    ] as const;
    expect(await settleHolds(sales.redis, saleId, twice)).toEqual({ kind: 'settled', count: 1 });
    expect(await sales.available(saleId)).toBe(10);
    expect(await sales.redis.exists(sales.key(saleId, 'buyers'))).toBe(0);
  });

  test('ends each hold once, whatever it is told afterwards (I3, I4)', async () => {
    const saleId = await sales.armed();
    const [sold, given] = [await sales.pinned(saleId, { quantity: 2 }), await sales.pinned(saleId)];
    const outcomes = [
      { holdId: sold, outcome: 'ordered' },
      { holdId: given, outcome: 'expired' },
    ] as const;
    expect(await settleHolds(sales.redis, saleId, outcomes)).toEqual({ kind: 'settled', count: 2 });
    expect(await sales.available(saleId)).toBe(8);
    const before = await sales.photograph(saleId);
    expect(await settleHolds(sales.redis, saleId, outcomes)).toEqual({ kind: 'settled', count: 0 });
    const others = [
      { holdId: sold, outcome: 'lost' },
      { holdId: given, outcome: 'ordered' },
      { holdId: newHoldId(saleId), outcome: 'expired' },
    ] as const;
    expect(await settleHolds(sales.redis, saleId, others)).toEqual({ kind: 'settled', count: 0 });
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  test('ends a hold that Redis believes unpinned: SQL has decided', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId, { buyerId: 'ann' });
    await settleHolds(sales.redis, saleId, [{ holdId, outcome: 'lost' }]);
    expect(await readHold(sales.redis, saleId, holdId)).toEqual({ kind: 'lost' });
    expect(await sales.available(saleId)).toBe(10);
    expect(await sales.redis.hget(sales.key(saleId, 'buyers'), 'ann')).toBeNull();
  });
});

describe('list_overdue_pins', () => {
  test('gives each pin to one settler, and again when the prolonged lease is over', async () => {
    const saleId = await sales.armed({ epoch: 1_000 });
    const holdIds: string[] = [
      await sales.pinned(saleId),
      await sales.pinned(saleId),
      await sales.pinned(saleId),
    ];
    expect(await listOverduePins(sales.redis, saleId, 10)).toMatchObject({ pins: [] });
    await endLeases(saleId);
    const first = await listOverduePins(sales.redis, saleId, 2);
    const second = await listOverduePins(sales.redis, saleId, 2);
    if (first.kind !== 'overdue' || second.kind !== 'overdue') throw new Error('not armed');
    expect([first.pins.length, second.pins.length]).toEqual([2, 1]);
    expect([...first.pins, ...second.pins].map(({ holdId }) => holdId).sort()).toEqual(holdIds.toSorted());
    expect(await listOverduePins(sales.redis, saleId, 2)).toMatchObject({ pins: [] });
    await endLeases(saleId);
    expect(await listOverduePins(sales.redis, saleId, 10)).toMatchObject({ pins: [{}, {}, {}] });
  });
});

async function endLeases(saleId: number): Promise<void> {
  const leases = sales.key(saleId, 'leases');
  for (const holdId of await sales.members(saleId, 'leases')) {
    await sales.redis.zadd(leases, 1, holdName(holdId));
  }
}

describe('reap_holds', () => {
  test('takes a bounded bite, and the next one finds the rest (I4)', async () => {
    const count = REAP_PIECE_MAX + 20;
    const saleId = await sales.armed({ allotment: count });
    const replies = await sales.place(saleId, ...Array.from({ length: count }, () => ({ ttlMs: 1 })));
    await sales.passed(Math.max(...replies.map((reply) => (reply.kind === 'held' ? reply.deadlineMs : 0))));
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: REAP_PIECE_MAX, isMore: true });
    expect(await sales.available(saleId)).toBe(REAP_PIECE_MAX);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: 20, isMore: false });
    expect(await reapHolds(sales.redis, saleId)).toEqual({
      kind: 'reaped',
      count: 0,
      lagMs: 0,
      forgotten: 0,
      isMore: false,
    });
    expect(await sales.available(saleId)).toBe(count);
  });

  test('says how late it came, and returns the units of the buyer', async () => {
    const saleId = await sales.armed({ buyerLimit: 5 });
    const { deadlineMs } = await sales.overdueHold(saleId, { quantity: 5, buyerId: 'ann' });
    await sales.passed(deadlineMs + 20);
    const reaped = await reapHolds(sales.redis, saleId);
    expect(reaped).toMatchObject({ kind: 'reaped', count: 1 });
    expect(reaped.kind === 'reaped' && reaped.lagMs).toBeGreaterThanOrEqual(20);
    expect(await sales.redis.exists(sales.key(saleId, 'buyers'))).toBe(0);
  });

  test('remembers an ended hold as long as promised, and then forgets it', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId);
    await releaseHold(sales.redis, saleId, holdId);
    const endedAt = (agoMs: number) =>
      sales.redis.zadd(sales.key(saleId, 'ended'), Date.now() - agoMs, holdName(holdId));
    await endedAt(ENDED_HOLD_KEPT_MS - 5_000);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ forgotten: 0 });
    await endedAt(ENDED_HOLD_KEPT_MS);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ forgotten: 1 });
    expect(await readHold(sales.redis, saleId, holdId)).toEqual({ kind: 'unknown' });
    expect(await sales.available(saleId)).toBe(10);
  });
});

describe('apply_credits', () => {
  test('applies a credit above the base once, and none that the snapshot had counted (I4)', async () => {
    const saleId = await sales.armed({ committed: 8, baseSeq: 5, buyers: [{ buyerId: 'ann', units: 3 }] });
    const credits = [
      { id: 1, seq: 4, units: 1, buyerId: 'ann', reason: 'order_expired' as const },
      { id: 2, seq: 5, units: 1, buyerId: 'ann', reason: 'order_expired' as const },
      { id: 3, seq: 6, units: 3, buyerId: 'ann', reason: 'order_expired' as const },
      { id: 4, seq: 7, units: 2, buyerId: null, reason: 'order_expired' as const },
    ];
    for (let i = 0; i < 3; i += 1) {
      expect(await applyCredits(sales.redis, saleId, credits)).toMatchObject({ kind: 'applied' });
      expect(await sales.available(saleId)).toBe(2 + 5);
      expect(await sales.redis.exists(sales.key(saleId, 'buyers'))).toBe(0);
    }
  });

  test('of a restock raises the allotment too, once', async () => {
    const saleId = await sales.armed({ baseSeq: 5 });
    const restock = { id: 1, seq: 6, units: 3, buyerId: null, reason: 'restock' as const };
    for (let i = 0; i < 2; i += 1) {
      await applyCredits(sales.redis, saleId, [restock]);
      expect(await readSale(sales.redis, saleId)).toMatchObject({ allotment: 13, available: 13 });
    }
  });

  test('says at which epoch, so that an old Redis cannot acknowledge', async () => {
    const saleId = await sales.armed({ epoch: 2_000 });
    expect(await applyCredits(sales.redis, saleId, [])).toEqual({ kind: 'applied', epoch: 2_000 });
  });
});

describe('take_units', () => {
  const take = (
    saleId: number,
    quantity: number,
    buyerId: string | null = null,
    takeId = newHoldId(saleId),
  ) => takeUnits(sales.redis, saleId, { takeId, quantity, buyerId });

  test('comes to each of its words', async () => {
    const ways: Ways<Exclude<Take['kind'], 'not_armed'>> = {
      taken: async () => take(await sales.armed({ state: 'draining' }), 10),
      closed: async () => take(await sales.armed({ state: 'halted' }), 1),
      insufficient_stock: async () => take(await sales.armed(), 11),
      buyer_limit_reached: async () => take(await sales.armed({ buyerLimit: 2 }), 3, 'ann'),
      over: async () => {
        const saleId = await sales.armed();
        return take(saleId, 1, null, await sales.settled(saleId, 'expired'));
      },
    };
    await expectEachWord(ways);
    expect(await take(await sales.armed({ state: 'ended' }), 1)).toEqual({ kind: 'closed' });
  });

  test('again with the same id takes nothing more (I4)', async () => {
    const saleId = await sales.armed({ buyerLimit: 4 });
    const takeId = newHoldId(saleId);
    const first = await take(saleId, 3, 'ann', takeId);
    const before = await sales.photograph(saleId);
    expect(await take(saleId, 3, 'ann', takeId)).toEqual(first);
    expect(await sales.photograph(saleId)).toEqual(before);
    expect(await sales.available(saleId)).toBe(7);
  });

  test('takes no unit that a living hold was promised, but those of holds that are over', async () => {
    const saleId = await sales.armed();
    await sales.hold(saleId, { quantity: 6 });
    await sales.overdueHold(saleId, { quantity: 4 });
    expect(await take(saleId, 5)).toEqual({ kind: 'insufficient_stock', available: 4 });
    expect(await take(saleId, 4)).toMatchObject({ kind: 'taken' });
    expect(await sales.available(saleId)).toBe(0);
  });

  test('left alone returns its units when the settler finds no outcome', async () => {
    const saleId = await sales.armed({ buyerLimit: 4 });
    const takeId = newHoldId(saleId);
    await take(saleId, 4, 'ann', takeId);
    await endLeases(saleId);
    const overdue = await listOverduePins(sales.redis, saleId, 10);
    if (overdue.kind !== 'overdue') throw new Error('not armed');
    expect(overdue.pins.map(({ holdId }) => holdId)).toEqual([takeId]);
    expect(overdue.pins[0]?.deadlineMs).toBeLessThanOrEqual(overdue.nowMs);
    await settleHolds(sales.redis, saleId, [{ holdId: takeId, outcome: 'expired' }]);
    expect(await sales.available(saleId)).toBe(10);
    expect(await sales.redis.exists(sales.key(saleId, 'buyers'))).toBe(0);
  });
});

describe('read_sale', () => {
  test('says the truth without any worker: holds that are over are counted as over', async () => {
    const saleId = await sales.armed({ epoch: 3_000, closesAtMs: 9_999_999_999_999 });
    await sales.overdueHold(saleId, { quantity: 2 });
    await sales.hold(saleId, { quantity: 3 });
    await sales.pinned(saleId, { quantity: 4 });
    const seen = { epoch: 3_000, state: 'live', allotment: 10, available: 3, holds: 1, pins: 1 } as const;
    expect(await readSale(sales.redis, saleId)).toMatchObject(seen);
    expect(await readSale(sales.redis, saleId)).toMatchObject({ ...seen, closesAtMs: 9_999_999_999_999 });
  });
});

describe('retire_sale', () => {
  test('waits for the last hold and pin, and then lets every key go, once', async () => {
    const saleId = await sales.armed({ buyerLimit: 10 });
    const { holdId } = await sales.hold(saleId, { buyerId: 'ann', keyDigest: 'k' });
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'busy' });
    await pinHold(sales.redis, saleId, holdId);
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'busy' });
    await settleHolds(sales.redis, saleId, [{ holdId, outcome: 'ordered' }]);
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'retired' });

    const keys = await sales.keysOf(saleId);
    for (const key of keys) await sales.redis.pexpire(key, 5_000);
    expect(keys.length).toBeGreaterThanOrEqual(4);
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'retired' });
    for (const key of keys) expect(await sales.redis.pttl(key)).toBeLessThanOrEqual(5_000);
    expect(await readHold(sales.redis, saleId, holdId)).toMatchObject({ state: 'ordered' });
    expect(await sales.place(saleId, { buyerId: 'ann' })).toEqual([{ kind: 'ended' }]);
  });

  test('leaves no key without an end', async () => {
    const saleId = await sales.armed({ buyers: [{ buyerId: 'ann', units: 2 }], committed: 2, baseSeq: 1 });
    await sales.settled(saleId, 'expired');
    await sales.settled(saleId, 'ordered');
    await applyCredits(sales.redis, saleId, [
      { id: 1, seq: 2, units: 1, buyerId: 'ann', reason: 'order_expired' as const },
    ]);
    await retireSale(sales.redis, saleId);
    for (const key of await sales.keysOf(saleId)) {
      const leftMs = await sales.redis.pttl(key);
      expect([key, leftMs > 0 && leftMs <= ENDED_HOLD_KEPT_MS]).toEqual([key, true]);
    }
  });
});
