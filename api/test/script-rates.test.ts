/** How often somebody may ask for holds, as place_holds counts it. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { RATE_WINDOW_MS } from '@flash-sale/shared/limits.ts';
import type { Asker, HoldReply } from '../redis/placement-scripts.ts';
import { ScriptSales } from './script-sales.ts';
import { until } from './until.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

const ann: Asker = { buyer: 'ann', address: null };
const bob: Asker = { buyer: 'bob', address: null };
const at = (address: string, buyer: string | null = null): Asker => ({ buyer, address });

/** So many requests, each of one unit, in one call. */
function ask(saleId: number, asker: Asker, times: number): Promise<HoldReply[]> {
  return sales.place(saleId, ...Array.from({ length: times }, () => ({ asker })));
}

const admitted = (replies: readonly HoldReply[]) =>
  replies.filter(({ kind }) => kind !== 'too_many_requests').length;

/** Both in the same window, with some of it left. */
async function inOneWindow(): Promise<number> {
  return until(async () => {
    const elapsedMs = (await sales.nowMs()) % RATE_WINDOW_MS;
    return elapsedMs > 200 && elapsedMs < RATE_WINDOW_MS - 3_000 && elapsedMs;
  }, 10_000);
}

/** As if this had been asked in a window before this one. */
async function askedBefore(saleId: number, name: string, count: number, windowsAgo = 1): Promise<void> {
  const number = Math.floor((await sales.nowMs()) / RATE_WINDOW_MS) - windowsAgo;
  const key = sales.key(saleId, number % 2 === 0 ? 'even_rates' : 'odd_rates');
  await sales.redis.hset(key, '', number, name, count);
}

async function countsOf(saleId: number): Promise<Record<string, string>> {
  const hashes = await Promise.all(
    (['even_rates', 'odd_rates'] as const).map((name) => sales.redis.hgetall(sales.key(saleId, name))),
  );
  return Object.assign({}, ...hashes) as Record<string, string>;
}

describe('a limit of requests', () => {
  test('admits as many as it says, in one call or in many, and tells how many are left', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ buyerRate: 3 });
    const [first, ...rest] = await ask(saleId, ann, 5);
    expect(first).toMatchObject({ kind: 'held', rates: { buyer: { limit: 3, left: 2 }, address: null } });
    expect(admitted(rest)).toBe(2);
    expect(rest.at(-1)).toMatchObject({
      kind: 'too_many_requests',
      whose: 'buyer',
      rates: { buyer: { left: 0 } },
    });
    const many = await sales.armed({ buyerRate: 3 });
    for (let n = 1; n <= 5; n += 1) {
      expect((await ask(many, ann, 1))[0]?.kind).toBe(n <= 3 ? 'held' : 'too_many_requests');
    }
  });

  test('is of one buyer, one address and one sale, and leaves others alone', async () => {
    await inOneWindow();
    const [saleId, other] = [await sales.armed({ buyerRate: 1 }), await sales.armed({ buyerRate: 1 })];
    const replies = await sales.place(saleId, { asker: ann }, { asker: ann }, { asker: bob }, {});
    expect(replies.map(({ kind }) => kind)).toEqual(['held', 'too_many_requests', 'held', 'held']);
    expect(replies[3]).not.toHaveProperty('rates');
    expect(admitted(await ask(other, ann, 1))).toBe(1);
    const byAddress = await sales.armed({ addressRate: 2 });
    const addresses = ['1', '1', '1', '2'].map((address, n) => ({ asker: at(address, `buyer ${n}`) }));
    const seen = await sales.place(byAddress, ...addresses);
    expect(seen.map(({ kind }) => kind)).toEqual(['held', 'held', 'too_many_requests', 'held']);
    expect(seen[2]).toMatchObject({
      whose: 'address',
      rates: { buyer: null, address: { limit: 2, left: 0 } },
    });
  });

  test('counts a request for both or for neither', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ buyerRate: 2, addressRate: 3 });
    const replies = await sales.place(
      saleId,
      ...Array.from({ length: 4 }, () => ({ asker: at('home', 'ann') })),
      { asker: at('home', 'bob') },
      { asker: at('home', 'bob') },
    );
    expect(replies.map((reply) => (reply.kind === 'too_many_requests' ? reply.whose : reply.kind))).toEqual([
      'held',
      'held',
      'buyer',
      'buyer',
      'held',
      'address',
    ]);
    expect(replies[4]?.rates).toMatchObject({ buyer: { left: 1 }, address: { left: 0 } });
    expect(await countsOf(saleId)).toMatchObject({ ann: '2', bob: '1', home: '3' });
  });

  test('does not count what it refuses: whoever hammers is not locked out', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ buyerRate: 2 });
    for (let n = 0; n < 5; n += 1) await ask(saleId, ann, 100);
    expect(await countsOf(saleId)).toMatchObject({ ann: '2' });
  });

  test('counts a request whatever comes of it, before a sale opens too', async () => {
    await inOneWindow();
    for (const facts of [
      { allotment: 0 },
      { state: 'paused' as const },
      { opensAtMs: Date.now() + 60_000 },
    ]) {
      const saleId = await sales.armed({ buyerRate: 2, ...facts });
      expect(admitted(await ask(saleId, ann, 3))).toBe(2);
    }
  });

  test('never stands between a buyer and a hold that was made', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ buyerRate: 2 });
    const request = { asker: ann, keyDigest: 'key', fingerprint: 'f', holdId: 'h1' };
    await sales.place(saleId, request);
    await ask(saleId, ann, 1);
    expect(admitted(await ask(saleId, ann, 1))).toBe(0);
    const [replayed, again] = await sales.place(saleId, { ...request, holdId: 'h2' }, request);
    expect(replayed).toMatchObject({ kind: 'replayed', holdId: 'h1', rates: { buyer: { left: 0 } } });
    expect(again).toMatchObject({ kind: 'held', holdId: 'h1' });
  });

  test('is of its sale: without one nothing is counted, and a rebuild brings another at once', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ allotment: 1_000 });
    const [reply] = await ask(saleId, at('home', 'ann'), 200);
    expect(reply).not.toHaveProperty('rates');
    expect(await countsOf(saleId)).toEqual({});
    await sales.rebuild(saleId, { allotment: 1_000, buyerRate: 5 });
    expect(admitted(await ask(saleId, ann, 9))).toBe(5);
    await sales.rebuild(saleId, { allotment: 1_000, buyerRate: 7 });
    expect(admitted(await ask(saleId, ann, 9))).toBe(2);
  });
});

