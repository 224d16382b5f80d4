// What many holds of one sale cost the scripts: however many there are, no call takes long, and every unit is there.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { auditSale } from '../redis/sale-scripts.ts';
import { reapHolds } from '../redis/scripts.ts';
import { ScriptSales } from './script-sales.ts';

let sales: ScriptSales;
beforeAll(async () => {
  sales = await ScriptSales.open();
});
afterAll(() => sales.close());

describe('holds that are over at once', () => {
  test('brings back a storm exactly once, however many reap at a time (I2, I4)', async () => {
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
