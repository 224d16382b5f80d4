import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { deliveries, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { PARKED_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { placeOrder } from '../orders/orders.ts';
import { moveSale } from '../sales/sales.ts';
import { audit } from '../test/audit.ts';
import { hold, order, pay, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { recordDelivery } from './deliveries.ts';
import { workOffInbox } from './inbox.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** An intent that no other test has. */
let intents = 0;
function newIntent(): string {
  intents += 1;
  return `pi_payments_${intents}`;
}

async function heldId(sale: OneSale, quantity = 1): Promise<string> {
  return (await hold(world, sale.productId, { quantity })).body.data.hold_id;
}

async function ordered(sale: OneSale, quantity = 1) {
  const [holdId, intentId] = [await heldId(sale, quantity), newIntent()];
  const placed = await order(world, holdId, intentId);
  return { holdId, intentId, orderId: placed.body.data.order_id };
}

function paymentsOf(intentId: string) {
  return statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );
}

function deliveriesOf(intentId: string) {
  return statement(world.services.mysql, (sql) =>
    sql.select().from(deliveries).where(eq(deliveries.intentId, intentId)).orderBy(deliveries.id),
  );
}

/** Makes the deliveries of an intent older than they are. */
function letTimePass(intentId: string, ms: number) {
  const back = raw`interval ${ms * 1_000} microsecond`;
  return statement(world.services.mysql, (sql) =>
    sql
      .update(deliveries)
      .set({
        receivedAt: raw`received_at - ${back}`,
        lastReceivedAt: raw`last_received_at - ${back}`,
        nextAttemptAt: raw`next_attempt_at - ${back}`,
      })
      .where(eq(deliveries.intentId, intentId)),
  );
}

async function orderState(holdId: string) {
  const rows = await statement(world.services.mysql, (sql) =>
    sql.select().from(orders).where(eq(orders.holdId, holdId)),
  );
  return rows[0]?.state;
}

describe('a webhook is refused with what is wrong, by field, and is not recorded', () => {
  const HOLD = 'must be a UUID';
  const INTENT = 'must be a string of 1 to 255 printable characters without spaces';
  const AMOUNT = 'must be a number from 0 to 1000000000000';
  const CURRENCY = 'must be a currency of three capital letters, such as USD';
  const REFUSED: [string, unknown, string][] = [
    ['hold_id', undefined, 'is required'],
    ['hold_id', null, HOLD],
    ['hold_id', 'not-a-uuid', HOLD],
    ['hold_id', `urn:uuid:${crypto.randomUUID()}`, HOLD],
    ['payment_intent_id', undefined, 'is required'],
    ['payment_intent_id', 7, INTENT],
    ['payment_intent_id', 'pi 1', INTENT],
    ['payment_intent_id', 'a'.repeat(256), INTENT],
    ['amount', '19.99', AMOUNT],
    ['amount', -0.01, AMOUNT],
    ['amount', 1e13, AMOUNT],
    ['amount', null, AMOUNT],
    ['currency', 'eur', CURRENCY],
    ['currency', 'EURO', CURRENCY],
    ['currency', 978, CURRENCY],
    ['status', 'paid', 'is not a known field'],
  ];
  test.each(REFUSED)('%s: %j %s', async (field, value, message) => {
    const before = await countDeliveries();
    const fields = { hold_id: crypto.randomUUID(), payment_intent_id: 'pi_refused', [field]: value };
    for (const event of ['success', 'failed']) {
      const { status, body } = await send(world, 'POST', `/api/webhook/payment-${event}`, fields);
      expect([status, body.code]).toEqual([400, 'bad_request']);
      expect(body.errors).toEqual({ [field]: [message] });
    }
    expect(await countDeliveries()).toBe(before);
  });

  test('a webhook-id or Idempotency-Key that is not usable', async () => {
    for (const name of ['webhook-id', 'Idempotency-Key']) {
      const answer = await pay(world, crypto.randomUUID(), 'pi_bad_key', {}, { [name]: 'a'.repeat(256) });
      expect([answer.status, answer.body.code]).toEqual([400, 'bad_request']);
      expect(answer.body.errors).toEqual({ [name]: ['must be 1 to 255 printable characters'] });
    }
    expect(await deliveriesOf('pi_bad_key')).toEqual([]);
  });

  async function countDeliveries(): Promise<number> {
    return statement(world.services.mysql, (sql) => sql.$count(deliveries));
  }
});

describe('a payment in time', () => {
  test('pays its order, once however often it is told (I5)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intentId, orderId } = await ordered(sale, 2);
    const answers = [];
    for (let time = 0; time < 3; time += 1) answers.push(await pay(world, holdId, intentId));
    const receipt = { hold_id: holdId, order_id: orderId, status: 'paid', payment: 'applied' };
    for (const { status, body } of answers) expect([status, body.data]).toEqual([200, receipt]);
    const [payment] = await paymentsOf(intentId);
    expect(payment).toMatchObject({ orderId, amountMinor: 3_998, currency: 'EUR', disposition: 'applied' });
    expect((await order(world, holdId, intentId)).body.data.status).toBe('paid');
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 2, available: 3, drift: 0 });
  });

  test('told by 50 identical webhooks at once is one payment and one sale (I5)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intentId, orderId } = await ordered(sale);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => pay(world, holdId, intentId, {}, { 'webhook-id': 'msg_50' })),
    );
    const receipt = { hold_id: holdId, order_id: orderId, status: 'paid', payment: 'applied' };
    for (const { status, body } of answers) expect([status, body.data]).toEqual([200, receipt]);
    expect(await paymentsOf(intentId)).toHaveLength(1);
    const recorded = await deliveriesOf(intentId);
    expect(recorded.map(({ receivedCount, state }) => [receivedCount, state])).toEqual([[50, 'processed']]);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, available: 4, drift: 0 });
  });

  test('told under many names is one payment (I5)', async () => {
    const { holdId, intentId } = await ordered(await world.sale());
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        pay(world, holdId.toUpperCase(), intentId, {}, { 'Idempotency-Key': `attempt ${index}` }),
      ),
    );
    for (const { status, body } of answers) expect([status, body.data.payment]).toEqual([200, 'applied']);
    expect(await paymentsOf(intentId)).toHaveLength(1);
    expect(await deliveriesOf(intentId)).toHaveLength(20);
  });

  test('is not lost when its key was used for another payment', async () => {
    const sale = await world.sale();
    const [one, other] = [await ordered(sale), await ordered(sale)];
    const key = { 'Idempotency-Key': 'the same for all' };
    for (const { holdId, intentId } of [one, other, one]) {
      expect((await pay(world, holdId, intentId, {}, key)).body.data.payment).toBe('applied');
    }
    const failedAfter = await pay(world, other.holdId, other.intentId, { event: 'failed' }, key);
    expect(failedAfter.body.data.status).toBe('paid');
    for (const { intentId } of [one, other]) expect(await paymentsOf(intentId)).toHaveLength(1);
  });

  test('counts whatever became of its sale', async () => {
    const sale = await world.sale();
    const { holdId, intentId } = await ordered(sale);
    await moveSale(world.services, sale.saleId, 'draining');
    expect((await pay(world, holdId, intentId)).body.data.status).toBe('paid');
  });

  test('is recorded with what was sent, but for credentials (I6)', async () => {
    const { holdId, intentId } = await ordered(await world.sale());
    const headers = { authorization: 'Bearer not-to-be-kept', 'webhook-id': 'msg_kept' };
    await pay(world, holdId, intentId, { amount: 19.99, currency: 'EUR' }, headers);
    const [delivery] = await deliveriesOf(intentId);
    expect(delivery).toMatchObject({ senderKey: 'msg_kept', holdId, signed: 0, outcome: 'applied' });
    expect(JSON.parse(delivery?.body ?? '')).toMatchObject({ payment_intent_id: intentId, amount: 19.99 });
    expect(delivery?.headers).not.toContain('not-to-be-kept');
  });
});

