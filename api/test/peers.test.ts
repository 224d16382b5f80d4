/** What went wrong in the project that this one replaces, in five public ones and in ten reports, replayed. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { heartbeats } from '@flash-sale/drizzle/schema.ts';
import { placeHold } from '../holds/holds.ts';
import { statement } from '../mysql/transaction.ts';
import { auditSales } from '../orders/audit.ts';
import { expireOrders } from '../orders/expiry.ts';
import { placeOrder } from '../orders/orders.ts';
import { recordDelivery } from '../payments/deliveries.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { reapHolds } from '../redis/hold-scripts.ts';
import { listen, type Listening } from '../server.ts';
import type { Services } from '../services.ts';
import { audit } from './audit.ts';
import { availableStock, hold, order, pay, send, type Answer } from './client.ts';
import { passDeadline, shiftClock } from './properties/photograph.ts';
import { tapped, type Tap } from './properties/store-taps.ts';
import { RedisFaults } from './redis-faults.ts';
import { expire, ledger, passPayWindow, settle, shortHold } from './settling.ts';
import { createWorld, type OneSale, type World } from './world.ts';

let world: World;
/** A second API process on the same stores. */
let second: { services: Services; listening: Listening };
beforeAll(async () => {
  world = await createWorld();
  const services = await world.another();
  second = { services, listening: listen(services) };
});
afterAll(async () => {
  await second.listening.stop();
  await world.close();
});

async function held(sale: OneSale, fields: Parameters<typeof hold>[2] = {}): Promise<string> {
  const answer = await hold(world, sale.productId, fields);
  expect(answer.status).toBe(201);
  return answer.body.data.hold_id;
}

/** A hold and its pending order. */
async function ordered(sale: OneSale, fields: Parameters<typeof hold>[2] = {}) {
  const holdId = await held(sale, fields);
  const intent = `pi_${holdId}`;
  expect((await order(world, holdId, intent)).status).toBe(201);
  return { holdId, intent };
}

function pass(sale: OneSale, holdId: string): Promise<void> {
  return passDeadline(world.services.redis, sale.saleId, holdId, 1);
}

function look(sale: OneSale) {
  return audit(world.services, sale.saleId);
}

function statusesOf(answers: readonly Answer<unknown>[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function times<Result>(count: number, work: (nth: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, nth) => work(nth)));
}

describe('a crowd at once', () => {
  test('does not sell 400 of 100, nor tell the 300 others a 500 (Vendure, EventBooking; I1)', async () => {
    const sale = await world.sale({ allotment: 100 });
    const answers = await times(400, () => hold(world, sale.productId));
    expect(statusesOf(answers)).toEqual({ 201: 100, 409: 300 });
    expect(await look(sale)).toMatchObject({ held: 100, available: 0, drift: 0 });
  });

  test('of 100 buyers who check out gets 100 orders, not 7 and 93 lock time-outs (Medusa)', async () => {
    const sale = await world.sale({ allotment: 100 });
    const holdIds = await times(100, () => held(sale));
    const answers = await Promise.all(holdIds.map((holdId) => order(world, holdId, `pi_${holdId}`)));
    expect(statusesOf(answers)).toEqual({ 201: 100 });
    expect(await look(sale)).toMatchObject({ committed: 100, ordered: 100, drift: 0 });
  });

  test('does not take two lines of one stock for two stocks (Medusa #16502; I1, I2)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const line = { productId: sale.productId, ttlMs: null, buyerId: null, idempotencyKey: null };
    // In one turn of the event loop, so both are decided in one call.
    const lines = await Promise.all(
      [6, 6].map((quantity) => placeHold(world.services, { ...line, quantity })),
    );
    expect(lines.map(({ kind }) => kind)).toEqual(['held', 'insufficient_stock']);
    expect(await look(sale)).toMatchObject({ held: 6, available: 4, drift: 0 });
  });

  test('may not take everything in one request, nor send fields that are silently ignored (the seed)', async () => {
    const sale = await world.sale({ allotment: 1_000 });
    expect((await hold(world, sale.productId, { quantity: 101 })).status).toBe(400);
    const misspelt = { product_id: sale.productId, quantity: 1, ttl_seconds: 5 };
    const refused = await send(world, 'POST', '/api/holds', misspelt);
    expect([refused.status, refused.body.errors]).toEqual([400, { ttl_seconds: ['is not a known field'] }]);
    // To the second: a minute is too coarse for some (WooCommerce #24491).
    expect((await hold(world, sale.productId, { ttl: 5 })).body.data.expires_in_seconds).toBe(5);
  });
});

