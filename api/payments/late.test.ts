import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { heartbeats, orders, payments, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { expireOrders } from '../orders/expiry.ts';
import { endPendingOrder } from '../orders/give.ts';
import type { Order } from '../orders/orders.ts';
import { moveSale } from '../sales/sales.ts';
import { audit } from '../test/audit.ts';
import { hold, order, pay, send, type Answer } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

let intents = 0;

async function ordered({ productId }: OneSale, quantity = 1, buyerId?: string) {
  const { body } = await hold(world, productId, { quantity, ...(buyerId ? { buyer_id: buyerId } : {}) });
  intents += 1;
  const paid = { holdId: body.data.hold_id, intentId: `pi_late_${intents}` };
  await order(world, paid.holdId, paid.intentId);
  return paid;
}

/** Puts an order's pay deadline behind us. */
function makeDue(intentId: string) {
  return statement(world.services.mysql, (sql) =>
    sql
      .update(orders)
      .set({ payBy: raw`utc_timestamp(3) - interval 1 second` })
      .where(eq(orders.paymentIntentId, intentId)),
  );
}

async function expire(sale: OneSale, intentId: string): Promise<void> {
  await makeDue(intentId);
  // Tests run turns of the worker minutes apart, which is no outage.
  await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
  expect(await expireOrders(world.services)).toBeGreaterThanOrEqual(1);
  await creditsArrived(sale);
}

function creditsArrived({ saleId }: OneSale) {
  return until(async () => (await audit(world.services, saleId)).owed === 0);
}

function settled({ saleId }: OneSale) {
  return until(async () => (await audit(world.services, saleId)).pinned === 0);
}

function creditsOf({ saleId }: OneSale) {
  return statement(world.services.mysql, (sql) =>
    sql.select().from(stockCredits).where(eq(stockCredits.saleId, saleId)),
  );
}

async function dispositionsOf(intentId: string): Promise<string[]> {
  const rows = await statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );
  return rows.map(({ disposition }) => disposition);
}

type Paid = Awaited<ReturnType<typeof pay>>;
const told = ({ status, body }: Paid) => [status, body.data.status, body.data.payment];

describe('a payment that failed', () => {
  test('cancels its order, and the units come back once, if 20 say so at once (I4)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intentId } = await ordered(sale, 3);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        pay(world, holdId, intentId, { event: 'failed' }, { 'webhook-id': `msg_failed_${index % 4}` }),
      ),
    );
    for (const answer of answers) expect(told(answer)).toEqual([200, 'cancelled', null]);
    expect(await creditsOf(sale)).toHaveLength(1);
    await creditsArrived(sale);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 5, committed: 0, drift: 0 });
    expect(await dispositionsOf(intentId)).toEqual([]);
  });

  test('changes nothing once the order is paid', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intentId } = await ordered(sale);
    await pay(world, holdId, intentId);
    expect(told(await pay(world, holdId, intentId, { event: 'failed' }))).toEqual([200, 'paid', null]);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 4, committed: 1, drift: 0 });
  });

  test('changes nothing when it is of another intent than the one that the order waits for', async () => {
    const sale = await world.sale();
    const { holdId, intentId } = await ordered(sale);
    const other = await pay(world, holdId, `${intentId}_other`, { event: 'failed' });
    expect(told(other)).toEqual([200, 'pending', null]);
    expect(told(await pay(world, holdId, intentId))).toEqual([200, 'paid', 'applied']);
  });

  test('is outweighed by a success that comes after it: the units are taken again', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intentId } = await ordered(sale, 2);
    await pay(world, holdId, intentId, { event: 'failed' });
    await creditsArrived(sale);
    expect(told(await pay(world, holdId, intentId))).toEqual([200, 'paid', 'late_applied']);
    await settled(sale);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 3, committed: 2, drift: 0 });
  });

  test('and one that succeeded, both at once, end as paid, with the units taken once (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const buyers = await Promise.all(Array.from({ length: 10 }, () => ordered(sale)));
    await Promise.all(
      buyers.flatMap(({ holdId, intentId }, index) => {
        const events = index % 2 === 0 ? (['success', 'failed'] as const) : (['failed', 'success'] as const);
        return events.map((event) => pay(world, holdId, intentId, { event }));
      }),
    );
    for (const { holdId, intentId } of buyers) {
      expect((await order(world, holdId, intentId)).body.data.status).toBe('paid');
      expect(await dispositionsOf(intentId)).toHaveLength(1);
    }
    await creditsArrived(sale);
    await settled(sale);
    const sums = { available: 10, committed: 10, ordered: 10, held: 0, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
  });
});

