import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ENDED_HOLD_KEPT_MS } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { expectEachWord, holdRequest, ScriptSales, type Ways } from '../test/script-sales.ts';
import { chanceOf, seedFrom } from '../test/seeded.ts';
import { appendEvents } from './event-scripts.ts';
import { applyCredits, auditSale, readSale, retireSale } from './sale-scripts.ts';
import {
  listOverduePins,
  pinHold,
  readHold,
  reapHolds,
  releaseHold,
  settleHolds,
  takeUnits,
  type HoldRecord,
} from './hold-scripts.ts';
import { placeHolds, type HoldReply, type HoldRequest } from './placement-scripts.ts';
import { holdName } from './hold-name.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

/** What an armed sale may be asked. Each must refuse alike when the sale is not armed. */
const ASK: Record<string, (saleId: number, holdId: string) => Promise<{ kind: string }>> = {
  place_holds: (saleId) => placeHolds(sales.redis, saleId, [holdRequest(saleId)]),
  read_hold: (saleId, holdId) => readHold(sales.redis, saleId, holdId),
  release_hold: (saleId, holdId) => releaseHold(sales.redis, saleId, holdId),
  pin_hold: (saleId, holdId) => pinHold(sales.redis, saleId, holdId),
  take_units: (saleId) => takeUnits(sales.redis, saleId, aTake(saleId)),
  settle_holds: (saleId, holdId) => settleHolds(sales.redis, saleId, [{ holdId, outcome: 'expired' }]),
  list_overdue_pins: (saleId) => listOverduePins(sales.redis, saleId, 10),
  reap_holds: (saleId) => reapHolds(sales.redis, saleId),
  apply_credits: (saleId) =>
    applyCredits(sales.redis, saleId, [{ id: 1, seq: 9, units: 1, buyerId: null, reason: 'order_expired' }]),
  read_sale: (saleId) => readSale(sales.redis, saleId),
  audit_sale: (saleId) => auditSale(sales.redis, saleId, []),
  retire_sale: (saleId) => retireSale(sales.redis, saleId),
  append_events: (saleId) => appendEvents(sales.redis, saleId, ['{}']),
};

function aTake(saleId: number, quantity = 1, buyerId: string | null = null) {
  return { takeId: newHoldId(saleId), quantity, buyerId };
}

describe('an unarmed sale', () => {
  for (const [script, ask] of Object.entries(ASK)) {
    test(`${script} decides nothing and writes nothing for another Redis process, or without meta`, async () => {
      const saleId = await sales.armed();
      const { holdId } = await sales.overdueHold(saleId);
      await sales.redis.hset(sales.key(saleId, 'meta'), 'armed_life', 'another process');
      const before = await sales.photograph(saleId);
      expect(await ask(saleId, holdId)).toEqual({ kind: 'not_armed' });
      expect(await sales.photograph(saleId)).toEqual(before);

      await sales.redis.del(sales.key(saleId, 'meta'));
      const emptied = await sales.photograph(saleId);
      expect(await ask(saleId, holdId)).toEqual({ kind: 'not_armed' });
      expect(await sales.photograph(saleId)).toEqual(emptied);
    });
  }
});

