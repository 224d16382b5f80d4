import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { products } from '@flash-sale/drizzle/schema.ts';
import type { ProductView } from '@flash-sale/shared/contracts/product.ts';
import { IDLE_TIMEOUT_S, STOCK_STREAM_PERIOD_MS, STREAM_HEARTBEAT_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { createSale } from '../test/create-sale.ts';
import { moveSale } from '../sales/sales.ts';
import { hold, order, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function view(productId: number): Promise<ProductView> {
  return (await send<ProductView>(world, 'GET', `/api/products/${productId}`)).body.data;
}

interface StockEvent {
  readonly event: string;
  readonly data: string;
  readonly atMs: number;
}

/** The events of a product's stock as they arrive, until the server ends the stream or `stop` is called. */
async function watch(productId: number, ofWorld: Pick<World, 'listening'> = world) {
  const gone = new AbortController();
  const url = new URL(`/api/products/${productId}/stock`, ofWorld.listening.url);
  const response = await fetch(url, { signal: gone.signal });
  const events: StockEvent[] = [];
  const ended = read(response, events).catch(() => {});
  return { response, events, ended, stop: () => gone.abort() };
}

async function read(response: Response, events: StockEvent[]): Promise<void> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const whole = text.split('\n\n');
    text = whole.pop() ?? '';
    for (const block of whole) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      events.push({ event: field('event'), data: field('data'), atMs: performance.now() });
    }
  }
}

function stockIn({ data }: StockEvent): number {
  return (JSON.parse(data) as { available_stock: number }).available_stock;
}

describe('a product', () => {
  test('is shown with its price, its stock and its sale', async () => {
    const opensAt = new Date('2026-01-02T03:04:05.678Z');
    const closesAt = new Date(Date.now() + 3_600_000);
    const terms = { allotment: 10, priceMinor: 59_900, opensAt, closesAt, buyerLimit: 4 };
    const { productId, saleId } = await world.sale({ ...terms, holdTtlMs: 60_000, payWindowMs: 90_000 });
    expect(await view(productId)).toEqual({
      id: productId,
      name: 'Lamp',
      description: 'A lamp.',
      price: 599,
      currency: 'EUR',
      total_stock: 10,
      available_stock: 10,
      is_sold_out: false,
      sale: {
        id: saleId,
        state: 'live',
        opens_at: opensAt.toISOString(),
        closes_at: closesAt.toISOString(),
        hold_ttl_seconds: 60,
        pay_window_seconds: 90,
        buyer_limit: 4,
      },
    });
  });

  test('has what is neither held nor ordered: total_stock - held - ordered (I2)', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    const stock = async () => {
      const {
        total_stock: total,
        available_stock: available,
        is_sold_out: isSoldOut,
      } = await view(productId);
      return [total, available, isSoldOut];
    };
    const first = await hold(world, productId, { quantity: 3 });
    const second = await hold(world, productId, { quantity: 2 });
    expect(await stock()).toEqual([10, 5, false]);
    await order(world, first.body.data.hold_id, `pi_stock_${productId}`);
    expect(await stock()).toEqual([10, 5, false]);
    await send(world, 'DELETE', `/api/holds/${second.body.data.hold_id}`);
    expect(await stock()).toEqual([10, 7, false]);
    await hold(world, productId, { quantity: 7 });
    expect(await stock()).toEqual([10, 0, true]);
  });

  test('without a sale has nothing to sell, and is not sold out', async () => {
    const { productId } = await world.sale({}, 'draft');
    const shown = {
      price: 19.99,
      currency: 'EUR',
      total_stock: 0,
      available_stock: 0,
      is_sold_out: false,
      sale: null,
    };
    expect(await view(productId)).toMatchObject(shown);
  });

  test('with a sale to come shows that one, with its price', async () => {
    const { productId, saleId } = await world.sale({ priceMinor: 100 }, 'draining');
    expect(await view(productId)).toMatchObject({ price: 1, sale: { id: saleId, state: 'draining' } });
    const opensAt = new Date(Date.now() + 60_000);
    const nextId = await createSale(world.services, { productId, allotment: 5, opensAt, priceMinor: 250 });
    await moveSale(world.services, nextId, 'scheduled');
    expect(await view(productId)).toMatchObject({
      price: 2.5,
      total_stock: 5,
      sale: { id: nextId, state: 'scheduled', closes_at: null, buyer_limit: null },
    });
  });

  test('keeps the currency of its sale together with its price', async () => {
    const { productId } = await world.sale({ priceMinor: 1_999 });
    await statement(world.services.mysql, (sql) =>
      sql.update(products).set({ currency: 'JPY' }).where(eq(products.id, productId)),
    );
    await world.services.catalog.refresh();
    expect(await view(productId)).toMatchObject({ price: 19.99, currency: 'EUR' });
  });

  test('that nobody has is not found, whatever is asked of it', async () => {
    for (const id of ['0', '4000000000', '1.0', ' 1', 'one', '-1']) {
      for (const path of [`/api/products/${id}`, `/api/products/${id}/stock`]) {
        const { status, body } = await send(world, 'GET', path);
        expect([status, body.code]).toEqual([404, 'product_not_found']);
      }
    }
  });

  test('is in the list of all products, as it is shown alone', async () => {
    const shown = [await world.sale(), await world.sale({}, 'scheduled'), await world.sale({}, 'draft')];
    const { status, body } = await send<ProductView[]>(world, 'GET', '/api/products');
    expect(status).toBe(200);
    for (const { productId } of shown) {
      expect(body.data.find(({ id }) => id === productId)).toEqual(await view(productId));
    }
    const ids = body.data.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  });

  test('is read once for a crowd that asks at once', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    await hold(world, productId, { quantity: 4 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => view(productId)));
    expect(answers.map(({ available_stock: available }) => available)).toEqual(Array(100).fill(6));
  });
});