describe('a hold that nobody ordered', () => {
  test('comes back although nobody is alive at its deadline (the seed, EventBooking, Attendize #1000; I4)', async () => {
    const sale = await world.sale({ allotment: 2 });
    const holdIds = [await held(sale), await held(sale)];
    expect((await hold(world, sale.productId)).body.code).toBe('insufficient_stock');
    for (const holdId of holdIds) await pass(sale, holdId);
    expect(await availableStock(world, sale.productId)).toBe(2);
    expect((await hold(world, sale.productId, { quantity: 2 })).status).toBe(201);
    expect(await look(sale)).toMatchObject({ held: 2, available: 0, drift: 0 });
  });

  test('comes back once, whoever ends it: two instances, 90 units do not become 110 (EventBooking; I4)', async () => {
    const sale = await world.sale({ allotment: 100 });
    const holdIds = await times(10, () => held(sale));
    for (const holdId of holdIds) await pass(sale, holdId);
    const instances = [world.services, second.services];
    await Promise.all([
      ...instances.flatMap(({ redis }) => [reapHolds(redis, sale.saleId), reapHolds(redis, sale.saleId)]),
      ...holdIds.map((holdId) => send(world, 'DELETE', `/api/holds/${holdId}`)),
    ]);
    expect(await look(sale)).toMatchObject({ available: 100, held: 0, drift: 0 });
  });

  test('is the only one that ends: its neighbour is not marked expired (EventBooking; I7)', async () => {
    const sale = await world.sale({ allotment: 2 });
    const [over, alive] = [await held(sale), await held(sale)];
    await pass(sale, over);
    await reapHolds(world.services.redis, sale.saleId);
    expect((await order(world, over, 'pi_over')).body.code).toBe('hold_expired');
    expect((await order(world, alive, 'pi_alive')).status).toBe(201);
  });

  test('does not stop its own buyer from holding again (WooCommerce #67354)', async () => {
    const sale = await world.sale({ allotment: 5, buyerLimit: 2 });
    await pass(sale, await held(sale, { quantity: 2, buyer_id: 'ann' }));
    expect((await hold(world, sale.productId, { quantity: 2, buyer_id: 'ann' })).status).toBe(201);
    expect((await hold(world, sale.productId, { buyer_id: 'ann' })).body.code).toBe('buyer_limit_reached');
  });

  test('or its order, never both: an order that races the expiry gets the unit or says so (I3, I4)', async () => {
    const sale = await world.sale({ allotment: 200 });
    const kinds = new Set<string>();
    for (let round = 0; round < 60; round += 1) {
      const holdId = await shortHold(world.services, sale.saleId, 1 + (round % 4));
      const request = { holdId, paymentIntentId: `pi_race_${holdId}` };
      const [placed] = await Promise.all([
        placeOrder(world.services, request),
        reapHolds(second.services.redis, sale.saleId),
        hold(second, sale.productId, { quantity: 1 }),
      ]);
      kinds.add(placed.kind);
    }
    expect([...kinds].filter((kind) => kind !== 'created' && kind !== 'hold_expired')).toEqual([]);
    expect((await look(sale)).drift).toBe(0);
  });

  test('can be ordered after everything else is sold out: it was promised (Vendure #1738; I7)', async () => {
    const sale = await world.sale({ allotment: 2 });
    const mine = await held(sale);
    await ordered(sale);
    expect((await hold(world, sale.productId)).body.code).toBe('insufficient_stock');
    expect((await order(world, mine, 'pi_mine')).status).toBe(201);
  });
});

