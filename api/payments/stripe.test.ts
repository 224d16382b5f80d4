import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { eq } from 'drizzle-orm';
import fc from 'fast-check';
import { deliveries, payments } from '@flash-sale/drizzle/schema.ts';
import type { StripeEvent } from '@flash-sale/shared/contracts/payment.ts';
import { WEBHOOK_TOLERANCE_S } from '@flash-sale/shared/limits.ts';
import { readConfig } from '../config.ts';
import { statement } from '../mysql/transaction.ts';
import { listen } from '../server.ts';
import { order, pay } from '../test/client.ts';
import { held, look, newIntent, ordered } from '../test/matrix/buyer.ts';
import { startApi } from '../test/api-process.ts';
import { seedFrom } from '../test/seeded.ts';
import { ageDeliveries, expire, settle } from '../test/settling.ts';
import {
  chargeObject,
  intentObject,
  stripeEvent,
  stripeSignature,
  tellStripe,
} from '../test/stripe-events.ts';
import { createWorld, type World } from '../test/world.ts';
import { workOffInbox } from './inbox.ts';
import { checkStripeSignature, stripeFacts } from './stripe.ts';

const newSecret = () => `whsec_${randomBytes(24).toString('base64url')}`;
const [OLD, NEW, UNKNOWN] = [newSecret(), newSecret(), newSecret()];

let world: World;
/** Without a secret, and not in production. */
let open: World;
beforeAll(async () => {
  world = await createWorld({ env: { STRIPE_WEBHOOK_SECRET: `${NEW}, ${OLD}` } });
  open = await createWorld();
});
afterAll(() => Promise.all([world.close(), open.close()]));

const deliveriesOf = (intentId: string) =>
  statement(world.services.mysql, (sql) =>
    sql.select().from(deliveries).where(eq(deliveries.intentId, intentId)).orderBy(deliveries.id),
  );
const paymentsOf = (intentId: string) =>
  statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );
const countDeliveries = () => statement(world.services.mysql, (sql) => sql.$count(deliveries));

async function tell(body: string) {
  const { status, body: reply } = await tellStripe(world, body, await stripeSignature(body, NEW));
  return [status, reply.code ?? reply.data.outcome];
}

const succeeded = (intentId: string, more?: Record<string, unknown>) =>
  stripeEvent('payment_intent.succeeded', intentObject(intentId, { amount_received: 3_998, ...more }));

describe("a signature in Stripe's own scheme", () => {
  test('is taken by each of the secrets, so that they can be rotated', async () => {
    const sale = await world.sale();
    for (const secret of [OLD, NEW]) {
      const { intentId } = await ordered(world, sale);
      const body = succeeded(intentId);
      const answer = await tellStripe(world, body, await stripeSignature(body, secret));
      expect([answer.status, answer.body.data]).toEqual([200, { outcome: 'applied' }]);
      expect(await deliveriesOf(intentId)).toMatchObject([{ provider: 'stripe', signed: 1 }]);
    }
  });

  test('is taken while Stripe signs with two secrets at once', async () => {
    const { intentId } = await ordered(world, await world.sale());
    const body = succeeded(intentId);
    const [ours, theirs] = await Promise.all([NEW, UNKNOWN].map((secret) => stripeSignature(body, secret)));
    const v1 = /v1=\w+/.exec(ours ?? '')?.[0];
    expect((await tellStripe(world, body, `${theirs},${v1}`)).status).toBe(200);
  });

  test('is taken up to five minutes late', async () => {
    const { intentId } = await ordered(world, await world.sale());
    const body = succeeded(intentId);
    const late = await stripeSignature(body, NEW, WEBHOOK_TOLERANCE_S - 5);
    expect((await tellStripe(world, body, late)).status).toBe(200);
  });

  const FORGED: [string, (body: string) => Promise<[string, string | undefined]>][] = [
    ['that is missing', async (body) => [body, undefined]],
    ['that is empty', async (body) => [body, '']],
    ['of another secret', async (body) => [body, await stripeSignature(body, UNKNOWN)]],
    ['of another body', async (body) => [body.replace('19', '18'), await stripeSignature(body, NEW)]],
    ['too old', async (body) => [body, await stripeSignature(body, NEW, WEBHOOK_TOLERANCE_S + 5)]],
    ['without its time', async (body) => [body, (await stripeSignature(body, NEW)).replace(/t=\d+,/, '')]],
    ['of another scheme', async (body) => [body, (await stripeSignature(body, NEW)).replace('v1=', 'v0=')]],
    ['of another time', async (body) => [body, (await stripeSignature(body, NEW)).replace('t=1', 't=2')]],
  ];
  test.each(FORGED)('%s: 401, and nothing is recorded', async (_, forge) => {
    const { intentId } = await ordered(world, await world.sale());
    const before = await countDeliveries();
    const [body, signature] = await forge(stripeEvent('payment_intent.succeeded', intentObject(intentId)));
    const answer = await tellStripe(world, body, signature);
    expect([answer.status, answer.body.code]).toEqual([401, 'signature_invalid']);
    expect(await countDeliveries()).toBe(before);
  });

  test('may be missing without a secret, but not in production', async () => {
    const body = stripeEvent('customer.created', { object: 'customer' });
    expect((await tellStripe(open, body)).status).toBe(200);
    const native = { WEBHOOK_SECRET: 'a secret that is as long as it has to be' };
    const api = await startApi(open, { env: { NODE_ENV: 'production', ...native } });
    const signed = await stripeSignature(body, NEW);
    for (const signature of [undefined, signed]) {
      expect((await tellStripe(api, body, signature)).body.code).toBe('signature_invalid');
    }
    await api.kill();
  });

  test('is verified whatever kind of event it is of', async () => {
    const thin = JSON.stringify({ id: 'evt_thin', object: 'v2.core.event', type: 'v2.core.account.updated' });
    expect(await checkStripeSignature([OLD, NEW], await stripeSignature(thin, NEW), thin)).toBe('valid');
    expect(await checkStripeSignature([OLD], await stripeSignature(thin, NEW), thin)).toBe('invalid');
    expect(await tell(thin)).toEqual([200, 'recorded']);
    expect(await tell('[]')).toEqual([400, 'bad_request']);
    expect(await tell('{"id":"evt_1"')).toEqual([400, 'bad_request']);
  });
});