describe('the window slides', () => {
  test('what was asked in the last window counts by the share of it that is not over', async () => {
    const saleId = await sales.armed({ allotment: 10_000, buyerRate: 1_000 });
    const beforeMs = await inOneWindow();
    await askedBefore(saleId, 'ann', 1_000);
    const count = admitted(await ask(saleId, ann, 1_100));
    const afterMs = (await sales.nowMs()) % RATE_WINDOW_MS;
    // A thousand in ten seconds: one for each hundredth of a second that has passed.
    expect(count).toBeGreaterThanOrEqual(Math.floor(beforeMs / 10));
    expect(count).toBeLessThanOrEqual(Math.ceil(afterMs / 10));
  });

  test('says how long to wait, not a moment longer than needed', async () => {
    const saleId = await sales.armed({ allotment: 10_000, buyerRate: 100 });
    const elapsedMs = await inOneWindow();
    // So many that one more is possible in about half a second.
    await askedBefore(saleId, 'ann', Math.ceil(99 / (1 - (elapsedMs + 500) / RATE_WINDOW_MS)));
    const startedAtMs = await sales.nowMs();
    const [refused] = await ask(saleId, ann, 1);
    if (refused?.kind !== 'too_many_requests') throw new Error(refused?.kind);
    // One of ninety-nine is forgotten in about a tenth of a second.
    await sales.passed(startedAtMs + refused.waitMs - 30);
    expect(admitted(await ask(saleId, ann, 1))).toBe(0);
    await sales.passed(startedAtMs + refused.waitMs + 30);
    expect(admitted(await ask(saleId, ann, 1))).toBe(1);
  });

  test('says so across the end of the window, too', async () => {
    const saleId = await sales.armed({ buyerRate: 2 });
    const elapsedMs = await inOneWindow();
    const replies = await ask(saleId, ann, 3);
    // Two in this window: of the next one, half must be over.
    const expected = RATE_WINDOW_MS - elapsedMs + RATE_WINDOW_MS / 2;
    const waitMs = replies[2]?.kind === 'too_many_requests' ? replies[2].waitMs : 0;
    expect(Math.abs(waitMs - expected)).toBeLessThan(200);
  });

  test('what was asked before that is forgotten, though its hash is still there', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ buyerRate: 2 });
    await askedBefore(saleId, 'ann', 2, 2);
    expect(admitted(await ask(saleId, ann, 3))).toBe(2);
    expect(await countsOf(saleId)).toMatchObject({ ann: '2' });
    const later = await sales.armed({ buyerRate: 2 });
    await askedBefore(later, 'ann', 2, 3);
    expect(admitted(await ask(later, ann, 3))).toBe(2);
  });

  test('memory is that of two windows: a hash goes by itself, and takes all of its names along', async () => {
    await inOneWindow();
    const saleId = await sales.armed({ allotment: 10_000, buyerRate: 2 });
    await askedBefore(saleId, 'somebody of long ago', 1, 2);
    const names = Array.from({ length: 500 }, (_, n) => ({ asker: { buyer: `buyer ${n}`, address: null } }));
    await sales.place(saleId, ...names);
    const counts = await countsOf(saleId);
    expect(Object.keys(counts)).toHaveLength(501);
    const ttls = await Promise.all(
      (['even_rates', 'odd_rates'] as const).map((name) => sales.redis.pttl(sales.key(saleId, name))),
    );
    expect(Math.max(...ttls)).toBeGreaterThan(RATE_WINDOW_MS);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(2 * RATE_WINDOW_MS);
    expect(Math.min(...ttls)).toBe(-2);
  });
});