describe('a payment after its order expired', () => {
  test('takes the units again when they are free', async () => {
    const sale = await world.sale({ allotment: 3, buyerLimit: 2 });
    const { holdId, intentId } = await ordered(sale, 2, 'ann');
    await expire(sale, intentId);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 3, committed: 0, drift: 0 });
    for (let time = 0; time < 3; time += 1) {
      expect(told(await pay(world, holdId, intentId))).toEqual([200, 'paid', 'late_applied']);
    }
    await settled(sale);
    const sums = { available: 1, committed: 2, buyerUnits: 2, held: 0, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
    const seen = await send(world, 'GET', `/api/holds/${holdId}`);
    expect(seen.body.data).toMatchObject({ state: 'ordered', order: { status: 'paid' } });
  });

  test('takes its own units again before Redis was told that they are back', async () => {
    const sale = await world.sale({ allotment: 2 });
    const { holdId, intentId } = await ordered(sale, 2);
    // As a process leaves it that dies right after it expired the order.
    await transaction(world.services.mysql, async (sql) => {
      const [due] = await sql.select().from(orders).where(eq(orders.paymentIntentId, intentId)).for('update');
      await endPendingOrder(sql, due as Order, 'order_expired');
    });
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 0, owed: 2, committed: 0 });
    expect(told(await pay(world, holdId, intentId))).toEqual([200, 'paid', 'late_applied']);
    await settled(sale);
    const sums = { available: 0, owed: 0, committed: 2, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
  });

  test('told 20 times at once takes the units once (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 50 });
    const { holdId, intentId } = await ordered(sale, 2);
    await expire(sale, intentId);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        pay(world, holdId, intentId, {}, { 'webhook-id': `msg_late_${index}` }),
      ),
    );
    for (const answer of answers) expect(told(answer)).toEqual([200, 'paid', 'late_applied']);
    expect(await dispositionsOf(intentId)).toEqual(['late_applied']);
    await settled(sale);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 48, committed: 2, drift: 0 });
  });

  const TAKEN: [string, (sale: OneSale) => Promise<unknown>][] = [
    [
      'somebody else holds the units',
      (sale) => hold(world, sale.productId, { quantity: 2, buyer_id: 'bob' }),
    ],
    ['somebody else ordered the units', (sale) => ordered(sale, 2, 'cy')],
    [
      'the buyer has reached the limit in the meantime',
      (sale) => hold(world, sale.productId, { buyer_id: 'ann' }),
    ],
    ['the sale is halted', ({ saleId }) => moveSale(world.services, saleId, 'halted')],
  ];
  test.each(TAKEN)('is owed back when %s', async (_, meanwhile) => {
    const sale = await world.sale({ allotment: 2, buyerLimit: 2 });
    const { holdId, intentId } = await ordered(sale, 2, 'ann');
    await expire(sale, intentId);
    await meanwhile(sale);
    const before = await audit(world.services, sale.saleId);
    for (let time = 0; time < 3; time += 1) {
      expect(told(await pay(world, holdId, intentId))).toEqual([200, 'refund_due', 'refund_due']);
    }
    expect(await dispositionsOf(intentId)).toEqual(['refund_due']);
    expect((await order(world, holdId, intentId)).body.data.status).toBe('refund_due');
    // Nothing of the stock is other than before: only, money came for two more units.
    const after = { ...before, everPaid: before.everPaid + 2 };
    expect(await audit(world.services, sale.saleId)).toEqual(after);
    expect(before.drift).toBe(0);
  });

  test('is owed back when its amount or its intent is wrong: it takes no units', async () => {
    const sale = await world.sale({ allotment: 3 });
    const { holdId, intentId } = await ordered(sale);
    await expire(sale, intentId);
    const other = await pay(world, holdId, `${intentId}_other`);
    expect(told(other)).toEqual([200, 'expired', 'refund_due']);
    const short = await pay(world, holdId, intentId, { amount: 1 });
    expect(told(short)).toEqual([200, 'expired', 'mismatch']);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 3, committed: 0, drift: 0 });
  });

  test('and the last units wanted by many late payments at once go to one of them (I1)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const late: Awaited<ReturnType<typeof ordered>>[] = [];
    // Five units, sold one after the other to eight buyers who did not pay in time.
    for (let buyer = 0; buyer < 8; buyer += 1) {
      const one = await ordered(sale, 2);
      await expire(sale, one.intentId);
      late.push(one);
    }
    const answers = await Promise.all(late.map(({ holdId, intentId }) => pay(world, holdId, intentId)));
    const counts = Map.groupBy(answers, ({ body }) => body.data.payment);
    expect([counts.get('late_applied')?.length, counts.get('refund_due')?.length]).toEqual([2, 6]);
    await settled(sale);
    const sums = { available: 1, committed: 4, ordered: 4, held: 0, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
  });
});

