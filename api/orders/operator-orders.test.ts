import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type {
  OperatedOrder,
  OrderHistory,
  OwedPayment,
} from '@flash-sale/shared/contracts/operator-order.ts';
import { PAYMENT_INTENT_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { transaction } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, order, pay } from '../test/client.ts';
import { allPages, faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { expire, settle } from '../test/settling.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { deliverCredits, giveUnits } from './give.ts';
import { moveOrder } from './move.ts';
import { cancelOrder, lockOrder } from './operator-orders.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/orders', '/ops/refunds']);
});
afterAll(() => world.close());

interface Ordered {
  readonly orderId: string;
  readonly holdId: string;
  readonly intent: string;
}

let intents = 0;
async function ordered({ productId }: OneSale, fields: Parameters<typeof hold>[2] = {}): Promise<Ordered> {
  intents += 1;
  const intent = `pi_${intents}_x`;
  const { hold_id: holdId } = (await hold(world, productId, fields)).body.data;
  const placed = await order(world, holdId, intent);
  expect(placed.status).toBe(201);
  return { orderId: placed.body.data.order_id, holdId, intent };
}

/** An order that was paid when nothing was left for it: its money is owed back. */
async function owed(): Promise<Ordered & OneSale> {
  const sale = await world.sale({ allotment: 1 });
  const late = await ordered(sale);
  await expire(world.services, sale.saleId);
  await hold(world, sale.productId);
  const paid = await pay(world, late.holdId, late.intent);
  expect(paid.body.data).toMatchObject({ status: 'refund_due', payment: 'refund_due' });
  return { ...late, ...sale };
}

const cancel = (orderId: string, headers = {}) =>
  ask<OperatedOrder>('POST', `/ops/orders/${orderId}/cancel`, undefined, headers);
const refunded = (orderId: string, reference: unknown) =>
  ask<OperatedOrder>('POST', `/ops/orders/${orderId}/refunded`, { reference });
const found = (query: string) => allPages<OperatedOrder>(ask, `/ops/orders${query}`);
const ids = (list: readonly OperatedOrder[]) => list.map(({ order_id: id }) => id);

async function actionsOn(orderId: string): Promise<string[]> {
  const path = `/ops/audit?target=order%20${orderId}`;
  const reply = await ops<{ items: { action: string }[] }>(world, 'GET', path);
  return reply.body.data.items.map(({ action }) => action).toReversed();
}

