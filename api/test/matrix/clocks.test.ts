/**
 * Crash points 51 to 55: clocks that are wrong, and a SQL that was put back to an older state.
 *
 * Redis' own clock cannot be moved here without moving the machine's. A wrong Redis clock is a deadline that is too
 * early or too late by that clock, so those are moved; SQL's clock is moved for real, in the sessions of one process;
 * the API host's clock is moved for real in this process, which no store looks at.
 */

import { afterAll, afterEach, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { heartbeats, sales } from '@flash-sale/drizzle/schema.ts';
import { HOLD_TTL_MAX_S } from '@flash-sale/shared/limits.ts';
import { statement } from '../../mysql/transaction.ts';
import { auditSales } from '../../orders/audit.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { deliverCredits } from '../../orders/give.ts';
import { settleOverduePins } from '../../orders/settler.ts';
import { placeOrder } from '../../orders/orders.ts';
import { readSale } from '../../redis/sale-scripts.ts';
import { pinHold, reapHolds } from '../../redis/hold-scripts.ts';
import { keepSalesArmed } from '../../sales/arming.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import { createSale } from '../create-sale.ts';
import { moveSale } from '../../sales/sales.ts';
import { checkStores } from '../../sales/store-checks.ts';
import type { Services } from '../../services.ts';
import { WORKERS } from '../../workers/workers.ts';
import { hold, order, pay, send } from '../client.ts';
import { photograph, shiftClock } from '../properties/photograph.ts';
import { RedisFaults } from '../redis-faults.ts';
import { ledger, settle } from '../settling.ts';
import { createWorld, type World } from '../world.ts';
import { held, look, newIntent, ordered } from './buyer.ts';

let world: World;
let redis: RedisFaults;
beforeAll(async () => {
  world = await createWorld();
  redis = new RedisFaults(world);
});
afterEach(() => setSystemTime());
afterAll(() => world.close());

const HOUR_S = 3_600;

/** Another process, for whose sessions SQL's clock is so many seconds off. */
async function withSqlClock(offsetS: number): Promise<Services> {
  const services = await world.another();
  services.mysql.pool.on('connection', (connection) => {
    connection.query(`SET timestamp = unix_timestamp(now(3)) + ${offsetS}`);
  });
  return services;
}

/** Every living hold ends so much later by Redis' clock, as if that clock had been set back. */
async function moveDeadlines(saleId: number, byMs: number): Promise<void> {
  const client = world.services.redis;
  const holds = redis.key(saleId, 'holds');
  for (const [holdId, record] of Object.entries(await client.hgetall(holds))) {
    const [state, quantity, deadline, ...rest] = record.split('|');
    await client.hset(holds, holdId, [state, quantity, Number(deadline) + byMs, ...rest].join('|'));
    await client.zincrby(redis.key(saleId, 'deadlines'), byMs, holdId);
  }
}

describe('clocks of Redis and SQL that differ', () => {
  test('by more than 5 s keep a sale from being armed, with the difference in the reason (I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    for (const offsetS of [HOUR_S, -HOUR_S, 10, -10]) {
      const services = await withSqlClock(offsetS);
      const refused = await rebuildSale(services, sale.saleId);
      const reasons = refused.kind === 'refused' ? refused.reasons : [refused.kind];
      expect(reasons).toEqual([expect.stringMatching(/^the clocks of Redis and SQL differ by about \d+ s/)]);
      const skewS = Number(/about (\d+) s/.exec(reasons[0] ?? '')?.[1]);
      expect(skewS).toBeWithin(Math.abs(offsetS) - 4, Math.abs(offsetS) + 4);
    }
    expect((await checkStores(await withSqlClock(1))).reasons).toEqual([]);
    expect((await hold(world, sale.productId)).status).toBe(201);
  });
});