describe('the configuration', () => {
  test('takes several of Stripe secrets, none that is too short, and shows none', () => {
    const read = (text: string) => readConfig({ STRIPE_WEBHOOK_SECRET: text }).STRIPE_WEBHOOK_SECRET;
    expect([read(''), read(`${OLD} ,${NEW}`)]).toEqual([[], [OLD, NEW]]);
    for (const weak of ['whsec_short', `${OLD},`, `${OLD},hunter2`, `${OLD} ${NEW}`]) {
      expect(() => read(weak)).toThrow(
        /STRIPE_WEBHOOK_SECRET: expected [^\n]*, got a value that is not shown/,
      );
    }
  });
});

describe('a Stripe event', () => {
  test('that says a payment succeeded pays the order of its intent', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { holdId, intentId } = await ordered(world, sale);
    const body = succeeded(intentId, { metadata: { hold_id: holdId.toUpperCase() } });
    for (let time = 0; time < 2; time += 1) expect(await tell(body)).toEqual([200, 'applied']);
    expect((await order(world, holdId, intentId)).body.data.status).toBe('paid');
    expect(await paymentsOf(intentId)).toMatchObject([
      { provider: 'stripe', amountMinor: 3_998, currency: 'EUR', disposition: 'applied' },
    ]);
    expect(await deliveriesOf(intentId)).toMatchObject([
      { receivedCount: 2, holdId, event: 'payment_success' },
    ]);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8 });
  });

  test('of a wrong amount, currency or hold is a mismatch; a partial capture is a wrong amount', async () => {
    const sale = await world.sale();
    const wrong = [
      { amount_received: 3_997 },
      { amount_received: 1_999, amount: 3_998 },
      { currency: 'usd' },
      { metadata: { hold_id: crypto.randomUUID() } },
    ];
    for (const stated of wrong) {
      const { holdId, intentId } = await ordered(world, sale);
      expect(await tell(succeeded(intentId, stated))).toEqual([200, 'mismatch']);
      expect((await order(world, holdId, intentId)).body.data.status).toBe('pending');
    }
  });

  test('of a failed or cancelled payment cancels the order', async () => {
    const sale = await world.sale({ allotment: 10 });
    for (const kind of ['payment_failed', 'canceled']) {
      const { intentId } = await ordered(world, sale);
      const body = stripeEvent(`payment_intent.${kind}`, intentObject(intentId, { amount_received: 0 }));
      expect(await tell(body)).toEqual([200, 'cancelled']);
    }
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10 });
  });

  test('that is faster than its order is answered 200, parked, and applied with the order', async () => {
    const sale = await world.sale();
    const [holdId, intentId] = [await held(world, sale), newIntent()];
    expect(await tell(succeeded(intentId))).toEqual([200, 'parked']);
    expect((await order(world, holdId, intentId)).body.data.status).toBe('paid');
  });

  test('of any other kind is recorded, with the payment it is about, if there is one', async () => {
    const { intentId } = await ordered(world, await world.sale());
    const others = [
      stripeEvent('payment_intent.created', intentObject(intentId)),
      stripeEvent('charge.succeeded', chargeObject(intentId, { refunded: false })),
      stripeEvent('charge.refunded', chargeObject(intentId, { refunded: false, amount_refunded: 100 })),
      stripeEvent('charge.dispute.created', { object: 'dispute', payment_intent: intentId }),
    ];
    for (const body of others) expect(await tell(body)).toEqual([200, 'recorded']);
    expect((await deliveriesOf(intentId)).map(({ event }) => event)).toEqual([
      'payment_intent.created',
      'charge.succeeded',
      'charge.refunded',
      'charge.dispute.created',
    ]);
    const aboutNoPayment = stripeEvent('payout.paid', { object: 'payout', payment_intent: null });
    expect(await tell(aboutNoPayment)).toEqual([200, 'recorded']);
    const longest = stripeEvent(`v2.core.${'x'.repeat(200)}`, {});
    expect(await tell(longest)).toEqual([200, 'recorded']);
    expect((await deliveriesOf('')).at(-1)).toMatchObject({
      event: `v2.core.${'x'.repeat(56)}`,
      state: 'processed',
      outcome: 'recorded',
    });
    expect(await paymentsOf(intentId)).toEqual([]);
  });

  test('is answered 200 once it is recorded, though it cannot be processed yet (I6)', async () => {
    const sale = await world.sale();
    const { intentId } = await ordered(world, sale);
    const died = await world.another((point) => {
      if (point === 'payment.committed') throw new Error('as if killed here');
    });
    const listening = listen(died);
    const body = succeeded(intentId);
    const answer = await tellStripe({ listening }, body, await stripeSignature(body, NEW));
    await listening.stop();
    expect([answer.status, answer.body.data.outcome]).toEqual([200, 'received']);
    await ageDeliveries(world.services);
    await workOffInbox(world.services);
    expect(await paymentsOf(intentId)).toMatchObject([{ disposition: 'applied' }]);
  });
});

