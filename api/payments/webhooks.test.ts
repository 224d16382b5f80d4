import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { asc, eq } from 'drizzle-orm';
import { deliveries, deliveryAttempts } from '@flash-sale/drizzle/schema.ts';
import {
  COUNTED_EVENTS,
  COUNTED_OUTCOMES,
  type DeliveryRow,
  type DeliveryView,
} from '@flash-sale/shared/contracts/webhook.ts';
import { ATTEMPTS_SHOWN_MAX } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { ops, order, pay } from '../test/client.ts';
import { held, newIntent, ordered } from '../test/matrix/buyer.ts';
import { ageDeliveries } from '../test/settling.ts';
import { intentObject, stripeEvent, tellStripe } from '../test/stripe-events.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { recordDelivery } from './deliveries.ts';
import { workOffInbox } from './inbox.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Page {
  items: DeliveryRow[];
  next_cursor: string | null;
}

async function list(query: Record<string, string>): Promise<Page> {
  const answer = await ops<Page>(world, 'GET', `/ops/webhooks?${new URLSearchParams(query).toString()}`);
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body.data;
}

const idsOf = async (query: Record<string, string>) => (await list(query)).items.map(({ id }) => id);

const read = async (id: number) => (await ops<DeliveryView>(world, 'GET', `/ops/webhooks/${id}`)).body.data;

const attemptsOf = (deliveryId: number) =>
  statement(world.services.mysql, (sql) =>
    sql
      .select()
      .from(deliveryAttempts)
      .where(eq(deliveryAttempts.deliveryId, deliveryId))
      .orderBy(asc(deliveryAttempts.id)),
  );

