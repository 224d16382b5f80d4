import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { deliveries, orders, payments, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { PARKED_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { bySystem } from '../operators/audit-log.ts';
import { deliverCredits, salesOwedCredits } from '../orders/give.ts';
import type { Order } from '../orders/orders.ts';
import { markRefunded } from '../orders/operator-orders.ts';
import { moveSalesByTime } from '../sales/clock.ts';
import { moveSale } from '../sales/sales.ts';
import { hold, order, pay } from '../test/client.ts';
import { look, newIntent, ordered } from '../test/matrix/buyer.ts';
import { expire, settle, workOffParked } from '../test/settling.ts';
import { chargeObject, intentObject, stripeEvent, tellStripe } from '../test/stripe-events.ts';
import { audit } from '../test/audit.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const told = async (type: string, object: Record<string, unknown>) =>
  (await tellStripe(world, stripeEvent(type, object))).body.data.outcome;
const succeed = (intentId: string, more: Record<string, unknown> = {}) =>
  told('payment_intent.succeeded', intentObject(intentId, { amount_received: 3_998, ...more }));
const refund = (intentId: string, more: Record<string, unknown> = {}) =>
  told('charge.refunded', chargeObject(intentId, more));
const fail = (intentId: string) => told('payment_intent.payment_failed', intentObject(intentId));

async function orderOf(intentId: string): Promise<Order> {
  const [row] = await statement(world.services.mysql, (sql) =>
    sql.select().from(orders).where(eq(orders.paymentIntentId, intentId)),
  );
  if (row === undefined) throw new Error(`no order has the intent ${intentId}`);
  return row;
}

const paymentsOf = (intentId: string) =>
  statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );

const outcomesOf = async (intentId: string) => {
  const rows = await statement(world.services.mysql, (sql) =>
    sql.select().from(deliveries).where(eq(deliveries.intentId, intentId)).orderBy(deliveries.id),
  );
  return rows.map(({ outcome }) => outcome);
};

type Fact = 'order' | 'expiry' | 'failed' | 'success' | 'native success' | 'refund';

function ordersOf(facts: readonly Fact[]): Fact[][] {
  if (facts.length <= 1) return [[...facts]];
  return facts.flatMap((first, nth) => ordersOf(facts.toSpliced(nth, 1)).map((rest) => [first, ...rest]));
}

/** An order cannot expire before there is one. */
const isPossible = (facts: readonly Fact[]) =>
  !facts.includes('expiry') || facts.indexOf('expiry') > facts.indexOf('order');

describe('a refund, its success and what else is told of an intent', () => {
  const SETS: readonly (readonly Fact[])[] = [
    ['order', 'success', 'refund'],
    ['order', 'native success', 'refund'],
    ['order', 'failed', 'success', 'refund'],
    ['order', 'expiry', 'success', 'refund'],
  ];
  test.each(SETS.map((facts) => [facts.join(', '), facts] as const))(
    'end at refunded in any order: %s (I1, I2, I4, I5)',
    async (_, set) => {
      const sale = await world.sale({ allotment: 20, buyerLimit: 20 });
      for (const facts of ordersOf(set).filter(isPossible)) {
        const { intentId } = await play(sale, facts);
        await workOffParked(world.services, { intentId });
        const { state, refundReference } = await orderOf(intentId);
        expect([facts.join(), state, refundReference]).toEqual([facts.join(), 'refunded', `ch_${intentId}`]);
        expect(await paymentsOf(intentId)).toMatchObject([{ refundReference }]);
        await settle(world.services, sale.saleId);
        const end = { committed: 0, available: 20, held: 0, pinned: 0, owed: 0, buyerUnits: 0 };
        expect([facts.join(), await look(world.services, sale)]).toMatchObject([facts.join(), end]);
      }
    },
  );

  async function play(sale: OneSale, facts: readonly Fact[]) {
    const { body } = await hold(world, sale.productId, { quantity: 2, ttl: 300, buyer_id: 'ann' });
    const [holdId, intentId] = [body.data.hold_id, newIntent()];
    const tell: Record<Fact, () => Promise<unknown>> = {
      order: () => order(world, holdId, intentId),
      expiry: async () => expire(world.services, sale.saleId, [(await orderOf(intentId)).id]),
      failed: () => fail(intentId),
      success: () => succeed(intentId),
      'native success': () => pay(world, holdId, intentId),
      refund: () => refund(intentId),
    };
    for (const fact of facts) await tell[fact]();
    return { holdId, intentId };
  }
});

describe('a refund', () => {
  test('gives the units of a paid order back, once, however often it is told (I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId } = await ordered(world, sale);
    await succeed(intentId);
    const tellings = Array.from({ length: 10 }, () => refund(intentId));
    expect(new Set(await Promise.all(tellings))).toEqual(new Set(['refunded']));
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10, owed: 0 });
    const credits = await statement(world.services.mysql, (sql) =>
      sql.select().from(stockCredits).where(eq(stockCredits.saleId, sale.saleId)),
    );
    const { id: reference } = await orderOf(intentId);
    expect(credits).toMatchObject([{ units: 2, reason: 'order_refunded', reference }]);
  });

  test('of an order that was cancelled, paid late and refunded gives its units back a second time (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId } = await ordered(world, sale);
    await fail(intentId);
    await until(async () => (await audit(world.services, sale.saleId)).owed === 0);
    expect(await succeed(intentId)).toBe('late_applied');
    expect(await refund(intentId)).toBe('refunded');
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10, owed: 0 });
  });

  test('of money that was owed back settles it, and moves no unit', async () => {
    const sale = await world.sale({ allotment: 2 });
    const { intentId, orderId } = await ordered(world, sale);
    await expire(world.services, sale.saleId, [orderId]);
    await ordered(world, sale);
    expect(await succeed(intentId)).toBe('refund_due');
    expect((await orderOf(intentId)).state).toBe('refund_due');
    expect(await refund(intentId, { refunds: { data: [{ id: 're_7' }] } })).toBe('refunded');
    expect(await orderOf(intentId)).toMatchObject({ state: 'refunded', refundReference: 're_7' });
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 0, owed: 0 });
  });

  test('of a part, of a second intent, or of a wrong amount says nothing about the order', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [paid, wrong] = [await ordered(world, sale), await ordered(world, sale)];
    await succeed(paid.intentId);
    expect(await refund(paid.intentId, { refunded: false, amount_refunded: 10 })).toBe('recorded');
    expect(await succeed(wrong.intentId, { amount_received: 1 })).toBe('mismatch');
    expect(await refund(wrong.intentId)).toBe('recorded');
    expect(await paymentsOf(wrong.intentId)).toMatchObject([{ refundReference: `ch_${wrong.intentId}` }]);
    const metadata = { hold_id: paid.holdId };
    for (const facts of [
      ['success', 'refund'],
      ['refund', 'success'],
    ]) {
      const second = newIntent();
      for (const fact of facts) {
        await (fact === 'success' ? succeed(second, { metadata }) : refund(second, { metadata }));
      }
      await workOffParked(world.services, { intentId: second });
      expect(new Set(await outcomesOf(second))).toEqual(new Set(['recorded', 'refund_due']));
      expect(await paymentsOf(second)).toMatchObject([{ refundReference: `ch_${second}` }]);
    }
    expect(await paymentsOf(paid.intentId)).toMatchObject([{ refundReference: null }]);
    const states = [await orderOf(paid.intentId), await orderOf(wrong.intentId)];
    expect(states.map(({ state }) => state)).toEqual(['paid', 'pending']);
    expect(await look(world.services, sale)).toMatchObject({ committed: 4, available: 6 });
  });

  test('that is told before the late success leaves the units to others: nobody asks for them (I1)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId, orderId } = await ordered(world, sale);
    await expire(world.services, sale.saleId, [orderId]);
    await refund(intentId);
    expect(await succeed(intentId)).toBe('refund_due');
    const credits = await statement(world.services.mysql, (sql) =>
      sql.select().from(stockCredits).where(eq(stockCredits.saleId, sale.saleId)),
    );
    expect(credits).toMatchObject([{ reason: 'order_expired' }]);
  });

  test('that nobody came back for still counts when its success arrives a day later (I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId } = await ordered(world, sale);
    expect(await refund(intentId)).toBe('parked');
    await workOffParked(world.services, { intentId, olderByMs: PARKED_MAX_MS });
    expect(await outcomesOf(intentId)).toEqual(['unmatched']);
    expect(await paymentsOf(intentId)).toEqual([]);
    expect(await succeed(intentId)).toBe('applied');
    expect((await orderOf(intentId)).state).toBe('refunded');
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10 });
  });

  test('meets its success in the same instant: refunded, and the units are back once (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 40 });
    for (let time = 0; time < 10; time += 1) {
      const { intentId } = await ordered(world, sale);
      await Promise.all([refund(intentId), succeed(intentId), refund(intentId), succeed(intentId)]);
      await workOffParked(world.services, { intentId });
      expect((await orderOf(intentId)).state).toBe('refunded');
      expect(await paymentsOf(intentId)).toHaveLength(1);
    }
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 40, owed: 0 });
  });

  test('after the sale has ended is told to nobody: its credit is owed to no Redis', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId } = await ordered(world, sale);
    await succeed(intentId);
    await moveSale(world.services, sale.saleId, 'draining');
    await until(async () => {
      await settle(world.services, sale.saleId);
      await moveSalesByTime(world.services);
      return (await moveSale(world.services, sale.saleId, 'draining')).kind === 'impossible';
    });
    // As it is once the sale has left Redis.
    await world.services.redis.flushall();
    expect(await refund(intentId)).toBe('refunded');
    expect(await deliverCredits(world.services, sale.saleId)).toBe(0);
    expect(await salesOwedCredits(world.services)).not.toContain(sale.saleId);
  });
});

