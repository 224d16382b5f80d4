/** Crash points 14 to 18: an order's transaction that is slow, fails or is undone while others look at its hold. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import type { RowDataPacket } from 'mysql2/promise';
import { heartbeats } from '@flash-sale/drizzle/schema.ts';
import { EXPIRY_PAUSE_MIN_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../../mysql/transaction.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { placeOrder } from '../../orders/orders.ts';
import { settleOverduePins } from '../../orders/settler.ts';
import { reapHolds } from '../../redis/hold-scripts.ts';
import { hold, order, pay, send } from '../client.ts';
import { endLeases, ledger, passDeadline, passPayWindow, settle, shortHold } from '../settling.ts';
import { createWorld, type World } from '../world.ts';
import { held, insist, look, newIntent, ordered } from './buyer.ts';
import { sessionsOf, type Sessions } from './sessions.ts';

let world: World;
let sessions: Sessions;
beforeAll(async () => {
  world = await createWorld();
  sessions = sessionsOf(world);
});
afterEach(() => sessions.endAll());
afterAll(() => world.close());

const TAKES = 'update `sales`';
const VOIDS = 'insert into `hold_outcomes`';

describe('an order whose transaction is slower than its lease', () => {
  test('is not voided by the settler, which waits for it: it stands, and no unit returns (I3, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const holdId = await shortHold(world.services, sale.saleId, 1_500);
    const blocker = await sessions.keepRow(sale);
    const ordering = order(world, holdId, newIntent());
    await sessions.untilWaiting(TAKES);
    await passDeadline(world.services, sale.saleId, holdId);
    await endLeases(world.services, sale.saleId);
    const settling = settleOverduePins(world.services, sale.saleId);
    await sessions.untilWaiting(VOIDS);
    await blocker.query('ROLLBACK');
    expect((await ordering).status).toBe(201);
    expect(await settling).toBe(1);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, pinned: 0 });
    expect((await ledger(world.services, sale.saleId)).outcomes).toMatchObject([{ outcome: 'ordered' }]);
  });

  test('and then fails is voided by the settler that waited: the units come back once (I3, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const holdId = await shortHold(world.services, sale.saleId, 1_500);
    const blocker = await sessions.keepRow(sale);
    const ordering = order(world, holdId, newIntent());
    const [id] = await sessions.untilWaiting(TAKES);
    await passDeadline(world.services, sale.saleId, holdId);
    await endLeases(world.services, sale.saleId);
    const settling = settleOverduePins(world.services, sale.saleId);
    await sessions.untilWaiting(VOIDS);
    await (await sessions.open()).query(`KILL ${id}`);
    expect((await ordering).status).toBe(503);
    expect(await settling).toBe(1);
    await blocker.query('ROLLBACK');
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10, pinned: 0 });
    expect((await order(world, holdId, newIntent())).body.code).toBe('hold_expired');
  });
});

test('an order asked for at two APIs at once, under one slow row, is one order with one answer (I3)', async () => {
  const sale = await world.sale({ allotment: 10 });
  const others = await Promise.all([world.another(), world.another()]);
  const request = { holdId: await held(world, sale), paymentIntentId: newIntent() };
  const blocker = await sessions.keepRow(sale);
  const placing = others.map((services) => placeOrder(services, request));
  await Promise.all([sessions.untilWaiting(TAKES), sessions.untilWaiting(VOIDS)]);
  await blocker.query('ROLLBACK');
  const placed = await Promise.all(placing);
  expect(placed.map(({ kind }) => kind).toSorted()).toEqual(['created', 'existing']);
  const ids = placed.map((reply) => 'order' in reply && reply.order.id);
  expect(ids[0]).toBe(ids[1] ?? '');
  await settle(world.services, sale.saleId);
  expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8 });
});

test('an attempt that fails while another is in flight does not unpin the hold: the other makes the order (I3, I7)', async () => {
  const sale = await world.sale({ allotment: 2 });
  const other = await world.another();
  const holdId = await shortHold(world.services, sale.saleId, 1_500);
  const request = { holdId, paymentIntentId: newIntent() };
  const blocker = await sessions.keepRow(sale);
  const inFlight = placeOrder(world.services, request);
  const [first] = await sessions.untilWaiting(TAKES);
  const failing = placeOrder(other, request).catch((error: unknown) => error);
  const victims = await sessions.untilWaiting(VOIDS);
  expect(victims).not.toContain(first ?? 0);
  const killer = await sessions.open();
  for (const id of victims) await killer.query(`KILL ${id}`);
  expect(await failing).toBeInstanceOf(Error);
  // The deadline passes: were it held again, it would be reaped, and sold to somebody else.
  await passDeadline(world.services, sale.saleId, holdId);
  await reapHolds(world.services.redis, sale.saleId);
  expect((await hold(world, sale.productId)).body).toMatchObject({ available_stock: 0 });
  await blocker.query('ROLLBACK');
  expect((await inFlight).kind).toBe('created');
  await settle(world.services, sale.saleId);
  expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 0, pinned: 0 });
});

describe('an order whose transaction SQL undoes', () => {
  test('for a deadlock is written by the next attempt, and its buyer hears nothing of it (I3)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const holdId = await held(world, sale);
    const rival = await sessions.keepRow(sale);
    // The one that wrote less is the one that is undone.
    for (let i = 0; i < 30; i += 1) {
      await rival.query(
        "INSERT INTO products (name, description, price_minor, currency) VALUES ('x', 'x', 1, 'EUR')",
      );
    }
    const before = await deadlocks();
    const ordering = order(world, holdId, newIntent());
    await sessions.untilWaiting(TAKES);
    await rival.query(
      "INSERT INTO hold_outcomes (hold_id, sale_id, outcome) VALUES (UNHEX(REPLACE(?, '-', '')), ?, 'released')",
      [holdId, sale.saleId],
    );
    expect(await deadlocks()).toBeGreaterThan(before);
    await rival.query('ROLLBACK');
    expect((await ordering).status).toBe(201);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, pinned: 0 });
  });

  test('for a row that stays locked is refused with 503 in time, stays pinned, and is made when asked again (I3, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [holdId, intentId] = [await held(world, sale), newIntent()];
    const blocker = await sessions.keepRow(sale);
    const startedAt = performance.now();
    const refused = await order(world, holdId, intentId);
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(performance.now() - startedAt).toBeLessThan(9_000);
    await blocker.query('ROLLBACK');
    expect(await look(world.services, sale)).toMatchObject({ pinned: 2, committed: 0, available: 8 });
    expect((await insist(() => order(world, holdId, intentId))).status).toBe(201);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, pinned: 0 });
  });

  async function deadlocks(): Promise<number> {
    const [rows] = await (
      await sessions.open()
    ).query<RowDataPacket[]>(
      "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'",
    );
    return Number(rows[0]?.['count']);
  }
});

test('after SQL was away for 30 s no order expires for a minute: payments that were kept from us are in time (I5, I8)', async () => {
  const sale = await world.sale({ allotment: 10 });
  const [paid, unpaid] = [await ordered(world, sale), await ordered(world, sale)];
  await passPayWindow(world.services, sale.saleId);
  const beat = (secondsAgo: number) =>
    statement(world.services.mysql, async (sql) => {
      await sql.delete(heartbeats);
      const beatAt = raw`utc_timestamp(3) - interval ${secondsAgo} second`;
      await sql.insert(heartbeats).values({ name: 'order_expiry', beatAt });
    });
  await beat(30);
  expect(await expireOrders(world.services)).toBe(0);
  const [paused] = await statement(world.services.mysql, (sql) =>
    sql
      .select({ leftUs: raw<string>`timestampdiff(microsecond, utc_timestamp(3), paused_until)` })
      .from(heartbeats),
  );
  expect(Number(paused?.leftUs) / 1_000).toBeWithin(EXPIRY_PAUSE_MIN_MS - 5_000, EXPIRY_PAUSE_MIN_MS + 1);
  const late = await pay(world, paid.holdId, paid.intentId);
  expect(late.body.data).toMatchObject({ status: 'paid', payment: 'applied' });

  await statement(world.services.mysql, (sql) =>
    sql
      .update(heartbeats)
      .set({ pausedUntil: raw`utc_timestamp(3) - interval 1 second` })
      .where(eq(heartbeats.name, 'order_expiry')),
  );
  expect(await expireOrders(world.services)).toBe(1);
  await settle(world.services, sale.saleId);
  expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, owed: 0 });
  const seen = await send<{ order: { status: string } }>(world, 'GET', `/api/holds/${unpaid.holdId}`);
  expect(seen.body.data.order.status).toBe('expired');
});