describe('the inbox', () => {
  test('lists newest first, in pages, and each delivery once', async () => {
    const sale = await world.sale();
    const prefix = `pi_pages_${crypto.randomUUID().slice(0, 8)}`;
    for (let nth = 0; nth < 5; nth += 1) await pay(world, await held(world, sale), `${prefix}_${nth}`);
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await list({ q: prefix, limit: '2', ...(cursor === null ? {} : { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
    expect(new Set(seen).size).toBe(5);
  });

  test('finds deliveries by state, event, provider and outcome', async () => {
    const sale = await world.sale();
    const { holdId, intentId } = await ordered(world, sale);
    await pay(world, holdId, intentId, { event: 'failed' });
    await tellStripe(world, stripeEvent('payment_intent.created', intentObject(intentId)));
    const [recorded = 0, cancelled = 0] = await idsOf({ q: intentId });
    const found: [Record<string, string>, number[]][] = [
      [{ provider: 'native' }, [cancelled]],
      [{ provider: 'stripe' }, [recorded]],
      [{ event: 'payment_failed' }, [cancelled]],
      [{ event: 'payment_intent.created' }, [recorded]],
      [{ outcome: 'cancelled' }, [cancelled]],
      [{ outcome: 'recorded', state: 'processed' }, [recorded]],
      [{ state: 'parked' }, []],
    ];
    for (const [query, ids] of found) {
      expect([query, await idsOf({ q: intentId, ...query })]).toEqual([query, ids]);
    }
  });

  test('finds deliveries by the beginning of an intent, a hold or a sender key, and by id', async () => {
    const sale = await world.sale();
    const { holdId, intentId } = await ordered(world, sale);
    const senderKey = `msg_100%_${crypto.randomUUID()}`;
    await pay(world, holdId, intentId, {}, { 'webhook-id': senderKey });
    const byStripe = stripeEvent(
      'payment_intent.succeeded',
      intentObject(intentId),
      `evt_${crypto.randomUUID()}`,
    );
    await tellStripe(world, byStripe);
    const [stripe = 0, native = 0] = await idsOf({ q: intentId });
    const found: [string, number[]][] = [
      [intentId.slice(0, -1), [stripe, native]],
      [intentId.toUpperCase(), []],
      // Stripe does not know the hold; its order does.
      [holdId, [stripe, native]],
      [holdId.toUpperCase().slice(0, 20), [stripe, native]],
      [holdId.replaceAll('-', ''), [stripe, native]],
      [senderKey.slice(0, 20), [native]],
      [senderKey.replace('%', '_'), []],
      [(JSON.parse(byStripe) as { id: string }).id, [stripe]],
      [crypto.randomUUID(), []],
    ];
    for (const [q, ids] of found) expect([q, await idsOf({ q })]).toEqual([q, ids]);
    expect(await idsOf({ q: String(native) })).toContain(native);
  });

  test('refuses filters that can match nothing, by name', async () => {
    const refused = [
      ['state', 'gone'],
      ['provider', 'paypal'],
      ['outcome', 'paid back'],
      ['event', 'ü'],
      ['q', 'a b'],
      ['q', ''],
      ['cursor', 'x'],
      ['limit', '201'],
    ] as const;
    for (const [name, value] of refused) {
      const query = new URLSearchParams({ [name]: value });
      const answer = await ops(world, 'GET', `/ops/webhooks?${query.toString()}`);
      expect([name, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([name, 400, [name]]);
    }
  });
});

describe('a delivery', () => {
  test('is shown as it was received, with its payment and its order, and without credentials', async () => {
    const { holdId, intentId, orderId } = await ordered(world, await world.sale());
    const headers = {
      'webhook-id': `msg_${intentId}`,
      'webhook-signature': 'v1,kept',
      authorization: 'Bearer not-to-be-kept',
      cookie: 'session=not-to-be-kept',
      'x-api-key': 'not-to-be-kept',
      'x-auth-token': 'not-to-be-kept',
    };
    await pay(world, holdId, intentId, { amount: 39.98, currency: 'EUR' }, headers);
    await pay(world, holdId, intentId, { amount: 39.98, currency: 'EUR' }, headers);
    const [id = 0] = await idsOf({ q: intentId });
    const seen = await read(id);
    expect(seen).toMatchObject({
      id,
      provider: 'native',
      event: 'payment_success',
      state: 'processed',
      outcome: 'applied',
      payment_intent_id: intentId,
      hold_id: holdId,
      sender_key: `msg_${intentId}`,
      signature: 'unsigned',
      received_count: 2,
      attempts: 2,
      next_attempt_at: null,
      payment: {
        provider: 'native',
        disposition: 'applied',
        amount: 39.98,
        currency: 'EUR',
        delivery_id: id,
      },
      order: { order_id: orderId, hold_id: holdId, state: 'paid', amount: 39.98, refund_reference: null },
    });
    expect(JSON.parse(seen.body)).toEqual({
      hold_id: holdId,
      payment_intent_id: intentId,
      amount: 39.98,
      currency: 'EUR',
    });
    expect(seen.headers).toMatchObject({
      'webhook-signature': 'v1,kept',
      'content-type': 'application/json',
    });
    expect(JSON.stringify(seen)).not.toContain('not-to-be-kept');
    const kept = await statement(world.services.mysql, (sql) =>
      sql.select().from(deliveries).where(eq(deliveries.id, id)),
    );
    expect(JSON.stringify(kept)).not.toContain('not-to-be-kept');
  });

  test('that is about no payment is shown too', async () => {
    await tellStripe(world, stripeEvent('payout.paid', { object: 'payout' }, 'evt_about_nothing'));
    const [id = 0] = await idsOf({ q: 'evt_about_nothing' });
    expect(await read(id)).toMatchObject({ payment_intent_id: null, payment: null, order: null });
    for (const unknown of ['0', '4000000000', 'x', '1e3']) {
      const answer = await ops(world, 'GET', `/ops/webhooks/${unknown}`);
      expect([answer.status, answer.body.code]).toEqual([404, 'delivery_not_found']);
    }
  });
});

describe('an attempt', () => {
  test('is written each time something is made of a delivery: arrival, worker, order', async () => {
    const sale = await world.sale();
    const [holdId, intentId] = [await held(world, sale), newIntent()];
    await pay(world, holdId, intentId);
    await pay(world, holdId, intentId);
    await order(world, holdId, intentId);
    const [id = 0] = await idsOf({ q: intentId });
    const attempts = await attemptsOf(id);
    expect(attempts.map(({ cause, outcome, fault }) => [cause, outcome, fault])).toEqual([
      ['arrival', 'parked', null],
      ['arrival', 'parked', null],
      ['worker', 'applied', null],
    ]);
    for (const { durationMs } of attempts) expect(durationMs).toBeLessThan(5_000);
    expect((await read(id)).latest_attempts.map(({ cause }) => cause)).toEqual([
      'worker',
      'arrival',
      'arrival',
    ]);
  });

  test('that failed says why, in words that tell nothing of the inside, and the next one succeeds', async () => {
    const { holdId, intentId } = await ordered(world, await world.sale());
    const id = await recordDelivery(world.services, {
      provider: 'native',
      senderKey: null,
      isSigned: true,
      headers: {},
      body: 'not JSON, as if it had been damaged',
      facts: { event: 'payment_success', holdId, intentId, amount: null, currency: null },
    });
    await ageDeliveries(world.services);
    await workOffInbox(world.services);
    const [failed] = await until(async () => {
      const attempts = await attemptsOf(id);
      return attempts.length > 0 ? attempts : null;
    });
    expect(failed).toMatchObject({
      cause: 'worker',
      outcome: null,
      fault: 'it failed on our side; the log says why',
    });
    await statement(world.services.mysql, (sql) =>
      sql
        .update(deliveries)
        .set({ body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }) })
        .where(eq(deliveries.id, id)),
    );
    await ageDeliveries(world.services);
    await workOffInbox(world.services);
    expect((await attemptsOf(id)).at(-1)).toMatchObject({ cause: 'worker', outcome: 'applied' });
    expect((await read(id)).attempts).toBe(2);
  });

  test('is shown among the newest ones only', async () => {
    const { holdId, intentId } = await ordered(world, await world.sale());
    for (let time = 0; time < ATTEMPTS_SHOWN_MAX + 2; time += 1) await pay(world, holdId, intentId);
    const [id = 0] = await idsOf({ q: intentId });
    const seen = await read(id);
    expect([seen.latest_attempts.length, seen.attempts]).toEqual([
      ATTEMPTS_SHOWN_MAX,
      ATTEMPTS_SHOWN_MAX + 2,
    ]);
  });
});

test('deliveries are counted by what became of them, and every series is there from the start', async () => {
  const fresh = await createWorld({ env: { WEBHOOK_SECRET: 'a secret that is as long as it has to be' } });
  const counted = async () => {
    const text = await (await fetch(new URL('/metrics', fresh.listening.opsUrl))).text();
    const lines = text.matchAll(
      /^flashsale_webhook_deliveries_total\{event="(\w+)",outcome="(\w+)"\} (\d+)$/gm,
    );
    return new Map([...lines].map(([, event, outcome, value]) => [`${event} ${outcome}`, Number(value)]));
  };
  const all = COUNTED_EVENTS.flatMap((event) =>
    COUNTED_OUTCOMES[event].map((outcome) => `${event} ${outcome}`),
  );
  const before = await counted();
  expect([...before.keys()].toSorted()).toEqual(all.toSorted());
  expect([...before.values()].every((value) => value === 0)).toBe(true);
  await pay(fresh, crypto.randomUUID(), newIntent());
  await tellStripe(fresh, stripeEvent('payout.paid', {}));
  await tellStripe(fresh, stripeEvent('payment_intent.succeeded', intentObject(newIntent())));
  const after = await counted();
  expect(Object.fromEntries([...after].filter(([, value]) => value > 0))).toEqual({
    'payment_success refused': 1,
    'payment_success parked': 1,
    'other recorded': 1,
  });
  expect([...after.keys()].toSorted()).toEqual(all.toSorted());
  await fresh.close();
});