describe('one payment', () => {
  test('told 20 times at once with 20 keys is one payment: stock falls by 1, not by 7 (the seed; I5)', async () => {
    const sale = await world.sale({ allotment: 100 });
    const { holdId, intent } = await ordered(sale);
    const answers = await times(20, (nth) =>
      pay(nth % 2 === 0 ? world : second, holdId, intent, {}, { 'idempotency-key': `attempt ${nth}` }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 20 });
    expect(new Set(answers.map(({ body }) => `${body.data.order_id} ${body.data.status}`)).size).toBe(1);
    expect(await look(sale)).toMatchObject({ committed: 1, available: 99, drift: 0 });
    const written = await ledger(world.services, sale.saleId);
    expect(written.payments.map(({ disposition }) => disposition)).toEqual(['applied']);
  });

  test('that was taken stays taken: the failure that a loser reports does not overwrite it (the seed; I5)', async () => {
    const sale = await world.sale({ allotment: 3 });
    const { holdId, intent } = await ordered(sale);
    await times(12, (nth) =>
      pay(
        nth % 2 === 0 ? world : second,
        holdId,
        intent,
        { event: nth % 3 === 0 ? 'success' : 'failed' },
        { 'webhook-id': `msg_${nth}_${intent}` },
      ),
    );
    await settle(world.services, sale.saleId);
    const { orders: written } = await ledger(world.services, sale.saleId);
    expect(written.map(({ state }) => state)).toEqual(['paid']);
    expect(await look(sale)).toMatchObject({ committed: 1, available: 2, drift: 0 });
  });

  test('whose webhook is slow and sent again takes its unit once (WooCommerce PayPal #3976; I5)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const { holdId, intent } = await ordered(sale);
    const [reached, retried] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    // The first attempt stands in the middle of its transaction until the second one is at work, too.
    const slow = listenTo(world.services, 'insert into `payments`', () => {
      reached.resolve();
      return retried.promise;
    });
    const busy = listenTo(second.services, 'insert into `deliveries`', () => retried.resolve());
    const headers = { 'webhook-id': `msg_${intent}` };
    const first = pay({ listening: slow }, holdId, intent, {}, headers);
    await reached.promise;
    const answers = await Promise.all([first, pay({ listening: busy }, holdId, intent, {}, headers)]);
    await Promise.all([slow.stop(), busy.stop()]);
    expect(answers.map(({ body }) => body.data.status)).toEqual(['paid', 'paid']);
    expect(await look(sale)).toMatchObject({ committed: 1, available: 4, drift: 0 });
  });

  test('can be tried again after it failed, under the same intent, with no header (WooCommerce PR 66303)', async () => {
    const sale = await world.sale({ allotment: 1 });
    const { holdId, intent } = await ordered(sale);
    expect((await pay(world, holdId, intent, { event: 'failed' })).body.data.status).toBe('cancelled');
    const again = await pay(world, holdId, intent);
    expect(again.body.data).toMatchObject({ status: 'paid', payment: 'late_applied' });
    expect(await look(sale)).toMatchObject({ committed: 1, available: 0, drift: 0 });
  });
});

/** An API that does something before a certain statement of its. */
function listenTo(services: Services, statementStart: string, before: () => Promise<void> | void): Listening {
  const tap: Tap = async ({ what }, run) => {
    if (what.startsWith(statementStart)) await before();
    return run();
  };
  return listen(tapped(services, { tap }));
}

describe('money that comes after the time to pay', () => {
  test('is not confirmed with a unit that somebody else has (EventBooking, Vendure #3065; I1)', async () => {
    const sale = await world.sale({ allotment: 1 });
    const { holdId, intent } = await ordered(sale);
    await expire(world.services, sale.saleId);
    await ordered(sale);
    const late = await pay(world, holdId, intent);
    expect(late).toMatchObject({
      status: 200,
      body: { data: { status: 'refund_due', payment: 'refund_due' } },
    });
    expect(await look(sale)).toMatchObject({ committed: 1, available: 0, drift: 0 });
  });

  test('is neither refused nor forgotten: the order is paid when its units are free (the seed; I5)', async () => {
    const sale = await world.sale({ allotment: 2 });
    const { holdId, intent } = await ordered(sale, { quantity: 2 });
    await expire(world.services, sale.saleId);
    expect(await availableStock(world, sale.productId)).toBe(2);
    const late = await pay(world, holdId, intent);
    expect(late).toMatchObject({ status: 200, body: { data: { status: 'paid', payment: 'late_applied' } } });
    expect(await look(sale)).toMatchObject({ committed: 2, available: 0, drift: 0 });
  });

  test('because our process died with the webhook in hand is applied by the retry (Hi.Events #598, #513; I6)', async () => {
    const sale = await world.sale({ allotment: 1 });
    const { holdId, intent: intentId } = await ordered(sale);
    const facts = { event: 'payment_success', holdId, intentId, amount: null, currency: null } as const;
    const body = JSON.stringify({ hold_id: holdId, payment_intent_id: intentId });
    const senderKey = `msg_${intentId}`;
    // Written down, and then killed.
    await recordDelivery(world.services, {
      provider: 'native',
      senderKey,
      isSigned: false,
      headers: {},
      body,
      facts,
    });
    await expire(world.services, sale.saleId);
    const retry = await pay(world, holdId, intentId, {}, { 'webhook-id': senderKey });
    expect(retry.body.data).toMatchObject({ status: 'paid', payment: 'late_applied' });
    expect(await look(sale)).toMatchObject({ committed: 1, drift: 0 });
  });

  test('because we were away is in time: expiry waits for the providers to send again (pretix #827)', async () => {
    const sale = await world.sale({ allotment: 1 });
    const { holdId, intent } = await ordered(sale);
    await passPayWindow(world.services, sale.saleId);
    const beatAt = new Date(Date.now() - 60_000);
    await statement(world.services.mysql, (sql) =>
      sql.insert(heartbeats).values({ name: 'order_expiry', beatAt }),
    );
    expect(await expireOrders(world.services)).toBe(0);
    expect((await pay(world, holdId, intent)).body.data).toMatchObject({
      status: 'paid',
      payment: 'applied',
    });
  });

  test('never comes for an order that stays pending for ever: it ends by itself (alf.io #1421; I8)', async () => {
    const sale = await world.sale({ allotment: 19 });
    await times(19, () => ordered(sale));
    await expire(world.services, sale.saleId);
    await settle(world.services, sale.saleId);
    expect(await look(sale)).toMatchObject({ committed: 0, available: 19, owed: 0, drift: 0 });
  });
});

