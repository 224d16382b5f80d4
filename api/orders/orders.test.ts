import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { count, eq } from 'drizzle-orm';
import { buyerUnits, holdOutcomes, orders, sales } from '@flash-sale/drizzle/schema.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { statement } from '../mysql/transaction.ts';
import { SALE_KEY_NAMES, saleKeys } from '../redis/keys.ts';
import { moveSale } from '../sales/sales.ts';
import { audit } from '../test/audit.ts';
import { availableStock, hold, order, pay, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
let withWorkers: World;
beforeAll(async () => {
  [world, withWorkers] = await Promise.all([createWorld(), createWorld({ workers: true })]);
});
afterAll(() => Promise.all([world.close(), withWorkers.close()]));

async function heldId({ productId }: OneSale, quantity = 1, buyerId?: string): Promise<string> {
  const { body } = await hold(world, productId, { quantity, ...(buyerId ? { buyer_id: buyerId } : {}) });
  return body.data.hold_id;
}

async function ordersOf({ saleId }: OneSale): Promise<number> {
  const rows = await statement(world.services.mysql, (sql) =>
    sql.select({ orders: count() }).from(orders).where(eq(orders.saleId, saleId)),
  );
  return rows[0]?.orders ?? 0;
}

function keyOf(saleId: number, name: (typeof SALE_KEY_NAMES)[number]): string {
  return saleKeys(saleId)[SALE_KEY_NAMES.indexOf(name)] ?? '';
}

describe('a request for an order is refused with what is wrong, by field', () => {
  const HOLD = 'must be a UUID';
  const INTENT = 'must be a string of 1 to 255 printable characters without spaces';
  const REFUSED: [string, unknown, string][] = [
    ['hold_id', undefined, 'is required'],
    ['hold_id', null, HOLD],
    ['hold_id', 1, HOLD],
    ['hold_id', '', HOLD],
    ['hold_id', 'not-a-uuid', HOLD],
    ['hold_id', `urn:uuid:${crypto.randomUUID()}`, HOLD],
    ['hold_id', crypto.randomUUID().replaceAll('-', ''), HOLD],
    ['hold_id', `${crypto.randomUUID()} `, HOLD],
    ['hold_id', [crypto.randomUUID()], HOLD],
    ['payment_intent_id', undefined, 'is required'],
    ['payment_intent_id', null, INTENT],
    ['payment_intent_id', '', INTENT],
    ['payment_intent_id', 'pi 1', INTENT],
    ['payment_intent_id', 'pi_é', INTENT],
    ['payment_intent_id', 'pi_1\n', INTENT],
    ['payment_intent_id', 'a'.repeat(256), INTENT],
    ['payment_intent_id', { id: 'pi_1' }, INTENT],
    ['amount', 0.01, 'is not a known field'],
    ['quantity', 1, 'is not a known field'],
  ];
  test.each(REFUSED)('%s: %j %s', async (field, value, message) => {
    const fields = { hold_id: crypto.randomUUID(), payment_intent_id: 'pi_1', [field]: value };
    const { status, body } = await send(world, 'POST', '/api/orders', fields);
    expect([status, body.code]).toEqual([400, 'bad_request']);
    expect(body.errors).toEqual({ [field]: [message] });
  });
});

describe('an order', () => {
  test('is placed once: 201 and then 200 with the same body', async () => {
    const sale = await world.sale({ allotment: 10 });
    const holdId = await heldId(sale, 3);
    const intentId = `pi_${'x'.repeat(252)}`;
    const placed = await order(world, holdId, intentId);
    expect(placed.status).toBe(201);
    const {
      order_id: orderId,
      pay_by: payBy,
      ...rest
    } = placed.body.data as unknown as Record<string, unknown>;
    expect(orderId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Date(String(payBy)).toISOString()).toBe(String(payBy));
    expect(rest).toEqual({
      hold_id: holdId,
      status: 'pending',
      quantity: 3,
      amount: 59.97,
      currency: 'EUR',
      pay_with: `payment_intent_id: ${intentId}`,
    });
    for (const id of [holdId, holdId.toUpperCase()]) {
      const again = await order(world, id, intentId);
      expect([again.status, again.body.data]).toEqual([200, placed.body.data]);
    }
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 3, available: 7, drift: 0 });
  });

  test('of 20 identical requests at once is one order: 201 once, 200 else (I3)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const holdId = await heldId(sale, 2);
    const answers = await Promise.all(Array.from({ length: 20 }, () => order(world, holdId, 'pi_identical')));
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([...Array<number>(19).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.data.order_id)).size).toBe(1);
    expect(await ordersOf(sale)).toBe(1);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 2, available: 3, drift: 0 });
  });

  test('of 20 requests at once with 20 intents is one order, of whoever came first (I3)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const holdId = await heldId(sale);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => order(world, holdId, `pi_many_${index}`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, body } of refused) {
      expect([status, body.code]).toEqual([409, 'payment_intent_mismatch']);
    }
    expect(await ordersOf(sale)).toBe(1);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, drift: 0 });
  });

  test('of every unit of a sale at once sells each of them once (I1)', async () => {
    const sale = await world.sale({ allotment: 25 });
    const bought = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const held = await hold(world, sale.productId);
        if (held.status !== 201) return held.status;
        return (await order(world, held.body.data.hold_id, `pi_all_${index}`)).status;
      }),
    );
    expect(bought.filter((status) => status === 201)).toHaveLength(25);
    expect(bought.filter((status) => status === 409)).toHaveLength(15);
    await until(async () => (await audit(world.services, sale.saleId)).pinned === 0);
    const sums = { committed: 25, ordered: 25, available: 0, held: 0, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
  });

  test('costs its units in major units of the currency', async () => {
    const prices: [string, number, number, number][] = [
      ['EUR', 1_999, 3, 59.97],
      ['USD', 10, 3, 0.3],
      ['JPY', 1_999, 2, 3_998],
      ['KWD', 12_345, 3, 37.035],
      ['USD', 0, 1, 0],
      ['USD', 100_000_000, 100, 100_000_000],
    ];
    for (const [currency, priceMinor, quantity, amount] of prices) {
      const sale = await world.sale({ currency, priceMinor });
      const placed = await order(world, await heldId(sale, quantity), `pi_price_${sale.saleId}`);
      expect(placed.body.data).toMatchObject({ amount, currency });
    }
  });

  test("is to be paid within the sale's window", async () => {
    for (const payWindowMs of [3_000, 86_400_000]) {
      const sale = await world.sale({ payWindowMs });
      const holdId = await heldId(sale);
      const before = Date.now();
      const { body } = await order(world, holdId, `pi_window_${sale.saleId}`);
      const payBy = Date.parse(String((body.data as unknown as Record<string, unknown>)['pay_by']));
      expect(payBy).toBeWithin(before + payWindowMs, Date.now() + payWindowMs + 1);
    }
  });

  test('keeps the price that its sale had', async () => {
    const sale = await world.sale({ currency: 'USD', priceMinor: 500 });
    const holdId = await heldId(sale);
    await order(world, holdId, 'pi_old_price');
    await statement(world.services.mysql, (sql) =>
      sql.update(sales).set({ priceMinor: 900 }).where(eq(sales.id, sale.saleId)),
    );
    expect((await order(world, holdId, 'pi_old_price')).body.data).toMatchObject({ amount: 5 });
    expect((await order(world, await heldId(sale), 'pi_new_price')).body.data).toMatchObject({ amount: 9 });
  });

  test('is placed while its sale is paused, but not while it is halted', async () => {
    const sale = await world.sale();
    const [first, second] = [await heldId(sale), await heldId(sale)];
    await moveSale(world.services, sale.saleId, 'paused');
    expect((await order(world, first, `pi_paused_${sale.saleId}`)).status).toBe(201);
    await moveSale(world.services, sale.saleId, 'halted');
    const refused = await order(world, second, `pi_halted_${sale.saleId}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'sale_paused']);
    await moveSale(world.services, sale.saleId, 'paused');
    expect((await order(world, second, `pi_halted_${sale.saleId}`)).status).toBe(201);
  });
});

describe('an order is refused', () => {
  test('when the hold was ordered with another intent; the first order stands', async () => {
    const sale = await world.sale();
    const holdId = await heldId(sale);
    const first = await order(world, holdId, 'pi_first');
    const other = await order(world, holdId, 'PI_FIRST');
    expect([other.status, other.body.code]).toEqual([409, 'payment_intent_mismatch']);
    expect((await order(world, holdId, 'pi_first')).body.data).toEqual(first.body.data);
    expect(await ordersOf(sale)).toBe(1);
  });

  test('when the intent pays another order; with an intent of its own it is placed', async () => {
    const sale = await world.sale({ allotment: 5 });
    const [first, second] = [await heldId(sale), await heldId(sale)];
    await order(world, first, 'pi_taken');
    const refused = await order(world, second, 'pi_taken');
    expect([refused.status, refused.body.code]).toEqual([409, 'payment_intent_mismatch']);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, drift: 0 });
    expect((await order(world, second, 'pi_own')).status).toBe(201);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 2, drift: 0 });
  });

  test('when the intent pays an order of another sale', async () => {
    const [one, other] = [await world.sale(), await world.sale()];
    await order(world, await heldId(one), 'pi_two_sales');
    const refused = await order(world, await heldId(other), 'pi_two_sales');
    expect([refused.status, refused.body.code]).toEqual([409, 'payment_intent_mismatch']);
    expect(await ordersOf(other)).toBe(0);
  });

  test('when the hold was released: nothing is committed', async () => {
    const sale = await world.sale({ allotment: 5 });
    const holdId = await heldId(sale);
    await send(world, 'DELETE', `/api/holds/${holdId}`);
    const refused = await order(world, holdId, 'pi_released');
    expect([refused.status, refused.body.code]).toEqual([409, 'hold_released']);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 0, available: 5, drift: 0 });
  });

  test('when there is no such hold: of this sale, of no sale, or an id of another shape', async () => {
    const { saleId } = await world.sale();
    for (const id of [newHoldId(saleId), newHoldId(4_000_000_000), crypto.randomUUID(), Bun.randomUUIDv7()]) {
      const { status, body } = await order(world, id, 'pi_no_hold');
      expect([status, body.code]).toEqual([404, 'hold_not_found']);
    }
    const rows = await statement(world.services.mysql, (sql) =>
      sql.select().from(holdOutcomes).where(eq(holdOutcomes.saleId, saleId)),
    );
    expect(rows).toEqual([]);
  });
});

describe('a limit of units per buyer', () => {
  test('is held in SQL too: what Redis forgot of a buyer is not sold again (I1)', async () => {
    const sale = await world.sale({ allotment: 10, buyerLimit: 2 });
    await order(world, await heldId(sale, 2, 'ann'), `pi_ann_${sale.saleId}`);
    const buyersKey = keyOf(sale.saleId, 'buyers');
    expect(await world.services.redis.hdel(buyersKey, 'ann')).toBe(1);
    const granted = await heldId(sale, 1, 'ann');
    const refused = await order(world, granted, `pi_ann_more_${sale.saleId}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'hold_lost']);
    const sums = { committed: 2, buyerUnits: 2, available: 8, held: 0, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
  });

  test('counts a buyer by exactly the id that was given', async () => {
    const sale = await world.sale({ buyerLimit: 1 });
    for (const buyer of ['a|b', 'A|B', 'a|b|', "o'neil\\", '%_']) {
      const placed = await order(world, await heldId(sale, 1, buyer), `pi_${sale.saleId}_${buyer}`);
      expect(placed.status).toBe(201);
    }
    const rows = await statement(world.services.mysql, (sql) =>
      sql.select().from(buyerUnits).where(eq(buyerUnits.saleId, sale.saleId)),
    );
    expect(rows.map(({ buyerId }) => buyerId).sort()).toEqual(['%_', 'A|B', 'a|b', 'a|b|', "o'neil\\"]);
  });
});