describe('the amount of a payment', () => {
  test('is right in its own currency, whatever its minor unit', async () => {
    const right: [string, number, number][] = [
      ['EUR', 1_999, 19.99],
      ['USD', 30, 0.3],
      ['JPY', 1_999, 1_999],
      ['KWD', 12_345, 12.345],
    ];
    for (const [currency, priceMinor, amount] of right) {
      const { holdId, intentId } = await ordered(await world.sale({ currency, priceMinor }));
      const { body } = await pay(world, holdId, intentId, { amount, currency });
      expect([currency, body.data.payment]).toEqual([currency, 'applied']);
    }
  });

  test('or its currency being wrong is a mismatch: recorded, and the order is not paid', async () => {
    const sale = await world.sale();
    const wrong = [
      { amount: 19.98 },
      { amount: 20 },
      { amount: 0 },
      { amount: 1_999 },
      { amount: 19.991 },
      { currency: 'USD' },
      { amount: 19.99, currency: 'JPY' },
      { amount: 19.99, currency: 'KWD' },
    ];
    for (const stated of wrong) {
      const { holdId, intentId, orderId } = await ordered(sale);
      const { status, body } = await pay(world, holdId, intentId, stated);
      const receipt = { hold_id: holdId, order_id: orderId, status: 'pending', payment: 'mismatch' };
      expect([status, body.data]).toEqual([200, receipt]);
      expect(await orderState(holdId)).toBe('pending');
      expect(await paymentsOf(intentId)).toHaveLength(1);
    }
  });

  test('is a mismatch too when the payment names the hold of somebody else', async () => {
    const sale = await world.sale();
    const [mine, theirs] = [await ordered(sale), await ordered(sale)];
    const { body } = await pay(world, theirs.holdId, mine.intentId);
    expect(body.data).toMatchObject({ hold_id: mine.holdId, status: 'pending', payment: 'mismatch' });
    expect(await orderState(theirs.holdId)).toBe('pending');
  });

  test('of a second intent for one hold is owed back, and the first stands (I5)', async () => {
    const { holdId, intentId } = await ordered(await world.sale());
    const second = newIntent();
    const early = await pay(world, holdId, second);
    expect(early.body.data).toMatchObject({ status: 'pending', payment: 'refund_due' });
    expect((await pay(world, holdId, intentId)).body.data).toMatchObject({
      status: 'paid',
      payment: 'applied',
    });
    const late = await pay(world, holdId, newIntent());
    expect(late.body.data).toMatchObject({ status: 'paid', payment: 'refund_due' });
    expect((await pay(world, holdId, second)).body.data).toMatchObject({
      status: 'paid',
      payment: 'refund_due',
    });
    expect(await paymentsOf(second)).toHaveLength(1);
  });
});

