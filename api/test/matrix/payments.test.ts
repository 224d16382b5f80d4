/** Crash points 36 to 41 and 45: payments and credits that meet other work in the same instant, or come again. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { deliveries, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { statement, transaction } from '../../mysql/transaction.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { deliverCredits, endPendingOrder } from '../../orders/give.ts';
import { processDelivery } from '../../payments/payments.ts';
import { applyCredits } from '../../redis/sale-scripts.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import { hold, order, pay } from '../client.ts';
import { expire, ledger, passPayWindow, settle } from '../settling.ts';
import { createWorld, type World } from '../world.ts';
import { held, look, newIntent, ordered } from './buyer.ts';
import { sessionsOf, type Sessions } from './sessions.ts';

let world: World;
let sessions: Sessions;
beforeAll(async () => {
  world = await createWorld();
  sessions = sessionsOf(world);
});
afterEach(() => sessions.endAll());
afterAll(() => world.close());

describe('a payment and the expiry of its order in the same instant', () => {
  test('when the payment has the order: expiry passes it by, and it is paid in time (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { holdId, intentId } = await ordered(world, sale);
    await passPayWindow(world.services, sale.saleId);
    const blocker = await sessions.open();
    await blocker.query('START TRANSACTION');
    // A payment that has got as far as writing itself down waits here, with its order locked.
    await blocker.query(
      "INSERT INTO payments (provider, intent_id, disposition, delivery_id) VALUES ('native', ?, 'unmatched', 0)",
      [intentId],
    );
    const paying = pay(world, holdId, intentId);
    await sessions.untilWaiting('insert into `payments`');
    expect(await expireOrders(world.services)).toBe(0);
    await blocker.query('ROLLBACK');
    expect((await paying).body.data).toMatchObject({ status: 'paid', payment: 'applied' });
    expect(await expireOrders(world.services)).toBe(0);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, owed: 0 });
  });

  test('when expiry has the order: the payment waits, comes late, and its units are taken once (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { holdId, intentId } = await ordered(world, sale);
    await passPayWindow(world.services, sale.saleId);
    const blocker = await sessions.keepRow(sale);
    const expiring = expireOrders(world.services);
    await sessions.untilWaiting('update `sales`');
    const paying = pay(world, holdId, intentId);
    await sessions.untilWaiting('select `id`, `hold_id`');
    await blocker.query('ROLLBACK');
    expect(await expiring).toBe(1);
    expect((await paying).body.data).toMatchObject({ status: 'paid', payment: 'late_applied' });
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({
      committed: 2,
      available: 8,
      owed: 0,
      pinned: 0,
    });
  });
});

describe('a delivery that is processed again', () => {
  test('by 12 replays at once, in time and late, changes nothing more (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [inTime, late] = [await ordered(world, sale), await ordered(world, sale, 3)];
    await pay(world, inTime.holdId, inTime.intentId);
    await expire(world.services, sale.saleId, [late.orderId]);
    await pay(world, late.holdId, late.intentId);
    await settle(world.services, sale.saleId);
    const before = await ledger(world.services, sale.saleId);
    const rows = await statement(world.services.mysql, (sql) => sql.select().from(deliveries));
    const ids = rows.filter(({ intentId }) => [inTime.intentId, late.intentId].includes(intentId));
    expect(ids).toHaveLength(2);
    const others = await Promise.all([world.another(), world.another()]);
    const replays = [world.services, ...others].flatMap((services) =>
      ids.flatMap(({ id }) => [
        processDelivery(services, id, 'replay'),
        processDelivery(services, id, 'replay'),
      ]),
    );
    for (const done of await Promise.all(replays)) expect(done).toMatchObject({ kind: 'done', isNew: false });
    const after = await ledger(world.services, sale.saleId);
    expect(after).toEqual(before);
    expect(after.payments.map(({ disposition }) => disposition).toSorted()).toEqual([
      'applied',
      'late_applied',
    ]);
    expect(await look(world.services, sale)).toMatchObject({ committed: 5, available: 5, pinned: 0 });
  });

  test('after its inbox was left by a process that never went on is paid once, whoever comes first (I5, I6)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { holdId, intentId } = await ordered(world, sale);
    await pay(world, holdId, intentId);
    // As if the process had died between its two transactions, and the worker and the provider came at once.
    await statement(world.services.mysql, (sql) =>
      sql
        .update(deliveries)
        .set({ state: 'received', processedAt: null })
        .where(eq(deliveries.intentId, intentId)),
    );
    const [row] = await statement(world.services.mysql, (sql) =>
      sql.select().from(deliveries).where(eq(deliveries.intentId, intentId)),
    );
    await Promise.all([
      processDelivery(world.services, row?.id ?? 0, 'worker'),
      pay(world, holdId, intentId),
      pay(world, holdId, intentId, { event: 'failed' }),
    ]);
    const written = await statement(world.services.mysql, (sql) =>
      sql.select().from(payments).where(eq(payments.intentId, intentId)),
    );
    expect(written).toMatchObject([{ disposition: 'applied' }]);
    expect((await ledger(world.services, sale.saleId)).orders).toMatchObject([{ state: 'paid' }]);
  });
});

test('facts that arrive in any order come to the same end (I5)', async () => {
  const sale = await world.sale({ allotment: 30 });
  type Event = 'order' | 'failed' | 'success';
  const histories: Event[][] = [
    ['order', 'failed', 'success'],
    ['order', 'success', 'failed'],
    ['failed', 'order', 'success'],
    ['success', 'order', 'failed'],
    ['failed', 'success', 'order'],
    ['success', 'failed', 'order'],
  ];
  for (const events of histories) {
    const [holdId, intentId] = [await held(world, sale), newIntent()];
    for (const event of events) {
      if (event === 'order') await order(world, holdId, intentId);
      else await pay(world, holdId, intentId, { event });
    }
    const end = await order(world, holdId, intentId);
    expect([events.join(), end.status, end.body.data.status]).toEqual([events.join(), 200, 'paid']);
  }
  await settle(world.services, sale.saleId);
  await deliverCredits(world.services, sale.saleId);
  expect(await look(world.services, sale)).toMatchObject({
    committed: 12,
    available: 18,
    owed: 0,
    pinned: 0,
  });
});

describe('a credit around a rebuild', () => {
  test('is counted once, whether it was given before, during or after (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 20 });
    let giveAt: string | null = null;
    const giving = await world.another();
    const services = await world.another((point) => {
      if (point === giveAt) throw new Error('as if killed here');
    });
    for (const point of ['rebuild.raised', 'rebuild.begun', 'rebuild.read', null]) {
      const { orderId } = await ordered(world, sale);
      giveAt = point;
      await rebuildSale(services, sale.saleId).catch(() => {});
      giveAt = null;
      // In SQL alone, and told to a Redis that is in the middle of a rebuild.
      await cancelInSql(orderId);
      await deliverCredits(giving, sale.saleId);
      await rebuildSale(services, sale.saleId);
      await deliverCredits(giving, sale.saleId);
      await settle(services, sale.saleId);
      expect(await look(services, sale)).toMatchObject({ available: 20, committed: 0, owed: 0 });
    }
    const { credits } = await ledger(services, sale.saleId);
    expect(credits.map(({ deliveredAt }) => deliveredAt === null)).toEqual([false, false, false, false]);
    // All of them once more, as a process would that slept through everything.
    await applyCredits(services.redis, sale.saleId, credits);
    expect(await look(services, sale)).toMatchObject({ available: 20 });
    expect((await hold(world, sale.productId, { quantity: 20 })).status).toBe(201);
  });

  async function cancelInSql(orderId: string): Promise<void> {
    await transaction(world.services.mysql, async (sql) => {
      const [row] = await sql.select().from(orders).where(eq(orders.id, orderId)).for('update');
      if (row === undefined) throw new Error(`no order ${orderId}`);
      await endPendingOrder(sql, row, 'order_cancelled');
    });
  }
});