describe('an operator who refunds a paid order', () => {
  test('frees its units; what is told of that refund later changes nothing (I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { intentId, orderId } = await ordered(world, sale);
    await succeed(intentId);
    await markRefunded(world.services, orderId, 're_by_hand', bySystem('test'));
    await settle(world.services, sale.saleId);
    expect(await refund(intentId)).toBe('refunded');
    expect(await orderOf(intentId)).toMatchObject({ state: 'refunded', refundReference: 're_by_hand' });
    expect(await paymentsOf(intentId)).toMatchObject([{ refundReference: 're_by_hand' }]);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10, owed: 0 });
  });
});

describe('money of no order', () => {
  const holdId = crypto.randomUUID();
  const native = async (intentId: string, more: Record<string, unknown>) => {
    await pay(world, holdId, intentId, more);
    await workOffParked(world.services, { intentId, olderByMs: PARKED_MAX_MS });
  };

  test('is owed back as much as was told, if its currency was', async () => {
    const intentIds = [newIntent(), newIntent(), newIntent()] as const;
    await native(intentIds[0], { amount: 12.5, currency: 'EUR' });
    await native(intentIds[1], { amount: 12.5 });
    await native(intentIds[2], { currency: 'EUR' });
    const found = (await Promise.all(intentIds.map(paymentsOf))).flat();
    expect(found.map(({ amountMinor, currency }) => [amountMinor, currency])).toEqual([
      [1_250, 'EUR'],
      [null, null],
      [null, null],
    ]);
  });

  test('went back, whether that is told before or after it was given up', async () => {
    for (const isRefundFirst of [true, false]) {
      const intentId = newIntent();
      if (isRefundFirst) expect(await refund(intentId)).toBe('parked');
      await native(intentId, { amount: 1, currency: 'EUR' });
      if (!isRefundFirst) expect(await refund(intentId)).toBe('recorded');
      expect(await paymentsOf(intentId)).toMatchObject([
        { disposition: 'unmatched', refundReference: `ch_${intentId}` },
      ]);
    }
  });

  test('that meets its refund in the same instant went back', async () => {
    for (let time = 0; time < 10; time += 1) {
      const [intentId, { holdId: of }] = [newIntent(), await ordered(world, await world.sale())];
      // Stripe's refund names no hold: nothing but the intent says that these two are about one payment.
      await Promise.all([
        refund(intentId),
        pay(world, of, intentId),
        refund(intentId),
        pay(world, of, intentId),
      ]);
      expect(await paymentsOf(intentId)).toMatchObject([{ refundReference: `ch_${intentId}` }]);
    }
  });
});