describe('a payment that is faster than its order', () => {
  test('is 404 but recorded, and the order is answered as paid (I6)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const [holdId, intentId] = [await heldId(sale), newIntent()];
    for (let time = 0; time < 2; time += 1) {
      const early = await pay(world, holdId, intentId);
      expect([early.status, early.body.code]).toEqual([404, 'payment_intent_unknown']);
    }
    const [parked] = await deliveriesOf(intentId);
    expect(parked).toMatchObject({ state: 'parked', receivedCount: 2 });
    const placed = await order(world, holdId, intentId);
    expect([placed.status, placed.body.data.status]).toEqual([201, 'paid']);
    expect(await paymentsOf(intentId)).toMatchObject([{ disposition: 'applied' }]);
    expect((await pay(world, holdId, intentId)).status).toBe(200);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, drift: 0 });
  });

  test('is applied by a worker when the process that placed the order died before it could', async () => {
    const sale = await world.sale();
    const [holdId, intentId] = [await heldId(sale), newIntent()];
    await pay(world, holdId, intentId);
    const placed = await placeOrder(world.services, { holdId, paymentIntentId: intentId });
    expect(placed).toMatchObject({ kind: 'created', order: { state: 'pending' } });
    await letTimePass(intentId, 3_000);
    await workOffInbox(world.services);
    expect(await orderState(holdId)).toBe('paid');
    expect(await deliveriesOf(intentId)).toMatchObject([{ state: 'processed', outcome: 'applied' }]);
  });

  test('that failed cancels the order, unless a success was parked with it', async () => {
    const sale = await world.sale({ allotment: 5 });
    const [failed, both] = [await heldId(sale), await heldId(sale)];
    const [failedIntent, bothIntent] = [newIntent(), newIntent()];
    await pay(world, failed, failedIntent, { event: 'failed' });
    await pay(world, both, bothIntent, { event: 'failed' });
    await pay(world, both, bothIntent);
    expect((await order(world, failed, failedIntent)).body.data.status).toBe('cancelled');
    expect((await order(world, both, bothIntent)).body.data.status).toBe('paid');
    await until(async () => (await audit(world.services, sale.saleId)).available === 4);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, held: 0, drift: 0 });
  });

  test('is unmatched, and money is owed back, when no order ever comes', async () => {
    const sale = await world.sale();
    const [holdId, intentId] = [await heldId(sale), newIntent()];
    await pay(world, holdId, intentId);
    await letTimePass(intentId, PARKED_MAX_MS + 1_000);
    await workOffInbox(world.services);
    await workOffInbox(world.services);
    expect(await paymentsOf(intentId)).toMatchObject([{ disposition: 'unmatched', orderId: null }]);
    expect(await deliveriesOf(intentId)).toMatchObject([{ state: 'processed', outcome: 'unmatched' }]);
  });
});

test('a delivery that was recorded by a process that died is processed by a worker (I6)', async () => {
  const { holdId, intentId } = await ordered(await world.sale());
  await recordDelivery(world.services, {
    provider: 'native',
    senderKey: null,
    isSigned: false,
    headers: {},
    body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }),
    facts: { event: 'payment_success', holdId, intentId, amount: null, currency: null },
  });
  await workOffInbox(world.services);
  // Whoever recorded it may still be at work.
  expect(await orderState(holdId)).toBe('pending');
  await letTimePass(intentId, 3_000);
  await workOffInbox(world.services);
  expect(await orderState(holdId)).toBe('paid');
  expect(await paymentsOf(intentId)).toHaveLength(1);
});
