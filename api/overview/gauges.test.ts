import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { orders, sales } from '@flash-sale/drizzle/schema.ts';
import { OVERVIEW_AGE_MAX_MS, SCRAPE_WAIT_MS } from '@flash-sale/shared/limits.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { expireOrders } from '../orders/expiry.ts';
import { endPendingOrder } from '../orders/give.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { hold, ops, order, pay, send } from '../test/client.ts';
import { RedisFaults } from '../test/redis-faults.ts';
import { scrape, type Scrape } from '../test/scrape.ts';
import { privateMariaDb } from '../test/stores.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Whoever looks within a moment is told the same. */
async function look(of: World = world) {
  await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
  return scrape(of.listening.opsUrl);
}

async function heldId(productId: number, quantity: number): Promise<string> {
  return (await hold(world, productId, { quantity, ttl: 60 })).body.data.hold_id;
}

describe('of a sale', () => {
  test('the units add up to its allotment, and the steps are in order (I2)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 20 });
    const paid = await heldId(productId, 4);
    await order(world, paid, 'pi_paid');
    await pay(world, paid, 'pi_paid');
    await order(world, await heldId(productId, 3), 'pi_ordered');
    await send(world, 'DELETE', `/api/holds/${await heldId(productId, 2)}`);
    await heldId(productId, 5);

    const { by, value } = await look();
    const sale = String(saleId);
    const units = { total: 20, available: 8, held: 5, ordered: 3, paid: 4 };
    expect(by('state', 'flashsale_sale_units', { sale })).toEqual(units);
    const steps = { held: 14, ordered: 7, paid: 4, expired: 0, released: 2 };
    expect(by('step', 'flashsale_sale_steps', { sale })).toEqual(steps);
    expect(value('flashsale_stock_drift_units', { sale })).toBe(0);
    expect(value('flashsale_oversold_units', { sale })).toBe(0);
    expect(value('flashsale_sale_adds_up', { sale })).toBe(1);
    expect(value('flashsale_sale_armed', { sale })).toBe(1);
    const states = by('state', 'flashsale_sale_state', { sale });
    expect(states).toMatchObject({ live: 1, paused: 0, draining: 0 });
  });

  test('units that SQL gave back are available before Redis has heard of them (I2)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 6 });
    await order(world, await heldId(productId, 4), 'pi_given_back');
    await transaction(world.services.mysql, async (sql) => {
      const [row] = await sql.select().from(orders).where(eq(orders.paymentIntentId, 'pi_given_back'));
      if (row !== undefined) await endPendingOrder(sql, row, 'order_expired');
    });
    const { by, value } = await look();
    const sale = String(saleId);
    const units = { total: 6, available: 6, held: 0, ordered: 0, paid: 0 };
    expect(by('state', 'flashsale_sale_units', { sale })).toEqual(units);
    expect(by('step', 'flashsale_sale_steps', { sale })).toMatchObject({ held: 4, ordered: 4, paid: 0 });
    expect(value('flashsale_stock_drift_units', { sale })).toBe(0);
  });

  test('stock that was edited in Redis is drift, though nobody audited it (I2)', async () => {
    const { saleId } = await world.sale({ allotment: 5 });
    await world.services.redis.hincrby(saleMetaKey(saleId), 'available', 2);
    const { value } = await look();
    expect(value('flashsale_stock_drift_units', { sale: String(saleId) })).toBe(2);
    expect(value('flashsale_sale_adds_up', { sale: String(saleId) })).toBe(0);
  });

  test('orders beyond the allotment are oversold, and SQL alone can tell (I1)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    await order(world, await heldId(productId, 5), 'pi_of_all');
    await world.services.redis.del(saleMetaKey(saleId));
    await statement(world.services.mysql, (sql) =>
      sql.update(sales).set({ allotment: 3, committed: 3 }).where(eq(sales.id, saleId)),
    );
    const { by, value } = await look();
    const sale = String(saleId);
    expect(value('flashsale_oversold_units', { sale })).toBe(2);
    expect(value('flashsale_sale_armed', { sale })).toBe(0);
    // What only Redis knows is left out.
    const known = { total: 3, ordered: 5, paid: 0 };
    expect(by('state', 'flashsale_sale_units', { sale })).toEqual(known);
    expect(value('flashsale_stock_drift_units', { sale })).toBeUndefined();
  });
});