// Three seconds is the shortest pay window: these wait for it together.
describe.concurrent('an order that is not paid', () => {
  test('ends at pay_by, and its units come back once, with the workers running (I4)', async () => {
    const terms = { allotment: 6, payWindowMs: 3_000, buyerLimit: 4 };
    const { productId, saleId } = await withWorkers.sale(terms);
    const held = await hold(withWorkers, productId, { quantity: 4, buyer_id: 'gil' });
    const holdId = held.body.data.hold_id;
    const placed = await order(withWorkers, holdId, 'pi_never_paid');
    const payBy = Date.parse(String((placed.body.data as unknown as Record<string, unknown>)['pay_by']));
    expect(await availableStock(withWorkers, productId)).toBe(2);
    await until(async () => (await availableStock(withWorkers, productId)) === 6);
    expect(Date.now()).toBeGreaterThanOrEqual(payBy);

    const seen = await send<{ state: string; order: unknown }>(withWorkers, 'GET', `/api/holds/${holdId}`);
    expect(seen.body.data).toMatchObject({ state: 'ordered', order: { status: 'expired' } });
    const again = await order(withWorkers, holdId, 'pi_never_paid');
    expect([again.status, again.body.data.status]).toEqual([200, 'expired']);
    expect((await hold(withWorkers, productId, { quantity: 4, buyer_id: 'gil' })).status).toBe(201);
    await until(async () => (await audit(withWorkers.services, saleId)).owed === 0);
    const sums = { available: 2, held: 4, committed: 0, buyerUnits: 0, drift: 0 };
    expect(await audit(withWorkers.services, saleId)).toMatchObject(sums);
  });

  test('does not end when it was paid, however long ago', async () => {
    const { productId, saleId } = await withWorkers.sale({ allotment: 2, payWindowMs: 3_000 });
    const [paid, unpaid] = [await hold(withWorkers, productId), await hold(withWorkers, productId)];
    await order(withWorkers, paid.body.data.hold_id, 'pi_paid_in_time');
    await order(withWorkers, unpaid.body.data.hold_id, 'pi_unpaid');
    await pay(withWorkers, paid.body.data.hold_id, 'pi_paid_in_time');
    await until(async () => (await audit(withWorkers.services, saleId)).committed === 1);
    const again = await order(withWorkers, paid.body.data.hold_id, 'pi_paid_in_time');
    expect(again.body.data.status).toBe('paid');
  });
});