describe('a Redis whose clock is an hour', () => {
  test('ahead ends holds early: their buyers are told expired, and nothing else is wrong (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [lost, sold] = [await held(world, sale, 3), await ordered(world, sale)];
    await settle(world.services, sale.saleId);
    await moveDeadlines(sale.saleId, -HOUR_S * 1_000);
    expect((await order(world, lost, newIntent())).body.code).toBe('hold_expired');
    expect((await pay(world, sold.holdId, sold.intentId)).body.data.status).toBe('paid');
    await reapHolds(world.services.redis, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ held: 0, available: 8, committed: 2 });
    expect((await hold(world, sale.productId, { quantity: 8 })).status).toBe(201);
  });

  test('behind keeps no unit longer than the longest hold, once the sale was rebuilt (I2, I8)', async () => {
    const sale = await world.sale({ allotment: 10 });
    await held(world, sale, 4);
    await moveDeadlines(sale.saleId, HOUR_S * 1_000);
    await rebuildSale(world.services, sale.saleId);
    const stock = await readSale(world.services.redis, sale.saleId);
    const deadlines = await world.services.redis.zrange(
      redis.key(sale.saleId, 'deadlines'),
      '0',
      '-1',
      'WITHSCORES',
    );
    const latestMs = Number(deadlines.at(-1));
    expect(stock.kind === 'sale' && latestMs - stock.nowMs).toBeLessThanOrEqual(HOLD_TTL_MAX_S * 1_000);
    expect(await look(world.services, sale)).toMatchObject({ held: 4, available: 6 });
  });

  test('behind harms nobody meanwhile: the holds may be ordered and released, and each unit is counted once (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [mine, theirs] = [await held(world, sale, 3), await held(world, sale, 3)];
    await moveDeadlines(sale.saleId, HOUR_S * 1_000);
    expect((await order(world, mine, newIntent())).status).toBe(201);
    expect((await send(world, 'DELETE', `/api/holds/${theirs}`)).status).toBe(200);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ held: 0, committed: 3, available: 7 });
  });
});

describe('a SQL clock that jumps', () => {
  test('ahead expires an order early: its payment comes late and takes the units again, once (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { holdId, intentId } = await ordered(world, sale);
    await settle(world.services, sale.saleId);
    await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
    const ahead = await withSqlClock(HOUR_S);
    expect(await expireOrders(ahead)).toBeGreaterThanOrEqual(1);
    await deliverCredits(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10 });
    const late = await pay(world, holdId, intentId);
    expect(late.body.data).toMatchObject({ status: 'paid', payment: 'late_applied' });
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, pinned: 0 });
  });

  test('and back leaves an order its whole time to pay by the right clock, or more, and loses nothing (I1, I5)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [ahead, behind] = [await withSqlClock(HOUR_S), await withSqlClock(-HOUR_S)];
    const request = { holdId: await held(world, sale), paymentIntentId: newIntent() };
    expect((await placeOrder(ahead, request)).kind).toBe('created');
    await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
    for (const services of [behind, world.services]) {
      await expireOrders(services);
      expect((await ledger(services, sale.saleId)).orders).toMatchObject([{ state: 'pending' }]);
    }
    const paid = await pay(world, request.holdId, request.paymentIntentId);
    expect(paid.body.data).toMatchObject({ status: 'paid', payment: 'applied' });
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8 });
  });
});

describe('an API host whose clock is wrong', () => {
  for (const offsetS of [HOUR_S, -HOUR_S]) {
    test(`by ${offsetS} s sells, expires and is paid as ever: no decision asks its clock (I1, I2, I7)`, async () => {
      const sale = await world.sale({ allotment: 10, opensAt: new Date(Date.now() - 2 * HOUR_S * 1_000) });
      setSystemTime(new Date(Date.now() + offsetS * 1_000));
      const placed = await hold(world, sale.productId, { quantity: 2, ttl: 300 });
      expect(placed.status).toBe(201);
      expect(placed.body.data.expires_in_seconds).toBeWithin(290, 301);
      const holdId = placed.body.data.hold_id;
      const seen = await send<{ state: string }>(world, 'GET', `/api/holds/${holdId}`);
      expect(seen.body.data.state).toBe('held');
      const intentId = newIntent();
      expect((await order(world, holdId, intentId)).status).toBe(201);
      await statement(world.services.mysql, (sql) => sql.delete(heartbeats));
      await expireOrders(world.services);
      await settle(world.services, sale.saleId);
      const paid = await pay(world, holdId, intentId);
      expect(paid.body.data).toMatchObject({ status: 'paid', payment: 'applied' });
      expect((await rebuildSale(world.services, sale.saleId)).kind).toBe('armed');
      expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, pinned: 0 });
    });
  }
});

test('a Redis whose clock was set back keeps no unit longer than the longest hold, by the workers alone (I8)', async () => {
  const sale = await world.sale({ allotment: 10 });
  const [pinnedId] = [await held(world, sale, 3), await held(world, sale, 4)];
  await pinHold(world.services.redis, sale.saleId, pinnedId);
  await shiftClock(world.services.redis, sale.saleId, -HOUR_S * 1_000);
  for (const { runOnce } of WORKERS) await runOnce(world.services);
  const { holds } = await photograph(world.services.redis, sale.saleId);
  const left = [...holds.values()].map(({ deadlineMs }) => deadlineMs);
  expect(left.length).toBe(2);
  expect(Math.max(...left)).toBeLessThanOrEqual(HOLD_TTL_MAX_S * 1_000);
  // And the settler looks at the pin when its lease is over, not an hour later.
  await shiftClock(world.services.redis, sale.saleId, (HOLD_TTL_MAX_S + 60) * 1_000);
  await settleOverduePins(world.services, sale.saleId);
  await reapHolds(world.services.redis, sale.saleId);
  expect(await look(world.services, sale)).toMatchObject({ available: 10, held: 0, pinned: 0 });
});