describe('orders', () => {
  test('are found by sale, state and buyer, newest first, in pages that lose and repeat nothing', async () => {
    const sale = await world.sale();
    const made: Ordered[] = [];
    for (let i = 0; i < 7; i += 1) made.push(await ordered(sale, { buyer_id: i < 3 ? 'ann' : 'bob' }));
    const newest = made.map(({ orderId }) => orderId).toReversed();
    const path = `/ops/orders?sale=${sale.saleId}`;
    for (const limit of [1, 3, 7]) {
      expect(ids(await allPages<OperatedOrder>(ask, path, limit))).toEqual(newest);
    }
    expect(await found(`?sale=${sale.saleId}&buyer=ann`)).toHaveLength(3);
    for (const nobody of ['Ann', 'an', 'zoë', '%F0%9F%99%82', '%00']) {
      expect(await found(`?sale=${sale.saleId}&buyer=${nobody}`)).toEqual([]);
    }
    const [first] = made;
    await pay(world, String(first?.holdId), String(first?.intent));
    const paid = await found(`?sale=${sale.saleId}&state=paid`);
    expect(paid).toMatchObject([
      { order_id: first?.orderId, state: 'paid', possible: ['refunded'], amount: 19.99 },
    ]);
    expect(await found(`?sale=${sale.saleId}&state=pending&buyer=ann`)).toHaveLength(2);
  });

  test('are found by order id, hold id, intent and the beginning of an intent', async () => {
    const sale = await world.sale();
    const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
    const intent = '100%_of\\it';
    const orderId = (await order(world, holdId, intent)).body.data.order_id;
    await ordered(sale);
    const near = (await hold(world, sale.productId)).body.data.hold_id;
    await order(world, near, '100xyof');
    for (const text of [orderId, orderId.toUpperCase(), holdId, intent, '100%', '100%_', '100%_of\\']) {
      expect([text, ids(await found(`?q=${encodeURIComponent(text)}`))]).toEqual([text, [orderId]]);
    }
    for (const text of ['of', '100%_OF', '%', '_', crypto.randomUUID(), "' OR 1=1 --", '🙂']) {
      expect([text, await found(`?q=${encodeURIComponent(text)}`)]).toEqual([text, []]);
    }
  });

  test('that are asked for wrongly are refused by the name of the parameter', async () => {
    const wrong: [string, string][] = [
      ['?state=lost', 'state'],
      ['?sale=x', 'sale'],
      ['?limit=0', 'limit'],
      ['?cursor=x', 'cursor'],
      [`?cursor=${Buffer.from('"not-an-id"').toString('base64url')}`, 'cursor'],
    ];
    for (const [query, field] of wrong) {
      const reply = await ask('GET', `/ops/orders${query}`);
      expect([query, reply.status, faultsIn(reply)]).toEqual([query, 400, [field]]);
    }
    for (const id of [crypto.randomUUID(), 'nothing', '1']) {
      const replies = [await ask('GET', `/ops/orders/${id}`), await cancel(id), await refunded(id, 're_1')];
      expect(replies.map(({ body }) => body.code)).toEqual(Array(3).fill('order_not_found'));
    }
  });

  test('tell their whole story, oldest first', async () => {
    const { orderId, holdId, intent } = await owed();
    await pay(world, holdId, `${intent}_second`);
    await refunded(orderId, 're_story');
    const { body } = await ask<OrderHistory>('GET', `/ops/orders/${orderId}`);
    expect(body.data).toMatchObject({ state: 'refunded', refund_reference: 're_story', possible: [] });
    const told = body.data.timeline.map(({ event, says }) => `${event}: ${says}`);
    const steps = [
      'ordered: 1 for 19.99 EUR',
      'expired: 1 back in stock',
      'delivery: payment_success: refund_due',
      'payment: 19.99 EUR: refund_due, went back as re_story',
      'delivery: payment_success: refund_due',
      'payment: 19.99 EUR: refund_due',
      'refunded: the money went back as re_story',
      'operator: order.refunded by bootstrap',
    ];
    expect(told.filter((line) => steps.includes(line))).toEqual(steps);
    const payments = body.data.timeline.filter(({ event }) => event === 'payment');
    expect(payments.map(({ payment_intent_id: id }) => id)).toEqual([intent, `${intent}_second`]);
  });
});