test("Stripe's events are answered 200 whatever is written into them", async () => {
  const intentIds = [newIntent(), (await ordered(open, await open.sale())).intentId];
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(null, '', -1, 1.5, 1e308, 'ü', '\ud800', '\0'),
  );
  const oneOf = (...values: unknown[]) => fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, odd);
  const objects = fc.record(
    {
      object: oneOf('payment_intent', 'charge'),
      id: oneOf(...intentIds, 'ch_1'),
      payment_intent: oneOf(...intentIds),
      amount: oneOf(1_999, 3_998),
      amount_received: oneOf(1_999, 3_998),
      currency: oneOf('eur', 'isk'),
      refunded: oneOf(true, false),
      refunds: oneOf({ data: [{ id: 're_1' }] }),
      metadata: oneOf({ hold_id: crypto.randomUUID() }),
    },
    { requiredKeys: [] },
  );
  const types = fc.constantFrom(
    'payment_intent.succeeded',
    'payment_intent.payment_failed',
    'payment_intent.canceled',
    'charge.refunded',
    'payment_success',
    'toString',
  );
  const seed = seedFrom('STRIPE_SEED');
  const events = fc.sample(fc.tuple(types, objects), { seed, numRuns: 1_000 });
  const answered = await Promise.all(
    events.map(async ([type, object]) => {
      const { status } = await tellStripe(open, stripeEvent(type, object as Record<string, unknown>));
      return status === 200 ? [] : [{ seed, status, type, object }];
    }),
  );
  expect(answered.flat()).toEqual([]);
});