test('what waits is told: deliveries, refunds, workers', async () => {
  const { productId } = await world.sale();
  const before = await look();
  expect(before.value('flashsale_workers_quiet_seconds')).toBeUndefined();
  const holdId = await heldId(productId, 1);
  await order(world, holdId, 'pi_agreed');
  await pay(world, holdId, 'pi_agreed', { amount: 1 });
  await pay(world, crypto.randomUUID(), 'pi_of_nobody');
  await expireOrders(world.services);
  const after = await look();
  const waiting = { received: 0, parked: 1 };
  expect(after.by('state', 'flashsale_deliveries_waiting')).toEqual(waiting);
  expect(after.value('flashsale_refunds_due')).toBe((before.value('flashsale_refunds_due') ?? 0) + 1);
  expect(after.value('flashsale_workers_quiet_seconds')).toBeWithin(0, 10);
});

test('Prometheus twice, and operators beside it, cost the stores one look', async () => {
  await world.sale();
  const looks = { script: 'audit_sale' };
  const name = 'flashsale_redis_script_duration_seconds_count';
  const before = await look();
  await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
  const { opsUrl } = world.listening;
  const overviews = [1, 2, 3].map(() => ops(world, 'GET', '/ops/overview'));
  const scrapes = await Promise.all([scrape(opsUrl), scrape(opsUrl)]);
  for (const { status } of await Promise.all(overviews)) expect(status).toBe(200);
  for (const { value, by } of scrapes) {
    const salesOn = Object.keys(by('sale', 'flashsale_sale_armed')).length;
    expect(salesOn).toBeGreaterThan(0);
    expect(value(name, looks)).toBe((before.value(name, looks) ?? 0) + salesOn);
  }
});

describe('while a store is away, the rest is told all the same', () => {
  test('when it is Redis, hanging or dead', async () => {
    const one = await createWorld();
    const sale = String((await one.sale({ allotment: 9 })).saleId);
    expect((await look(one)).value('flashsale_sale_units', { sale, state: 'available' })).toBe(9);
    const faults = new RedisFaults(one);
    const startedAtMs = performance.now();
    const hanging = await faults.frozen(() => look(one));
    expect(performance.now() - startedAtMs).toBeLessThan(OVERVIEW_AGE_MAX_MS + SCRAPE_WAIT_MS + 500);
    expect(hanging.by('store', 'flashsale_store_up')).toEqual({ redis: 0, sql: 1 });
    expect(hanging.value('flashsale_sale_units', { sale, state: 'available' })).toBeUndefined();
    await faults.kill();
    const dead = await look(one);
    expect(dead.by('store', 'flashsale_store_up')).toEqual({ redis: 0, sql: 1 });
    expect(dead.by('state', 'flashsale_sale_units', { sale })).toEqual({ total: 9, ordered: 0, paid: 0 });
    await faults.start();
    await one.close();
    await faults.stop();
  });

  test('when it is SQL that hangs: each scrape is answered in time, and few connections wait for it', async () => {
    const mariadb = await privateMariaDb();
    const one = await createWorld({ databaseServerUrl: mariadb.url });
    const sale = String((await one.sale({ allotment: 9 })).saleId);
    const ofSale = (seen: Scrape) => seen.value('flashsale_sale_units', { sale, state: 'available' });
    expect(ofSale(await look(one))).toBe(9);
    process.kill(mariadb.pid, 'SIGSTOP');
    try {
      await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
      for (let round = 0; round < 3; round += 1) {
        const startedAtMs = performance.now();
        const seen = await Promise.all([scrape(one.listening.opsUrl), scrape(one.listening.opsUrl)]);
        expect(performance.now() - startedAtMs).toBeLessThan(SCRAPE_WAIT_MS + 500);
        for (const hanging of seen) {
          expect(hanging.by('store', 'flashsale_store_up')).toEqual({ redis: 1, sql: 0 });
          expect(ofSale(hanging)).toBeUndefined();
          expect(hanging.value('flashsale_db_connections', { state: 'in_use' })).toBeWithin(1, 8);
        }
      }
    } finally {
      process.kill(mariadb.pid, 'SIGCONT');
    }
    await until(async () => ofSale(await look(one)) === 9);
    await one.close();
    await mariadb.stop();
  }, 30_000);

  test('when it is SQL that is dead', async () => {
    const mariadb = await privateMariaDb();
    const one = await createWorld({ databaseServerUrl: mariadb.url });
    await one.sale();
    expect((await look(one)).value('flashsale_refunds_due')).toBe(0);
    await mariadb.kill();
    const { value, by, samples } = await look(one);
    expect(by('store', 'flashsale_store_up')).toEqual({ redis: 1, sql: 0 });
    expect(samples.filter(({ name }) => /_sale_|_units$|_waiting$/.test(name))).toEqual([]);
    expect(value('flashsale_refunds_due')).toBeUndefined();
    await one.close();
    await mariadb.stop();
  });
});