test('a payment that meets the expiry of its order is applied, in time or late, with its units once (I4, I5)', async () => {
  const sale = await world.sale({ allotment: 60 });
  const buyers = await Promise.all(Array.from({ length: 15 }, () => ordered(sale, 2)));
  for (const { intentId } of buyers) await makeDue(intentId);
  await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
  const work: Promise<Paid | number>[] = buyers.map(({ holdId, intentId }) => pay(world, holdId, intentId));
  work.push(expireOrders(world.services), expireOrders(world.services));
  const answers = (await Promise.all(work)).filter((done): done is Paid => typeof done !== 'number');
  for (const { status, body } of answers as (Paid & Answer)[]) {
    expect([status, body.data['status']]).toEqual([200, 'paid']);
  }
  await creditsArrived(sale);
  await settled(sale);
  const sums = { available: 30, committed: 30, ordered: 30, held: 0, drift: 0 };
  expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
});

describe('order expiry', () => {
  test('leaves alone what is not due, and ends what is due once, however many workers run', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [due, notDue] = [await ordered(sale, 4), await ordered(sale)];
    await makeDue(due.intentId);
    await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
    await Promise.all(Array.from({ length: 6 }, () => expireOrders(world.services)));
    expect(await creditsOf(sale)).toHaveLength(1);
    await creditsArrived(sale);
    expect((await order(world, due.holdId, due.intentId)).body.data.status).toBe('expired');
    expect((await order(world, notDue.holdId, notDue.intentId)).body.data.status).toBe('pending');
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 9, committed: 1, drift: 0 });
  });

  test('pauses after an outage, so that payments which were kept from us are not made late', async () => {
    const sale = await world.sale();
    const { holdId, intentId } = await ordered(sale);
    await makeDue(intentId);
    await statement(world.services.mysql, async (sql) => {
      await sql.delete(heartbeats);
      await sql
        .insert(heartbeats)
        .values({ name: 'order_expiry', beatAt: raw`utc_timestamp(3) - interval 10 second` });
    });
    expect(await expireOrders(world.services)).toBe(0);
    expect(await expireOrders(world.services)).toBe(0);
    expect(told(await pay(world, holdId, intentId))).toEqual([200, 'paid', 'applied']);
  });
});