describe('an operator cancels an order', () => {
  test('that is pending: its units return once, and its buyer may hold again (I4)', async () => {
    const sale = await world.sale({ allotment: 4, buyerLimit: 2 });
    const { orderId } = await ordered(sale, { quantity: 2, buyer_id: 'ann' });
    const cancelled = await cancel(orderId);
    expect(cancelled.body.data).toMatchObject({ state: 'cancelled', possible: [] });
    expect((await cancel(orderId)).status).toBe(200);
    expect(await actionsOn(orderId)).toEqual(['order.cancel']);
    await deliverCredits(world.services, sale.saleId);
    await until(async () => (await audit(world.services, sale.saleId)).owed === 0);
    expect(await audit(world.services, sale.saleId)).toMatchObject({
      available: 4,
      committed: 0,
      buyerUnits: 0,
      drift: 0,
    });
    expect((await hold(world, sale.productId, { quantity: 2, buyer_id: 'ann' })).status).toBe(201);
  });

  test('and not one that is anything else: 409, with its state and what is possible', async () => {
    const sale = await world.sale();
    const [paid, over, due] = [await ordered(sale), await ordered(sale), await owed()];
    await pay(world, paid.holdId, paid.intent);
    await expire(world.services, sale.saleId, [over.orderId]);
    for (const [orderId, state, possible] of [
      [paid.orderId, 'paid', ['refunded']],
      [over.orderId, 'expired', []],
      [due.orderId, 'refund_due', ['refunded']],
    ] as const) {
      const reply = await cancel(orderId);
      expect([reply.status, reply.body.code]).toEqual([409, 'impossible_now']);
      expect(reply.body).toMatchObject({ state, possible });
      expect(await actionsOn(orderId)).toEqual([]);
    }
  });

  test('while it is paid: the money is applied, or it is late and takes the units again (I1, I5)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const made = await Promise.all(Array.from({ length: 10 }, () => ordered(sale)));
    const pairs = await Promise.all(
      made.map(({ orderId, holdId, intent }) => Promise.all([cancel(orderId), pay(world, holdId, intent)])),
    );
    await settle(world.services, sale.saleId);
    for (const [index, [cancelled, paid]] of pairs.entries()) {
      expect([200, 409]).toContain(cancelled.status);
      expect([200, paid.body.data.status]).toEqual([paid.status, 'paid']);
      expect(['applied', 'late_applied']).toContain(String(paid.body.data.payment));
      const actions = await actionsOn(String(made[index]?.orderId));
      expect(actions).toEqual(cancelled.status === 200 ? ['order.cancel'] : []);
    }
    expect(await audit(world.services, sale.saleId)).toMatchObject({
      paid: 10,
      committed: 10,
      available: 10,
      drift: 0,
    });
  });

  test('and is answered once for one key, though the process died right after (I4, I6)', async () => {
    const sale = await world.sale({ allotment: 3 });
    const { orderId } = await ordered(sale);
    const dying = await world.another((point) => {
      if (point === 'give.committed') throw new Error('as if killed here');
    });
    await cancelOrder(dying, orderId, { actor: 'bootstrap', requestId: 'r', once: null, reason: null }).catch(
      () => {},
    );
    expect(await audit(world.services, sale.saleId)).toMatchObject({ owed: 1, committed: 0, drift: 0 });
    expect((await cancel(orderId, { 'idempotency-key': orderId })).status).toBe(200);
    await deliverCredits(world.services, sale.saleId);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ owed: 0, available: 3, drift: 0 });
    expect(await actionsOn(orderId)).toEqual(['order.cancel']);
  });
});