describe('one intent that is told by two providers', () => {
  test('is one payment, whoever is first (I5)', async () => {
    const sale = await world.sale({ allotment: 20 });
    for (const first of ['native', 'stripe'] as const) {
      const { holdId, intentId } = await ordered(world, sale);
      const tellers = {
        native: async () => (await pay(world, holdId, intentId)).body.data.payment,
        stripe: async () => (await tell(succeeded(intentId)))[1],
      };
      const second = first === 'native' ? 'stripe' : 'native';
      expect([await tellers[first](), await tellers[second]()]).toEqual(['applied', 'applied']);
      expect(await paymentsOf(intentId)).toMatchObject([{ provider: first, disposition: 'applied' }]);
    }
    expect(await look(world.services, sale)).toMatchObject({ committed: 4, available: 16 });
  });

  test('at once, 20 times each, in time, late and of a second intent, is one payment (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const inTime = await ordered(world, sale);
    const late = await ordered(world, sale);
    const second = { ...inTime, intentId: newIntent() };
    await expire(world.services, sale.saleId, [late.orderId]);
    for (const { holdId, intentId } of [inTime, late, second]) {
      const tellings = Array.from({ length: 20 }, (_, nth) => [
        pay(world, holdId, intentId, {}, { 'webhook-id': `msg_${nth}_${intentId}` }),
        tell(succeeded(intentId, { metadata: { hold_id: holdId } })),
      ]);
      await Promise.all(tellings.flat());
      expect(await paymentsOf(intentId)).toHaveLength(1);
    }
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 4, available: 16, pinned: 0 });
  });

  test('and by neither with an order is one payment that is owed back (I5)', async () => {
    const intentId = newIntent();
    await tell(succeeded(intentId));
    await pay(world, crypto.randomUUID(), intentId);
    await statement(world.services.mysql, (sql) =>
      sql.execute(`UPDATE deliveries SET received_at = received_at - INTERVAL 2 HOUR, next_attempt_at = received_at
        WHERE intent_id = '${intentId}'`),
    );
    const others = await Promise.all([world.another(), world.another()]);
    await Promise.all(others.map(workOffInbox));
    expect(await paymentsOf(intentId)).toMatchObject([{ disposition: 'unmatched', orderId: null }]);
    expect(await deliveriesOf(intentId)).toMatchObject([{ outcome: 'unmatched' }, { outcome: 'unmatched' }]);
  });
});

describe('what a Stripe event states', () => {
  const factsOf = (type: string, object: Record<string, unknown>) =>
    stripeFacts(JSON.parse(stripeEvent(type, object)) as StripeEvent);

  test('is in minor units, which for a few currencies are not those of ISO 4217', () => {
    const stated = (amount_received: number, currency: string) =>
      factsOf('payment_intent.succeeded', intentObject('pi_1', { amount_received, currency }));
    expect(stated(1_999, 'eur')).toMatchObject({ amount: 19.99, currency: 'EUR' });
    expect(stated(500, 'jpy')).toMatchObject({ amount: 500, currency: 'JPY' });
    expect(stated(5_124, 'kwd')).toMatchObject({ amount: 5.124, currency: 'KWD' });
    expect(stated(50_000, 'isk')).toMatchObject({ amount: 500, currency: 'ISK' });
    expect(stated(50_000, 'ugx')).toMatchObject({ amount: 500, currency: 'UGX' });
    expect(stated(-1, 'eur')).toMatchObject({ amount: null, currency: null });
    expect(stated(1.5, 'eur')).toMatchObject({ amount: null, currency: null });
  });

  test('of a refund is its name where it is listed, else that of the charge', () => {
    const refunds = { data: [{ id: 're_1' }] };
    const reference = (more: object) => factsOf('charge.refunded', chargeObject('pi_1', { ...more }));
    expect(reference({ refunds })).toMatchObject({ refundReference: 're_1', event: 'payment_refunded' });
    for (const unlisted of [{}, { refunds: null }, { refunds: { data: [] } }, { refunds: 7 }]) {
      expect(reference(unlisted)).toMatchObject({ refundReference: 'ch_pi_1' });
    }
  });

  test('is nothing to act upon without an intent that can be one', () => {
    for (const id of [undefined, null, 7, '', 'pi 1', 'ü', 'x'.repeat(256), {}]) {
      expect(factsOf('payment_intent.succeeded', intentObject('pi_1', { id }))).toMatchObject({
        event: 'other',
        intentId: '',
      });
    }
    for (const metadata of [null, [], 'x', { hold_id: 7 }, { hold_id: 'not a uuid' }]) {
      expect(factsOf('payment_intent.succeeded', intentObject('pi_1', { metadata })).holdId).toBeNull();
    }
  });
});
