import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { deliveries, heartbeats, orders, sales } from '@flash-sale/drizzle/schema.ts';
import type { StockView } from '@flash-sale/shared/contracts/product.ts';
import { CATALOG_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { expireOrders } from '../orders/expiry.ts';
import { deliverCredits } from '../orders/give.ts';
import { workOffInbox } from '../payments/inbox.ts';
import { audit } from '../test/audit.ts';
import { hold, order, pay, send, type Answer } from '../test/client.ts';
import { privateMariaDb, privateRedis, type TestStore } from '../test/stores.ts';
import { freeze } from '../test/freeze.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

function expectUnavailable({ status, headers, body }: Answer<unknown>): void {
  expect([status, body.status, body.code]).toEqual([503, 'error', 'unavailable']);
  expect(body.message).toBe('This is not possible for a moment. Please send the same request again.');
  expect(Number(headers.get('retry-after'))).toBeWithin(1, 10);
}

function stockOf(world: World, { productId }: OneSale): Promise<Answer<StockView>> {
  return send<StockView>(world, 'GET', `/api/products/${productId}`);
}

async function heldId(world: World, { productId }: OneSale, quantity = 1): Promise<string> {
  return (await hold(world, productId, { quantity, ttl: 300 })).body.data.hold_id;
}

describe('while Redis hangs', () => {
  let world: World;
  let sale: OneSale;
  let other: OneSale;
  let held = '';
  let ordered = '';
  let overdue = '';
  beforeAll(async () => {
    world = await createWorld();
    [sale, other] = [await world.sale({ allotment: 20 }), await world.sale({ allotment: 9 })];
    await heldId(world, other, 2);
    await order(world, await heldId(world, other), 'pi_other');
    [held, ordered, overdue] = [
      await heldId(world, sale, 2),
      await heldId(world, sale, 3),
      await heldId(world, sale, 4),
    ];
    await order(world, ordered, 'pi_in_time');
    await order(world, overdue, 'pi_overdue');
    await statement(world.services.mysql, async (sql) => {
      const payBy = raw`utc_timestamp(3) - interval 1 second`;
      await sql.update(orders).set({ payBy }).where(eq(orders.paymentIntentId, 'pi_overdue'));
      await sql.delete(heartbeats);
    });
    await world.services.catalog.refresh();
    process.kill(world.redis.pid, 'SIGSTOP');
  });
  afterAll(async () => {
    process.kill(world.redis.pid, 'SIGCONT');
    await world.close();
  });

  test.concurrent('what needs it is refused with 503 and a time to come back', async () => {
    const answers = await Promise.all([
      hold(world, sale.productId, { quantity: 5 }, { 'idempotency-key': 'kept from us' }),
      send(world, 'GET', `/api/holds/${held}`),
      send(world, 'DELETE', `/api/holds/${held}`),
      order(world, held, 'pi_kept_from_us'),
    ]);
    for (const answer of answers) expectUnavailable(answer);
  });

  test.concurrent('a product answers from SQL and says that holds are not counted', async () => {
    const estimate = { total_stock: 9, available_stock: 8, is_sold_out: false, stock_is_estimate: true };
    expect(await stockOf(world, other)).toMatchObject({ status: 200, body: { data: estimate } });
    const list = await send<{ id: number }[]>(world, 'GET', '/api/products');
    expect(list.body.data.find(({ id }) => id === other.productId)).toMatchObject(estimate);
  });

  test.concurrent('a payment in time is taken', async () => {
    const { status, body } = await pay(world, ordered, 'pi_in_time');
    expect([status, body.data.status, body.data.payment]).toEqual([200, 'paid', 'applied']);
  });

  test.concurrent('a payment that needs units again is refused with 503, and recorded (I6)', async () => {
    expect(await expireOrders(world.services)).toBe(1);
    expectUnavailable(await pay(world, overdue, 'pi_overdue'));
    const rows = await statement(world.services.mysql, (sql) =>
      sql.select().from(deliveries).where(eq(deliveries.intentId, 'pi_overdue')),
    );
    expect(rows).toMatchObject([{ state: 'received' }]);
  });

  test('and when it is back, what was refused is done, once (I4, I7, I8)', async () => {
    process.kill(world.redis.pid, 'SIGCONT');
    // The hold, the release and the order whose answers never came may have happened, or not.
    const again = () => hold(world, sale.productId, { quantity: 5 }, { 'idempotency-key': 'kept from us' });
    const placed = await until(async () => {
      const answer = await again();
      return answer.status < 300 && answer;
    });
    expect((await again()).body.data.hold_id).toBe(placed.body.data.hold_id);
    const { state } = (await send<{ state: string }>(world, 'GET', `/api/holds/${held}`)).body.data;
    const late = await order(world, held, 'pi_kept_from_us');
    expect(late.status).toBe(state === 'held' ? 201 : 409);

    await statement(world.services.mysql, (sql) =>
      sql.update(deliveries).set({ lastReceivedAt: raw`last_received_at - interval 1 minute` }),
    );
    await workOffInbox(world.services);
    expect((await order(world, overdue, 'pi_overdue')).body.data.status).toBe('paid');
    await deliverCredits(world.services, sale.saleId);
    const committed = 7 + (late.status === 201 ? 2 : 0);
    const sums = { committed, held: 5, pinned: 0, owed: 0, available: 15 - committed, drift: 0 };
    expect(await audit(world.services, sale.saleId)).toMatchObject(sums);
    expect((await stockOf(world, sale)).body.data).not.toHaveProperty('stock_is_estimate');
  });
});

describe('when Redis is gone', () => {
  test('it is 503 at once; and when Redis is back with its data, holds are honoured (I7)', async () => {
    const world = await createWorld();
    const sale = await world.sale({ allotment: 10 });
    const holdId = await heldId(world, sale, 2);
    const url = new URL(`/api/products/${sale.productId}/stock`, world.listening.url);
    const gone = new AbortController();
    const stream = (await fetch(url, { signal: gone.signal })).body?.pipeThrough(new TextDecoderStream());
    let told = '';
    const listening = (async () => {
      for await (const chunk of stream ?? []) told += chunk;
    })().catch(() => {});

    await world.redis.kill();
    const startedAt = performance.now();
    for (let time = 0; time < 3; time += 1) {
      expectUnavailable(await hold(world, sale.productId));
      expect((await stockOf(world, sale)).body.data).toMatchObject({ stock_is_estimate: true });
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await until(() => told.includes('"stock_is_estimate":true'));

    const { folder } = world.redis;
    const redis = await privateRedis({ folder });
    const placed = await until(async () => {
      const answer = await order(world, holdId, 'pi_after_restart');
      return answer.status === 201 && answer;
    });
    expect(placed.body.data.status).toBe('pending');
    await until(() =>
      told.trimEnd().endsWith('data: {"total_stock":10,"available_stock":8,"is_sold_out":false}'),
    );
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 2, available: 8, drift: 0 });
    gone.abort();
    await listening;
    await world.close();
    await redis.stop();
  });
});