describe('place_holds', () => {
  test('comes to each of its words', async () => {
    const first = async (saleId: number, request: Partial<HoldRequest> = {}) =>
      (await sales.place(saleId, request))[0];
    const ways: Ways<HoldReply['kind']> = {
      too_many_requests: async () => {
        const saleId = await sales.armed({ buyerRate: 1 });
        const asker = { buyer: 'b', address: null };
        await first(saleId, { asker });
        return first(saleId, { asker });
      },
      held: async () => first(await sales.armed()),
      replayed: async () => {
        const saleId = await sales.armed();
        await first(saleId, { keyDigest: 'key', fingerprint: 'a' });
        return first(saleId, { keyDigest: 'key', fingerprint: 'a' });
      },
      key_reused: async () => {
        const saleId = await sales.armed();
        await first(saleId, { keyDigest: 'key', fingerprint: 'a' });
        return first(saleId, { keyDigest: 'key', fingerprint: 'b' });
      },
      not_open: async () => first(await sales.armed({ opensAtMs: Date.now() + 60_000 })),
      paused: async () => first(await sales.armed({ state: 'paused' })),
      ended: async () => first(await sales.armed({ state: 'draining' })),
      buyer_needed: async () => first(await sales.armed({ buyerLimit: 2 })),
      buyer_limit_reached: async () =>
        first(await sales.armed({ buyerLimit: 2 }), { quantity: 3, buyerId: 'b' }),
      insufficient_stock: async () => first(await sales.armed({ allotment: 2 }), { quantity: 3 }),
    };
    await expectEachWord(ways);
    // Two more states that close a sale, and its window.
    expect(await first(await sales.armed({ state: 'halted' }))).toEqual({ kind: 'paused' });
    expect(await first(await sales.armed({ state: 'ended' }))).toEqual({ kind: 'ended' });
    expect(await first(await sales.armed({ closesAtMs: Date.now() - 1 }))).toEqual({ kind: 'ended' });
  });

  test('sent again answers the same hold ids as the first time and takes nothing (I4)', async () => {
    const saleId = await sales.armed();
    const requests = [
      holdRequest(saleId, { quantity: 2, buyerId: 'b', keyDigest: 'k' }),
      holdRequest(saleId),
    ];
    const first = await sales.place(saleId, ...requests);
    const before = await sales.photograph(saleId);
    const again = await sales.place(saleId, ...requests);
    expect(again.map(({ kind }) => kind)).toEqual(['held', 'held']);
    expect(again.map(deadlineOf)).toEqual(first.map(deadlineOf));
    expect(await sales.photograph(saleId)).toEqual(before);
  });

  const seed = seedFrom('SCRIPTS_SEED');
  test(`decides a batch as it decides the same requests one by one (seed ${seed})`, async () => {
    const chance = chanceOf(seed);
    for (let round = 0; round < 20; round += 1) {
      const facts = { allotment: chance.integer(5, 40), buyerLimit: chance.pick([null, 3, 6]) };
      const [atOnce, oneByOne] = [await sales.armed(facts), await sales.armed(facts)];
      const requests = Array.from({ length: 40 }, () => ({
        quantity: chance.integer(1, 4),
        buyerId: chance.pick(['ann', 'bob', 'cleo', 'dan', 'a|b', null]),
        keyDigest: chance.pick(['k1', 'k2', 'k3', null, null, null]),
        fingerprint: chance.pick(['f1', 'f1', 'f2']),
      }));
      const batch = await sales.place(atOnce, ...requests);
      const singles: HoldReply[] = [];
      for (const request of requests) singles.push(...(await sales.place(oneByOne, request)));
      expect(batch.map(gist)).toEqual(singles.map(gist));
      expect(await sales.available(atOnce)).toBe(await sales.available(oneByOne));
    }
  });

  test('ends overdue holds itself when units are short, exactly as many as are needed (I4)', async () => {
    const saleId = await sales.armed({ allotment: 6 });
    for (let i = 0; i < 6; i += 1) await sales.overdueHold(saleId);
    expect(await sales.place(saleId, { quantity: 4 })).toMatchObject([{ kind: 'held' }]);
    expect(await sales.redis.zcard(sales.key(saleId, 'ended'))).toBe(4);
    expect(await auditSale(sales.redis, saleId, [])).toMatchObject({ available: 0, heldUnits: 6 });
  });

  test('does not stop a buyer by a hold of their own that is over', async () => {
    const saleId = await sales.armed({ buyerLimit: 2 });
    await sales.overdueHold(saleId, { quantity: 2, buyerId: 'ann' });
    expect(await sales.place(saleId, { quantity: 2, buyerId: 'ann' })).toMatchObject([{ kind: 'held' }]);
    expect(await sales.place(saleId, { buyerId: 'ann' })).toEqual([
      { kind: 'buyer_limit_reached', limit: 2, units: 2 },
    ]);
  });

  test('makes one hold per idempotency key in one batch, even when the key still names a hold that is gone', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.hold(saleId, { keyDigest: 'k', fingerprint: 'f' });
    await sales.redis.hdel(sales.key(saleId, 'holds'), holdName(holdId));
    const request = { keyDigest: 'k', fingerprint: 'f' };
    const replies = await sales.place(saleId, request, request, request);
    expect(replies.map(({ kind }) => kind)).toEqual(['held', 'replayed', 'replayed']);
  });

  test('forgets an idempotency key together with its hold', async () => {
    const saleId = await sales.armed();
    const request = { keyDigest: 'k', fingerprint: 'f' };
    const { holdId } = await sales.hold(saleId, request);
    await releaseHold(sales.redis, saleId, holdId);
    expect(await sales.place(saleId, request)).toMatchObject([{ kind: 'replayed', holdId }]);
    await endedLongAgo(saleId, holdId);
    expect(await reapHolds(sales.redis, saleId)).toMatchObject({ forgotten: 1 });
    expect(await sales.redis.exists(sales.key(saleId, 'holds'), sales.key(saleId, 'idempotency'))).toBe(0);
    expect(await sales.place(saleId, request)).toMatchObject([{ kind: 'held' }]);
  });
});

