import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { OVERVIEW_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { auditSales } from '../orders/audit.ts';
import { expireOrders } from '../orders/expiry.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { RedisFaults } from '../test/redis-faults.ts';
import { hold, ops, order, pay } from '../test/client.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function see({ saleId }: OneSale) {
  // What was asked for a moment ago is answered to all.
  await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
  const { status, body } = await ops<Overview>(world, 'GET', '/ops/overview');
  expect(status).toBe(200);
  return { all: body.data, sale: body.data.sales.find((sale) => sale.sale_id === saleId) };
}

test('the units of a sale are told by state and add up to its allotment (I2)', async () => {
  const sale = await world.sale({ allotment: 20 });
  const holds = [3, 4, 5].map(async (quantity) => hold(world, sale.productId, { quantity, ttl: 60 }));
  const [first, second] = (await Promise.all(holds)).map(({ body }) => body.data.hold_id);
  await order(world, first ?? '', 'pi_first');
  await order(world, second ?? '', 'pi_second');
  await pay(world, second ?? '', 'pi_second');
  await auditSales(world.services);

  const { all, sale: seen } = await see(sale);
  expect(seen).toMatchObject({
    name: 'Lamp',
    state: 'live',
    armed: true,
    units: { allotment: 20, available: 8, held: 5, ordered: 3, paid: 4, returning: 0 },
    sell_through: 7 / 20,
    audit: { is_right: true, drift: 0 },
  });
  const untilOldest = Date.parse(seen?.oldest_hold_expires_at ?? '') - Date.now();
  expect(untilOldest).toBeWithin(50_000, 61_000);
  expect(all.stores).toMatchObject({ redis: { answers: true }, sql: { answers: true }, faults: [] });
});

test('what does not add up is told, with the figures of the last audit', async () => {
  const sale = await world.sale({ allotment: 5 });
  await world.services.redis.hincrby(saleMetaKey(sale.saleId), 'available', 2);
  await auditSales(world.services);
  expect((await see(sale)).sale?.audit).toMatchObject({ is_right: false, drift: 2 });
});

test('a payment that is owed back and a delivery without its order are counted', async () => {
  const sale = await world.sale();
  const before = (await see(sale)).all;
  const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
  await order(world, holdId, 'pi_agreed');
  await pay(world, holdId, 'pi_agreed', { amount: 1 });
  await pay(world, crypto.randomUUID(), 'pi_of_nobody');
  const { all } = await see(sale);
  expect((all.refunds_due ?? 0) - (before.refunds_due ?? 0)).toBe(1);
  expect((all.deliveries_waiting ?? 0) - (before.deliveries_waiting ?? 0)).toBe(1);
});

test('what is owed back is counted as the worklist of refunds lists it, until it went back', async () => {
  const sale = await world.sale();
  const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
  const { order_id: orderId } = (await order(world, holdId, 'pi_first_of_two')).body.data;
  await pay(world, holdId, 'pi_first_of_two');
  await pay(world, holdId, 'pi_second_of_two');
  await ops(world, 'POST', `/ops/orders/${orderId}/refunded`, { reference: 're_1' });
  const listed = async () =>
    (await ops<{ items: unknown[] }>(world, 'GET', '/ops/refunds?limit=200')).body.data.items.length;
  const before = await listed();
  // The order's refund says nothing of the second intent.
  expect(before).toBeGreaterThan(0);
  expect((await see(sale)).all.refunds_due).toBe(before);
  await ops(world, 'POST', '/ops/refunds/native/pi_second_of_two/refunded', { reference: 're_2' });
  expect([await listed(), (await see(sale)).all.refunds_due]).toEqual([before - 1, before - 1]);
});

test('before a launch it is told whether workers run and webhooks are signed', async () => {
  const sale = await world.sale();
  expect((await see(sale)).all.preflight).toEqual({
    workers_quiet_ms: null,
    webhooks_are_signed: false,
    rehearsed_at: null,
  });
  await expireOrders(world.services);
  expect((await see(sale)).all.preflight.workers_quiet_ms).toBeWithin(0, 10_000);
});

test('while Redis is away it is told from SQL, as not armed', async () => {
  const sale = await world.sale({ allotment: 9 });
  const faults = new RedisFaults(world);
  await faults.kill();
  const { all, sale: seen } = await see(sale);
  expect(all.stores.redis).toEqual({ answers: false, milliseconds: null });
  expect(seen).toMatchObject({
    armed: false,
    rates: null,
    units: { allotment: 9, available: 9, held: null },
  });
  await faults.start();
});