describe('while SQL', () => {
  let mariaDb: TestStore;
  let world: World;
  let sale: OneSale;
  let held = '';
  let ordered = '';
  beforeAll(async () => {
    mariaDb = await privateMariaDb();
    world = await createWorld({ databaseServerUrl: mariaDb.url });
    sale = await world.sale({ allotment: 50 });
    held = await heldId(world, sale, 2);
    ordered = await heldId(world, sale, 3);
    await order(world, ordered, 'pi_sql');
  }, 30_000);
  afterAll(async () => {
    await world.close();
    await mariaDb.stop();
  });

  test('hangs, holds go on, and what must be written down is refused with 503', async () => {
    await freeze(mariaDb.pid);
    let isAnswered = false;
    const refused = Promise.all([order(world, held, 'pi_hangs'), pay(world, ordered, 'pi_sql')]).finally(
      () => {
        isAnswered = true;
      },
    );
    for (let available = 45; !isAnswered && available > 10; available -= 1) {
      expect((await stockOf(world, sale)).body.data).toMatchObject({ available_stock: available });
      const { status, body } = await hold(world, sale.productId, { quantity: 2 });
      expect(status).toBe(201);
      const released = await send(world, 'DELETE', `/api/holds/${body.data.hold_id}`);
      expect(released.status).toBe(200);
      expect((await hold(world, sale.productId)).status).toBe(201);
    }
    for (const answer of await refused) expectUnavailable(answer);
    process.kill(mariaDb.pid, 'SIGCONT');
  }, 30_000);

  test('is gone, holds go on: placed, read, released, with live stock', async () => {
    await mariaDb.kill();
    const before = (await stockOf(world, sale)).body.data.available_stock;
    const goneAtMs = performance.now();
    await until(() => performance.now() - goneAtMs > CATALOG_AGE_MAX_MS);
    const placed = await hold(world, sale.productId, { quantity: 2 });
    expect(placed.status).toBe(201);
    const path = `/api/holds/${placed.body.data.hold_id}`;
    expect((await send(world, 'GET', path)).body.data).toMatchObject({ state: 'held' });
    const { body } = await stockOf(world, sale);
    expect(body.data).toMatchObject({ available_stock: before - 2 });
    expect(body.data).not.toHaveProperty('stock_is_estimate');
    expect((await send(world, 'DELETE', path)).body.data).toMatchObject({ state: 'released' });
  });

  test('is gone, what must be written down is refused with 503', async () => {
    for (const answer of await Promise.all([
      order(world, held, 'pi_gone'),
      order(world, ordered, 'pi_sql'),
      pay(world, ordered, 'pi_sql'),
      pay(world, ordered, 'pi_sql', { event: 'failed' }),
      send(world, 'GET', `/api/holds/${ordered}`),
    ])) {
      expectUnavailable(answer);
    }
  });

  test('is gone, the list of products is answered too, as its last copy says', async () => {
    const list = await send<StockView[]>(world, 'GET', '/api/products');
    expect([list.status, list.body.data]).toEqual([200, [(await stockOf(world, sale)).body.data]]);
  });

  test('was gone and is back, the same requests succeed, each once (I3, I5, I8)', async () => {
    mariaDb = await privateMariaDb({ folder: mariaDb.folder });
    const placed = await until(async () => {
      const answer = await order(world, held, 'pi_gone');
      return answer.status < 300 && answer;
    });
    expect(placed.body.data.status).toBe('pending');
    expect((await pay(world, ordered, 'pi_sql')).body.data).toMatchObject({
      status: 'paid',
      payment: 'applied',
    });
    await until(async () => (await audit(world.services, sale.saleId)).pinned === 0);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 5, ordered: 5, drift: 0 });
  });
});

describe('a server that stops', () => {
  test('answers what it has begun, takes nothing new, and is gone', async () => {
    const world = await createWorld();
    const sale = await world.sale({ allotment: 5 });
    const holdId = await heldId(world, sale);
    let inFlight: ReturnType<typeof order> | undefined;
    let stopped: Promise<void> | undefined;
    await transaction(world.services.mysql, async (sql) => {
      await sql.select().from(sales).where(eq(sales.id, sale.saleId)).for('update');
      inFlight = order(world, holdId, 'pi_in_flight');
      await until(async () => {
        const waiting = raw`SELECT 1 FROM information_schema.processlist WHERE info LIKE 'update _sales_%'`;
        const [rows] = await sql.execute(waiting);
        return (rows as unknown as unknown[]).length > 0;
      });
      stopped = world.listening.stop();
      await until(() =>
        stockOf(world, sale).then(
          () => false,
          () => true,
        ),
      );
    });
    expect((await inFlight)?.status).toBe(201);
    await stopped;
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 1, drift: 0 });
    await world.close();
  });
});