describe('a deadline', () => {
  test('is exact to the millisecond: before it the hold is held, at it the hold is over (I7)', async () => {
    const saleId = await sales.armed({ allotment: 1_000 });
    await hitting(async () => {
      const { holdId, deadlineMs } = await sales.hold(saleId, { ttlMs: 12 });
      const looks: HoldRecord[] = [];
      while (!looks.some((look) => look.kind === 'hold' && look.nowMs > deadlineMs)) {
        const burst = Array.from({ length: 50 }, () => readHold(sales.redis, saleId, holdId));
        looks.push(...(await Promise.all(burst)));
      }
      const isExact = looks.every(
        (look) => look.kind === 'hold' && (look.state === 'held') === look.nowMs < deadlineMs,
      );
      expect(isExact).toBe(true);
      return looks.some((look) => look.kind === 'hold' && look.nowMs === deadlineMs);
    });
  });

  test('gives the unit to the next buyer in the very same millisecond', async () => {
    await hitting(async () => {
      const saleId = await sales.armed({ allotment: 1 });
      const { deadlineMs } = await sales.hold(saleId, { ttlMs: 12 });
      const replies: HoldReply[] = [];
      while (!replies.some(({ kind }) => kind === 'held')) {
        const burst = Array.from({ length: 50 }, () => sales.place(saleId, {}));
        replies.push(...(await Promise.all(burst)).flat());
      }
      const refusals = replies.slice(
        0,
        replies.findIndex(({ kind }) => kind === 'held'),
      );
      const isEarly = refusals.every(
        (reply) => reply.kind === 'insufficient_stock' && reply.nowMs < deadlineMs,
      );
      expect(isEarly).toBe(true);
      const winner = replies.find((reply) => reply.kind === 'held');
      expect(winner?.nowMs).toBeGreaterThanOrEqual(deadlineMs);
      return winner?.nowMs === deadlineMs;
    });
  });
});

describe('read_hold', () => {
  test('comes to each of its words and states', async () => {
    const saleId = await sales.armed();
    const lossy = await sales.armed({ lossRememberedMs: 60_000 });
    const ways: Ways<Exclude<HoldRecord['kind'], 'not_armed'>> = {
      unknown: () => readHold(sales.redis, saleId, newHoldId(saleId)),
      lost: () => readHold(sales.redis, lossy, newHoldId(lossy)),
      hold: async () => readHold(sales.redis, saleId, (await sales.hold(saleId)).holdId),
    };
    await expectEachWord(ways);
    const states = [];
    for (const end of ENDS) states.push(await readHold(sales.redis, saleId, await end(saleId)));
    expect(states).toMatchObject([
      { state: 'pinned' },
      { state: 'ordered' },
      { state: 'released' },
      { state: 'expired' },
      { state: 'expired' },
      { kind: 'lost' },
    ]);
  });

  test('sent again reads the same and writes nothing', async () => {
    const saleId = await sales.armed();
    const { holdId } = await sales.overdueHold(saleId);
    const before = await sales.photograph(saleId);
    for (let i = 0; i < 2; i += 1) {
      expect(await readHold(sales.redis, saleId, holdId)).toMatchObject({ state: 'expired', quantity: 1 });
    }
    expect(await sales.photograph(saleId)).toEqual(before);
  });
});

/** A hold in each state that is not held. */
const ENDS: ((saleId: number) => Promise<string>)[] = [
  (saleId) => sales.pinned(saleId),
  (saleId) => sales.settled(saleId, 'ordered'),
  async (saleId) => {
    const { holdId } = await sales.hold(saleId);
    await releaseHold(sales.redis, saleId, holdId);
    return holdId;
  },
  async (saleId) => (await sales.overdueHold(saleId)).holdId,
  (saleId) => sales.settled(saleId, 'expired'),
  (saleId) => sales.settled(saleId, 'lost'),
];

function endedLongAgo(saleId: number, holdId: string) {
  return sales.redis.zadd(
    sales.key(saleId, 'ended'),
    Date.now() - ENDED_HOLD_KEPT_MS - 1_000,
    holdName(holdId),
  );
}

function deadlineOf(reply: HoldReply): number | null {
  return 'deadlineMs' in reply ? reply.deadlineMs : null;
}

/** What a reply says apart from ids and times. */
function gist(reply: HoldReply): unknown {
  if (reply.kind === 'insufficient_stock') return [reply.kind, reply.available];
  return reply.kind === 'buyer_limit_reached' ? [reply.kind, reply.limit, reply.units] : reply.kind;
}

/** A busy machine may skip the one millisecond that matters: what must hold is checked each time. */
async function hitting(attempt: () => Promise<boolean>): Promise<void> {
  for (let attempts = 0; attempts < 50; attempts += 1) if (await attempt()) return;
  throw new Error('no look in 50 attempts fell into the millisecond of the deadline');
}
