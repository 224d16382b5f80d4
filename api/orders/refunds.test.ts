import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { payments } from '@flash-sale/drizzle/schema.ts';
import type { OperatedOrder, OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, pay } from '../test/client.ts';
import { allPages, faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { newIntent, ordered } from '../test/matrix/buyer.ts';
import { expire } from '../test/settling.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/orders', '/ops/refunds']);
});
afterAll(() => world.close());

const refunded = (intentId: string, reference: unknown, provider = 'native') =>
  ask<OwedPayment>('POST', `/ops/refunds/${provider}/${encodeURIComponent(intentId)}/refunded`, {
    reference,
  });
const orderOf = async (orderId: string) =>
  (await allPages<OperatedOrder>(ask, `/ops/orders?q=${orderId}`))[0];
const isListed = async (intentId: string) =>
  (await allPages<OwedPayment>(ask, '/ops/refunds')).some((owed) => owed.payment_intent_id === intentId);

async function actionsOn(intentId: string) {
  const target = encodeURIComponent(`payment native ${intentId}`.slice(0, 128));
  const reply = await ops<{ items: { action: string }[] }>(world, 'GET', `/ops/audit?target=${target}`);
  return reply.body.data.items.map(({ action }) => action);
}

/** Money for an order that was paid by another intent, or of a wrong amount. */
async function owed(kind: 'second' | 'mismatch', second = newIntent()) {
  const { holdId, intentId, orderId } = await ordered(world, await world.sale());
  if (kind === 'mismatch') {
    await pay(world, holdId, intentId, { amount: 1, currency: 'EUR' });
    return { intentId, orderId };
  }
  await pay(world, holdId, intentId);
  await pay(world, holdId, second);
  return { intentId: second, orderId };
}

describe('an operator says that the money of a payment went back', () => {
  test.each(['second', 'mismatch'] as const)(
    '(%s): it leaves the worklist, once, and the order stays',
    async (kind) => {
      const { intentId, orderId } = await owed(kind);
      const before = await orderOf(orderId);
      expect(await isListed(intentId)).toBe(true);
      const marked = await refunded(intentId, 're_1');
      expect([marked.status, marked.body.data]).toMatchObject([
        200,
        { payment_intent_id: intentId, refund_reference: 're_1', order: { order_id: orderId } },
      ]);
      expect(await isListed(intentId)).toBe(false);
      expect((await refunded(intentId, 're_1')).status).toBe(200);
      const other = await refunded(intentId, 're_2');
      expect([other.status, other.body.code]).toEqual([409, 'impossible_now']);
      expect(other.body.message).toContain('re_1');
      expect(await actionsOn(intentId)).toEqual(['payment.refunded']);
      expect(await orderOf(orderId)).toEqual(before as OperatedOrder);
    },
  );

  test('which an order waits for: the order is refunded too, and no unit moves', async () => {
    const sale = await world.sale({ allotment: 2 });
    const { holdId, intentId, orderId } = await ordered(world, sale);
    await expire(world.services, sale.saleId, [orderId]);
    await hold(world, sale.productId, { quantity: 2 });
    await pay(world, holdId, intentId);
    const marked = await refunded(intentId, 're_1');
    expect(marked.body.data.order).toMatchObject({ state: 'refunded', refund_reference: 're_1' });
    expect(await isListed(intentId)).toBe(false);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 0, drift: 0, owed: 0 });
  });

  test('of ten at once with their own references one is written down', async () => {
    const { intentId } = await owed('second');
    const replies = await Promise.all(Array.from({ length: 10 }, (_, n) => refunded(intentId, `re_${n}`)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await actionsOn(intentId)).toEqual(['payment.refunded']);
  });

  test('of an intent with a name as long and as strange as may be', async () => {
    const { intentId } = await owed('second', `/%2e?${'x'.repeat(250)}`);
    expect((await refunded(intentId, 're_1')).body.data.payment_intent_id).toBe(intentId);
    expect(await actionsOn(intentId)).toEqual(['payment.refunded']);
  });

  test('only of one that is owed, that there is, and with a reference that is one', async () => {
    const { holdId, intentId } = await ordered(world, await world.sale());
    await pay(world, holdId, intentId);
    const applied = await refunded(intentId, 're_1');
    expect([applied.status, applied.body.code, applied.body.state]).toEqual([
      409,
      'impossible_now',
      'applied',
    ]);
    for (const [nothing, provider] of [
      [newIntent(), 'native'],
      [intentId, 'stripe'],
      [intentId, 'nobody'],
      ['ï', 'native'],
    ] as const) {
      const reply = await refunded(nothing, 're_1', provider);
      expect([reply.status, reply.body.code]).toEqual([404, 'payment_not_found']);
    }
    expect(faultsIn(await refunded(intentId, 'two words'))).toEqual(['reference']);
  });
});

test('an order that was refunded before payments remembered it owes nothing', async () => {
  const sale = await world.sale({ allotment: 2 });
  const { holdId, intentId, orderId } = await ordered(world, sale);
  await expire(world.services, sale.saleId, [orderId]);
  await hold(world, sale.productId, { quantity: 2 });
  await pay(world, holdId, intentId);
  await refunded(intentId, 're_1');
  await statement(world.services.mysql, (sql) =>
    sql.update(payments).set({ refundReference: null }).where(eq(payments.intentId, intentId)),
  );
  expect(await isListed(intentId)).toBe(false);
  expect((await refunded(intentId, 're_1')).status).toBe(409);
});