describe('an order that fails', () => {
  test('does not lose the units of its hold when SQL refuses it (the seed; I2, I4)', async () => {
    const sale = await world.sale({ allotment: 3 });
    const holdId = await held(sale, { quantity: 3 });
    const broken = tapped(world.services, {
      tap: (_, run) => run(),
      rewrite: (text) => text.replace('insert into `orders`', 'insert into `no_such_table`'),
    });
    const request = { holdId, paymentIntentId: 'pi_broken' };
    expect(await placeOrder(broken, request).catch((error: unknown) => error)).toBeInstanceOf(Error);
    expect(await look(sale)).toMatchObject({ pinned: 3, available: 0, committed: 0, drift: 0 });
    expect((await order(world, holdId, 'pi_broken')).status).toBe(201);
    expect(await look(sale)).toMatchObject({ committed: 3, drift: 0 });
  });

  test('because its intent pays another order leaves the hold to be ordered, or to expire (I2, I3)', async () => {
    const sale = await world.sale({ allotment: 3 });
    const { intent } = await ordered(sale);
    const [kept, left] = [await held(sale), await held(sale)];
    for (const holdId of [kept, left]) {
      expect((await order(world, holdId, intent)).body.code).toBe('payment_intent_mismatch');
    }
    expect((await order(world, kept, `pi_${kept}`)).status).toBe(201);
    await shiftClock(world.services.redis, sale.saleId, 3_600_000);
    await settle(world.services, sale.saleId);
    expect(await look(sale)).toMatchObject({ committed: 2, available: 1, drift: 0 });
  });
});

describe('a stock that does not add up', () => {
  test('does not stay wrong with "no way to fix": it is found, stopped and rebuilt (Medusa #12401; I2)', async () => {
    const sale = await world.sale({ allotment: 5 });
    await held(sale, { quantity: 2 });
    await world.services.redis.hset(saleMetaKey(sale.saleId), 'available', '-7');
    await auditSales(world.services);
    await auditSales(world.services);
    expect(await look(sale)).toMatchObject({ available: 3, held: 2, drift: 0 });
  });
});

describe('Redis killed after 60 holds of 100', () => {
  test('does not sell 160, nor stop the API, nor refuse a payment (the seed, Nexi77, EventBooking; I1, I7)', async () => {
    await using own = await ownWorld();
    const [first = '', other = ''] = await own.sixty();
    expect((await order(own.world, first, 'pi_first')).status).toBe(201);
    await own.faults.kill();
    const startedAt = performance.now();
    expect((await hold(own.world, own.sale.productId)).status).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect((await pay(own.world, first, 'pi_first')).body.data.status).toBe('paid');
    await own.faults.start();
    const after = await times(100, () => hold(own.world, own.sale.productId));
    expect(statusesOf(after)).toEqual({ 201: 40, 409: 60 });
    expect((await order(own.world, other, 'pi_other')).status).toBe(201);
    const seen = await audit(own.world.services, own.sale.saleId);
    expect(seen).toMatchObject({ held: 98, committed: 2, available: 0, drift: 0 });
  });

  test('with its disk does not sell what is ordered again, and tells who lost a hold (I1, I7)', async () => {
    await using own = await ownWorld();
    const holdIds = await own.sixty();
    for (const holdId of holdIds.slice(0, 10)) await order(own.world, holdId, `pi_${holdId}`);
    await own.faults.restartEmpty();
    const after = await times(100, () => hold(own.world, own.sale.productId));
    expect(statusesOf(after)).toEqual({ 201: 90, 409: 10 });
    const lost = await order(own.world, holdIds[20] ?? '', 'pi_lost');
    expect([lost.status, lost.body.code]).toEqual([409, 'hold_lost']);
    expect((await pay(own.world, holdIds[0] ?? '', `pi_${holdIds[0]}`)).body.data.status).toBe('paid');
    const seen = await audit(own.world.services, own.sale.saleId);
    expect(seen).toMatchObject({ held: 90, committed: 10, available: 0, drift: 0 });
  });
});

/** Its Redis may be killed. */
async function ownWorld() {
  const own = await createWorld();
  const sale = await own.sale({ allotment: 100 });
  return {
    world: own,
    sale,
    faults: new RedisFaults(own),
    async sixty(): Promise<string[]> {
      const answers = await times(60, () => hold(own, sale.productId));
      expect(statusesOf(answers)).toEqual({ 201: 60 });
      return answers.map(({ body }) => body.data.hold_id);
    },
    [Symbol.asyncDispose]: () => own.close(),
  };
}
