import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { HOLD_TTL_MAX_S, HOLDS_LOOKED_AT_MAX, REAP_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { expectEachWord, ScriptSales, type Ways } from '../test/script-sales.ts';
import {
  extendHold,
  listHolds,
  type Extension,
  type HoldPlace,
  type HoldsAsked,
  type ListedHold,
} from './operator-scripts.ts';
import { auditSale, retireSale } from './sale-scripts.ts';
import { releaseHold, reapHolds, settleHolds } from './hold-scripts.ts';
import { holdName } from './hold-name.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

/** One look. */
async function look(saleId: number, asked: Partial<HoldsAsked> = {}) {
  const all = { list: 'held', after: null, limit: 100, state: null, buyerId: null } as const;
  const listed = await listHolds(sales.redis, saleId, { ...all, ...asked });
  if (listed.kind !== 'holds') throw new Error(`sale ${saleId}: ${listed.kind}`);
  return listed;
}

/** Looks until the list is over. */
async function lookThrough(saleId: number, asked: Partial<HoldsAsked> = {}) {
  const holds: ListedHold[] = [];
  let [after, looks]: [HoldPlace | null, number] = [null, 0];
  do {
    const listed = await look(saleId, { ...asked, after });
    holds.push(...listed.holds);
    [after, looks] = [listed.next, looks + 1];
  } while (after !== null);
  return { looks, ids: holds.map(({ holdId }) => holdId), holds };
}

const ids = (holds: readonly { holdId: string }[]) => holds.map(({ holdId }) => holdId);

/** Many holds placed in one step, so that they share their deadline to the millisecond. */
async function crowd(saleId: number, count: number): Promise<string[]> {
  const replies = await sales.place(saleId, ...Array.from({ length: count }, () => ({})));
  return replies.map((reply) => (reply.kind === 'held' ? reply.holdId : ''));
}

describe('list_holds', () => {
  test('comes to each of its words, and writes nothing', async () => {
    const saleId = await sales.armed();
    await sales.hold(saleId);
    await sales.pinned(saleId);
    const before = await sales.photograph(saleId);
    await expectEachWord({
      holds: () => look(saleId),
      not_armed: () =>
        listHolds(sales.redis, sales.newSaleId(), {
          list: 'held',
          after: null,
          limit: 1,
          state: null,
          buyerId: null,
        }),
    });
    for (const list of ['held', 'pinned', 'ended'] as const) await look(saleId, { list });
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  test('lists held holds by their deadline, with the clock that decides', async () => {
    const saleId = await sales.armed();
    const late = await sales.hold(saleId, { ttlMs: 30_000, quantity: 2, buyerId: 'a|b' });
    const soon = await sales.hold(saleId, { ttlMs: 10_000 });
    const pinned = await sales.pinned(saleId, { ttlMs: 20_000 });
    const { holds, nowMs, next } = await look(saleId);
    expect(ids(holds)).toEqual([soon.holdId, late.holdId]);
    expect(holds[1]).toEqual({
      holdId: late.holdId,
      state: 'held',
      quantity: 2,
      deadlineMs: late.deadlineMs,
      listedAtMs: late.deadlineMs,
      buyerId: 'a|b',
    });
    expect([next, nowMs <= (await sales.nowMs()), nowMs > late.deadlineMs - 31_000]).toEqual([
      null,
      true,
      true,
    ]);
    const pins = await look(saleId, { list: 'pinned' });
    expect(pins.holds).toMatchObject([{ holdId: pinned, state: 'pinned' }]);
  });

  test('lists ended holds newest first, as what they became', async () => {
    const saleId = await sales.armed();
    const expired = (await sales.overdueHold(saleId)).holdId;
    await reapHolds(sales.redis, saleId);
    await Bun.sleep(2);
    const released = (await sales.hold(saleId)).holdId;
    await releaseHold(sales.redis, saleId, released);
    await Bun.sleep(2);
    const ordered = await sales.settled(saleId, 'ordered');
    await Bun.sleep(2);
    const lost = await sales.settled(saleId, 'lost');
    const { holds } = await look(saleId, { list: 'ended' });
    expect(holds.map(({ holdId, state }) => [holdId, state])).toEqual([
      [lost, 'lost'],
      [ordered, 'ordered'],
      [released, 'released'],
      [expired, 'expired'],
    ]);
    const onlyReleased = await look(saleId, { list: 'ended', state: 'released' });
    expect(ids(onlyReleased.holds)).toEqual([released]);
  });

  test('never lists a hold as held that is over, and gives its units back on the way (I4)', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.overdueHold(saleId, { quantity: 4 });
    expect((await look(saleId)).holds).toEqual([]);
    expect(await sales.available(saleId)).toBe(10);
    expect((await look(saleId, { list: 'ended' })).holds).toMatchObject([{ holdId, state: 'expired' }]);
  });

  test('ends a bounded number of overdue holds, and calls the rest by what they are', async () => {
    const count = REAP_BATCH_MAX + 50;
    const saleId = await sales.armed({ allotment: count });
    const replies = await sales.place(saleId, ...Array.from({ length: count }, () => ({ ttlMs: 1 })));
    await sales.passed(Math.max(...replies.map((reply) => (reply.kind === 'held' ? reply.deadlineMs : 0))));
    const { holds } = await look(saleId);
    expect([holds.length, new Set(holds.map(({ state }) => state))]).toEqual([50, new Set(['expired'])]);
    expect(await sales.available(saleId)).toBe(REAP_BATCH_MAX);
  });

  test('goes on where it stopped, though many share a millisecond, and loses and repeats none', async () => {
    const count = 150;
    const saleId = await sales.armed({ allotment: count });
    const placed = [...(await crowd(saleId, 75)), ...(await crowd(saleId, 75))];
    for (const limit of [1, 7, 100, count]) {
      const { ids: seen } = await lookThrough(saleId, { limit });
      expect([limit, seen.length, new Set(seen)]).toEqual([limit, count, new Set(placed)]);
    }
    for (const holdId of placed) await releaseHold(sales.redis, saleId, holdId);
    for (const limit of [7, count]) {
      const { ids: seen } = await lookThrough(saleId, { list: 'ended', limit });
      expect([limit, seen.length, new Set(seen)]).toEqual([limit, count, new Set(placed)]);
    }
  });

  test('goes on behind a hold that left the list meanwhile', async () => {
    const saleId = await sales.armed({ allotment: 20 });
    await crowd(saleId, 20);
    const first = await look(saleId, { limit: 10 });
    const rest = (await look(saleId, { after: first.next })).holds;
    await releaseHold(sales.redis, saleId, String(first.next?.holdId));
    expect((await look(saleId, { after: first.next })).holds).toEqual(rest);
    expect(rest).toHaveLength(10);
    const nobody: HoldPlace = { score: 9_999_999_999_999, holdId: newHoldId(saleId) };
    expect(await look(saleId, { after: nobody })).toMatchObject({ holds: [], next: null });
    expect(await look(saleId, { list: 'ended', after: { score: 0, holdId: '' } })).toMatchObject({
      holds: [],
      next: null,
    });
  });

  test('finds the holds of a buyer among those of all others, looking at a bounded number in one call', async () => {
    const count = HOLDS_LOOKED_AT_MAX + 100;
    const saleId = await sales.armed({ allotment: count + 3 });
    const first = await sales.hold(saleId, { buyerId: 'ann', ttlMs: 50_000 });
    for (let placed = 0; placed < count; placed += 100) await crowd(saleId, 100);
    const last = await sales.hold(saleId, { buyerId: 'ann', ttlMs: 70_000 });
    await sales.hold(saleId, { buyerId: 'anna', ttlMs: 70_000 });
    const bounded = await look(saleId, { buyerId: 'ann' });
    expect(ids(bounded.holds)).toEqual([first.holdId]);
    expect(bounded.next).not.toBeNull();
    const { ids: found, looks } = await lookThrough(saleId, { buyerId: 'ann' });
    expect([found, looks]).toEqual([[first.holdId, last.holdId], 2]);
    expect((await lookThrough(saleId, { state: 'pinned' })).ids).toEqual([]);
  });

  test('still answers in a sale that was retired, until its keys are gone', async () => {
    const saleId = await sales.armed();
    const ordered = await sales.settled(saleId, 'ordered');
    expect(await retireSale(sales.redis, saleId)).toEqual({ kind: 'retired' });
    expect((await look(saleId, { list: 'ended' })).holds).toMatchObject([{ holdId: ordered }]);
  });
});

describe('extend_hold', () => {
  const MAX_MS = HOLD_TTL_MAX_S * 1_000;

  test('comes to each of its words, and changes nothing when it refuses', async () => {
    const lossy = await sales.armed({ lossRememberedMs: 60_000 });
    const refused = async (prepare: (saleId: number) => Promise<string>, saleId?: number) => {
      const ofSale = saleId ?? (await sales.armed());
      const holdId = await prepare(ofSale);
      const before = await sales.photograph(ofSale);
      const reply = await extendHold(sales.redis, ofSale, holdId, 1_000);
      expect(await sales.photograph(ofSale)).toEqual(before);
      return reply;
    };
    const ways: Ways<Extension['kind']> = {
      not_armed: () => refused(async (saleId) => newHoldId(saleId), sales.newSaleId()),
      unknown: () => refused(async (saleId) => newHoldId(saleId)),
      lost: () => refused(async (saleId) => newHoldId(saleId), lossy),
      pinned: () => refused((saleId) => sales.pinned(saleId)),
      ordered: () => refused((saleId) => sales.settled(saleId, 'ordered')),
      released: () => refused((saleId) => sales.settled(saleId, 'released')),
      expired: () => refused(async (saleId) => (await sales.overdueHold(saleId)).holdId),
      extended: async () => {
        const saleId = await sales.armed();
        return extendHold(sales.redis, saleId, (await sales.hold(saleId)).holdId, 1_000);
      },
    };
    await expectEachWord(ways);
  });

  test('moves the deadline, and nothing else of the hold and the sale (I2)', async () => {
    const saleId = await sales.armed({ buyerLimit: 5 });
    const { holdId, deadlineMs } = await sales.hold(saleId, { quantity: 3, buyerId: 'a|b', keyDigest: 'k' });
    const record = () => sales.redis.hget(sales.key(saleId, 'holds'), holdName(holdId));
    const before = String(await record());
    const extended = await extendHold(sales.redis, saleId, holdId, 5_000);
    expect(extended).toMatchObject({ wasMs: deadlineMs, deadlineMs: deadlineMs + 5_000 });
    expect(String(await record())).toBe(before.replace(String(deadlineMs), String(deadlineMs + 5_000)));
    expect(await sales.redis.zscore(sales.key(saleId, 'deadlines'), holdName(holdId))).toBe(
      String(deadlineMs + 5_000),
    );
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({
      available: 7,
      heldUnits: 3,
      unlistedHolds: 0,
    });
  });

  test('is honoured: the hold outlives its first deadline (I7)', async () => {
    const saleId = await sales.armed();
    const { holdId, deadlineMs } = await sales.hold(saleId, { ttlMs: 40 });
    expect(await extendHold(sales.redis, saleId, holdId, 10_000)).toMatchObject({ kind: 'extended' });
    await sales.passed(deadlineMs);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ count: 0 });
    expect(ids((await look(saleId)).holds)).toEqual([holdId]);
  });

  test('never reaches beyond the longest hold, so that a rebuild leaves the deadline alone', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId, { ttlMs: MAX_MS - 1_000 });
    for (let i = 0; i < 3; i += 1) {
      const extended = await extendHold(sales.redis, saleId, holdId, MAX_MS);
      if (extended.kind !== 'extended') throw new Error(extended.kind);
      expect(extended.deadlineMs).toBe(extended.nowMs + MAX_MS);
    }
    const deadlineOf = async () => (await look(saleId)).holds[0]?.deadlineMs;
    const before = await deadlineOf();
    await sales.rebuild(saleId);
    expect(await deadlineOf()).toBe(Number(before));
  });

  test('never shortens, though the clock was set back under the hold', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId);
    const ahead = (await sales.nowMs()) + MAX_MS + 60_000;
    await sales.redis.hset(sales.key(saleId, 'holds'), holdName(holdId), `H|1|${ahead}||`);
    await sales.redis.zadd(sales.key(saleId, 'deadlines'), ahead, holdName(holdId));
    expect(await extendHold(sales.redis, saleId, holdId, 1)).toMatchObject({ deadlineMs: ahead });
  });

  test('does not bring a hold back that SQL has decided (I3)', async () => {
    const saleId = await sales.armed();
    const holdId = await sales.pinned(saleId);
    await settleHolds(sales.redis, saleId, [{ holdId, outcome: 'expired' }]);
    expect(await extendHold(sales.redis, saleId, holdId, 1_000)).toEqual({ kind: 'expired' });
    expect(await sales.available(saleId)).toBe(10);
  });
});