describe.concurrent('the stock stream', () => {
  test('tells the stock at once, and then each change, to everybody who watches', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    const watchers = [await watch(productId), await watch(productId)];
    for (const { response } of watchers) {
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toStartWith('text/event-stream');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
    for (const { events } of watchers) await until(() => events.length === 1);
    expect(watchers[0]?.events[0]).toMatchObject({
      event: 'stock',
      data: '{"total_stock":10,"available_stock":10,"is_sold_out":false}',
    });
    await hold(world, productId, { quantity: 10 });
    for (const { events, stop } of watchers) {
      await until(() => events.length === 2);
      expect(JSON.parse(events[1]?.data ?? '')).toEqual({
        total_stock: 10,
        available_stock: 0,
        is_sold_out: true,
      });
      stop();
    }
  });

  test('speaks at most four times a second, however fast the stock changes, and ends with the truth', async () => {
    const { productId } = await world.sale({ allotment: 1_000_000 });
    const { events, stop } = await watch(productId);
    let held = 0;
    while (events.length < 6) {
      await hold(world, productId);
      held += 1;
    }
    await until(() => stockIn(events.at(-1) as StockEvent) === 1_000_000 - held);
    stop();
    const spanMs = (events.at(-1)?.atMs ?? 0) - (events[0]?.atMs ?? 0);
    // Arrivals may be a little apart from departures.
    expect(spanMs).toBeGreaterThan((events.length - 1) * STOCK_STREAM_PERIOD_MS - 60);
    const stocks = events.map(stockIn);
    expect(stocks).toEqual(stocks.toSorted((a, b) => b - a));
    expect(held).toBeGreaterThan(events.length);
  });

  test('goes on when one watcher leaves', async () => {
    const { productId } = await world.sale({ allotment: 5 });
    const [leaving, staying] = [await watch(productId), await watch(productId)];
    await until(() => leaving.events.length === 1 && staying.events.length === 1);
    leaving.stop();
    await leaving.ended;
    await hold(world, productId);
    await until(() => staying.events.length === 2);
    expect(leaving.events).toHaveLength(1);
    staying.stop();
  });

  test('tells of a product without a sale, and of the sale when it opens', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 }, 'draft');
    const { events, stop } = await watch(productId);
    await until(() => events.length === 1);
    await moveSale(world.services, saleId, 'live');
    await until(() => events.length === 2);
    expect(events.map(stockIn)).toEqual([0, 5]);
    stop();
  });

  test('ends when the server stops, which does not wait for its watchers', async () => {
    const own = await createWorld();
    const { productId } = await own.sale();
    const watchers = await Promise.all(Array.from({ length: 5 }, () => watch(productId, own)));
    for (const { events } of watchers) await until(() => events.length === 1);
    const startedAt = performance.now();
    await own.listening.stop();
    await Promise.all(watchers.map(({ ended }) => ended));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await own.close();
  });

  test('says that it is there when nothing changes, and outlives the time after which idle connections end', async () => {
    const { productId } = await world.sale({ allotment: 5 });
    const { events, stop } = await watch(productId);
    await until(() => events.length === 2, STREAM_HEARTBEAT_MS + 5_000);
    expect(events[1]?.event).toBe('heartbeat');
    expect((events[1]?.atMs ?? 0) - (events[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(
      IDLE_TIMEOUT_S * 1_000 - 100,
    );
    await hold(world, productId);
    await until(() => events.length === 3);
    expect(stockIn(events[2] as StockEvent)).toBe(4);
    stop();
  }, 30_000);
});