describe('an API host whose clock is wrong, and a product with a sale that is on and one to come', () => {
  const MINUTE_MS = 60_000;
  for (const offsetMs of [60 * MINUTE_MS, -60 * MINUTE_MS]) {
    test(`sells the one that is on (${offsetMs} ms off)`, async () => {
      const nowMs = Date.now();
      const on = await world.sale({
        opensAt: new Date(nowMs - 30 * MINUTE_MS),
        closesAt: new Date(nowMs + 30 * MINUTE_MS),
      });
      const opensAt = new Date(nowMs + 40 * MINUTE_MS);
      const nextId = await createSale(world.services, { productId: on.productId, allotment: 10, opensAt });
      await moveSale(world.services, nextId, 'scheduled');
      setSystemTime(new Date(nowMs + offsetMs));
      await world.services.catalog.refresh();
      expect((await hold(world, on.productId)).status).toBe(201);
    });
  }
});

describe('a SQL that was put back from a backup', () => {
  const TABLES = [
    'sales',
    'orders',
    'hold_outcomes',
    'buyer_units',
    'stock_credits',
    'payments',
    'deliveries',
  ];

  /** @returns what puts these tables back as they are now. */
  async function backUp(): Promise<() => Promise<void>> {
    const connection = await createConnection(connectionOptions(world.databaseUrl));
    await connection.query('SET foreign_key_checks = 0');
    const columnsOf = new Map<string, string>();
    for (const table of TABLES) {
      const [columns] = await connection.query<RowDataPacket[]>(
        "SELECT group_concat(column_name) AS names FROM information_schema.columns WHERE table_schema = database() AND table_name = ? AND extra NOT LIKE '%GENERATED%'",
        [table],
      );
      const names = String(columns[0]?.['names']);
      columnsOf.set(table, names);
      await connection.query(`DROP TABLE IF EXISTS copy_of_${table}`);
      await connection.query(`CREATE TABLE copy_of_${table} AS SELECT ${names} FROM ${table}`);
    }
    return async () => {
      await connection.query('START TRANSACTION');
      for (const [table, names] of columnsOf) {
        await connection.query(`DELETE FROM ${table}`);
        await connection.query(`INSERT INTO ${table} (${names}) SELECT ${names} FROM copy_of_${table}`);
      }
      await connection.query('COMMIT');
      await connection.end();
    };
  }

  test('to an older epoch is overtaken at once: the next rebuild goes above both, and it sells on (I1, I2, I8)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const kept = await ordered(world, sale);
    const restore = await backUp();
    const forgotten = await ordered(world, sale, 3);
    const open = await held(world, sale, 1);
    for (let i = 0; i < 3; i += 1) await rebuildSale(world.services, sale.saleId);
    const before = await readSale(world.services.redis, sale.saleId);
    await restore();
    await keepSalesArmed(world.services);
    const after = await readSale(world.services.redis, sale.saleId);
    if (before.kind !== 'sale' || after.kind !== 'sale') throw new Error('not armed');
    expect(after.epoch).toBeGreaterThan(before.epoch);
    // The ledger is SQL, whatever it forgot: three units are there again, and the hold in hand is honoured.
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, held: 1, available: 7 });
    expect((await order(world, open, newIntent())).status).toBe(201);
    expect((await pay(world, kept.holdId, kept.intentId)).body.data.status).toBe('paid');
    const unknown = await pay(world, forgotten.holdId, forgotten.intentId);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'payment_intent_unknown']);
    expect((await hold(world, sale.productId, { quantity: 7 })).status).toBe(201);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 3, held: 7, available: 0 });
  });

  test('at the same epoch does not add up: the auditor pauses the sale and rebuilds it (I2, I8)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const restore = await backUp();
    await ordered(world, sale, 3);
    await settle(world.services, sale.saleId);
    await restore();
    await auditSales(world.services);
    await auditSales(world.services);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10 });
    const [row] = await statement(world.services.mysql, (sql) =>
      sql.select().from(sales).where(eq(sales.id, sale.saleId)),
    );
    expect(row?.state).toBe('paused');
    expect((await moveSale(world.services, sale.saleId, 'live')).kind).toBe('moved');
    expect((await hold(world, sale.productId, { quantity: 10 })).status).toBe(201);
  });
});