describe('an operator marks an order as refunded', () => {
  test('with a reference, once; the same again is fine and another is not', async () => {
    const { orderId, saleId } = await owed();
    expect(ids(await found(`?sale=${saleId}&state=refund_due`))).toEqual([orderId]);
    const marked = await refunded(orderId, 're_1');
    expect(marked.body.data).toMatchObject({ state: 'refunded', refund_reference: 're_1' });
    expect((await refunded(orderId, 're_1')).status).toBe(200);
    const other = await refunded(orderId, 're_2');
    expect([other.status, other.body.code, other.body.state]).toEqual([409, 'impossible_now', 'refunded']);
    expect(other.body.message).toContain('re_1');
    expect(await actionsOn(orderId)).toEqual(['order.refunded']);
    expect(await found(`?sale=${saleId}&state=refund_due`)).toEqual([]);
    expect(await audit(world.services, saleId)).toMatchObject({ drift: 0, committed: 0 });
  });

  test('of ten at once with their own references one is written down', async () => {
    const { orderId } = await owed();
    const replies = await Promise.all(Array.from({ length: 10 }, (_, n) => refunded(orderId, `re_${n}`)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await actionsOn(orderId)).toEqual(['order.refunded']);
  });

  test('that is paid: its units return once, and its story says so (I4)', async () => {
    const sale = await world.sale({ allotment: 4, buyerLimit: 2 });
    const { orderId, holdId, intent } = await ordered(sale, { quantity: 2, buyer_id: 'ann' });
    await pay(world, holdId, intent);
    const replies = await Promise.all([refunded(orderId, 're_1'), refunded(orderId, 're_1')]);
    expect(replies.map(({ status }) => status)).toEqual([200, 200]);
    expect(await actionsOn(orderId)).toEqual(['order.refunded']);
    await until(async () => (await audit(world.services, sale.saleId)).owed === 0);
    expect(await audit(world.services, sale.saleId)).toMatchObject({
      available: 4,
      committed: 0,
      buyerUnits: 0,
      drift: 0,
    });
    const { body } = await ask<OrderHistory>('GET', `/ops/orders/${orderId}`);
    const ends = body.data.timeline.filter(({ event }) => event === 'refunded').map(({ says }) => says);
    expect(ends.toSorted()).toEqual(['2 back in stock', 'the money went back as re_1']);
  });

  test('only when it had its money, and with a reference that is one', async () => {
    const sale = await world.sale();
    const pending = await ordered(sale);
    expect((await refunded(pending.orderId, 're_1')).body).toMatchObject({
      code: 'impossible_now',
      state: 'pending',
      possible: ['cancel'],
    });
    for (const reference of ['', ' ', 'two words', 'x'.repeat(256), 7, null, undefined]) {
      const reply = await refunded(pending.orderId, reference);
      expect([reply.status, faultsIn(reply)]).toEqual([400, ['reference']]);
    }
  });
});

describe('the worklist of refunds', () => {
  const owedOf = async (intent: string) =>
    (await allPages<OwedPayment>(ask, '/ops/refunds')).filter(({ payment_intent_id: id }) => id === intent);

  test('has every payment that bought nothing, with the order it was meant for', async () => {
    const sale = await world.sale();
    const [due, twice, wrong] = [await owed(), await ordered(sale), await ordered(sale)];
    await pay(world, twice.holdId, twice.intent);
    await pay(world, twice.holdId, `${twice.intent}_second`);
    await pay(world, wrong.holdId, wrong.intent, { amount: 1, currency: 'EUR' });
    expect(await owedOf(due.intent)).toMatchObject([
      { disposition: 'refund_due', amount: 19.99, order: { order_id: due.orderId, state: 'refund_due' } },
    ]);
    expect(await owedOf(twice.intent)).toEqual([]);
    expect(await owedOf(`${twice.intent}_second`)).toMatchObject([
      { disposition: 'refund_due', order: { order_id: twice.orderId, state: 'paid' } },
    ]);
    expect(await owedOf(wrong.intent)).toMatchObject([
      { disposition: 'mismatch', amount: 1, currency: 'EUR', order: { order_id: wrong.orderId } },
    ]);
  });

  test('lets go of what was refunded, but not of a second intent that was meant for the same order', async () => {
    const due = await owed();
    await pay(world, due.holdId, `${due.intent}_second`);
    await refunded(due.orderId, 're_1');
    expect(await owedOf(due.intent)).toEqual([]);
    expect(await owedOf(`${due.intent}_second`)).toHaveLength(1);
  });

  test('has a paid order that is to be sent back', async () => {
    const paid = await ordered(await world.sale());
    await pay(world, paid.holdId, paid.intent);
    await transaction(world.services.mysql, async (sql) => {
      const row = await lockOrder(sql, paid.orderId);
      if (row === undefined) throw new Error('there is no such order');
      await moveOrder(sql, row, 'refund_due');
      await giveUnits(sql, row, { reason: 'order_refunded', reference: row.id });
    });
    expect(await owedOf(paid.intent)).toMatchObject([
      { disposition: 'applied', order: { order_id: paid.orderId } },
    ]);
    await refunded(paid.orderId, 're_2');
    expect(await owedOf(paid.intent)).toEqual([]);
  });

  test('comes newest first, in pages that lose and repeat nothing', async () => {
    for (let i = 0; i < 3; i += 1) await owed();
    // The longest there is, in the letters that are longest in JSON.
    const { holdId } = await owed();
    await pay(world, holdId, crypto.randomUUID().padEnd(PAYMENT_INTENT_ID_LENGTH_MAX, '"'));
    const all = await allPages<OwedPayment>(ask, '/ops/refunds');
    const times = all.map(({ created_at: at }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
    expect(all.length).toBeGreaterThanOrEqual(3);
    for (const limit of [1, 2]) {
      expect(await allPages<OwedPayment>(ask, '/ops/refunds', limit)).toEqual(all);
    }
    const right = { atMs: 1_000, provider: 'p', intentId: 'i' };
    for (const forged of [
      { atMs: 8.64e15 + 1 },
      { atMs: -1 },
      { atMs: 'now' },
      { provider: '🙂' },
      { intentId: 'ï' },
      { intentId: null },
    ]) {
      const cursor = Buffer.from(JSON.stringify({ ...right, ...forged })).toString('base64url');
      expect(faultsIn(await ask('GET', `/ops/refunds?cursor=${cursor}`))).toEqual(['cursor']);
    }
  });
});
