import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { EVENTS_CONSUMERS_MAX, EVENTS_HEARTBEAT_MS, EVENTS_WAITING_MAX } from '@flash-sale/shared/limits.ts';
import { expireOrders } from '../orders/expiry.ts';
import { listen, type Listening } from '../server.ts';
import { availableStock, hold, ops, order, pay, send } from '../test/client.ts';
import { EventClient } from '../test/event-client.ts';
import { countsOf } from '../test/faults/figures.ts';
import { passPayWindow } from '../test/settling.ts';
import { until } from '../test/until.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '../test/world.ts';
import { publish } from './publish.ts';

let world: World;
/** A second API process on the same stores. */
let other: { listening: Listening };
beforeAll(async () => {
  world = await createWorld();
  other = { listening: listen(await world.another()) };
});
afterAll(async () => {
  await other.listening.stop();
  await world.close();
});

const typesOf = (client: EventClient) => client.events.map(({ type }) => type);
const idsOf = (client: EventClient) => client.seen.map(({ id }) => id);

describe('the stream of events', () => {
  test('tells what happens to a sale, each event with an id, and the stock after it', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    const client = await EventClient.open(world, { query: `sale=${saleId}` });
    const place = async (fields: object) => (await hold(world, productId, fields)).body.data.hold_id;
    const [paid, ended] = [await place({ quantity: 2, buyer_id: 'ann' }), await place({})];
    await order(world, paid, 'pi_paid');
    await pay(world, paid, 'pi_paid');
    await send(world, 'DELETE', `/api/holds/${ended}`);
    const failed = await place({});
    await order(world, failed, 'pi_failed');
    await pay(world, failed, 'pi_failed', { event: 'failed' });
    const unpaid = await place({});
    await order(world, unpaid, 'pi_unpaid');
    await passPayWindow(world.services, saleId);
    await expireOrders(world.services);
    await ops(world, 'POST', `/ops/sales/${saleId}/stock`, { change: 2 });
    await ops(world, 'POST', `/ops/sales/${saleId}/stock`, { change: -1 });
    await until(() => client.of('operator.acted').length === 2);
    await client.cut();
    // What SQL decided is told beside what Redis did: of those two, either may be the first.
    expect(countsOf(typesOf(client))).toEqual({
      'hold.placed': 4,
      'hold.ordered': 3,
      'hold.released': 1,
      'hold.taken': 1,
      'hold.withdrawn': 1,
      'order.pending': 3,
      'order.paid': 1,
      'order.cancelled': 1,
      'order.expired': 1,
      'payment.applied': 1,
      'stock.returned': 3,
      'stock.changed': 2,
      'operator.acted': 2,
    });
    expect(client.of('order.paid')[0]?.data).toMatchObject({
      sale_id: saleId,
      hold_id: paid,
      quantity: 2,
      amount: 39.98,
      currency: 'EUR',
      buyer_id: 'ann',
    });
    expect(client.of('stock.changed').map(({ data }) => [data['change'], data['allotment']])).toEqual([
      [2, 7],
      [-1, 6],
    ]);
    const stocks = client.events.flatMap(({ data }) => data.available ?? []);
    expect(stocks.at(-1)).toBe(await availableStock(world, productId));
    expect(new Set(idsOf(client)).size).toBe(client.seen.length);
  });

  test('begins with now, and goes on after any id at any process: every event once, in order', async () => {
    const { productId, saleId } = await world.sale({ allotment: 50 });
    const first = await EventClient.open(world);
    for (let i = 0; i < 5; i += 1) await hold(i % 2 === 0 ? world : other, productId);
    publish(world.services, null, {
      type: 'replay.progress',
      replay_id: 1,
      state: 'running',
      done: 1,
      total: 2,
    });
    const placed = () => first.of('hold.placed').filter(({ data }) => data.sale_id === saleId);
    await until(() => placed().length === 5 && first.of('replay.progress').length === 1);
    await first.cut();
    for (const [index, { id }] of first.seen.entries()) {
      const again = await EventClient.open(index % 2 === 0 ? other : world, { after: id });
      await until(() => idsOf(again).at(-1) === first.lastId);
      expect(idsOf(again)).toEqual(idsOf(first).slice(index));
      await again.cut();
    }
    const last = await EventClient.open(other, { query: `last_event_id=${first.lastId}` });
    await hold(world, productId);
    await until(() => last.events.length === 1);
    expect(last.events[0]?.type).toBe('hold.placed');
    await last.cut();
  });

  test('shows a sale that another process opens from its first event on, without a gap', async () => {
    const listening = await EventClient.open(other);
    const sales: (number | null | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) {
      const sale = await world.sale({ allotment: 3 });
      await hold(world, sale.productId);
      sales.push(sale.saleId);
    }
    const firstOf = (client: EventClient, type: string) =>
      client
        .of(type)
        .map(({ data }) => data.sale_id)
        .filter((saleId) => sales.includes(saleId));
    await until(() => firstOf(listening, 'hold.placed').length === sales.length);
    expect(firstOf(listening, 'sale.rebuilt')).toEqual(sales);
    expect(listening.of('gap')).toEqual([]);
    const resumed = await EventClient.open(world, { after: listening.seen[0]?.id });
    await until(() => resumed.lastId === listening.lastId);
    expect(idsOf(resumed)).toEqual(idsOf(listening));
    await Promise.all([listening.cut(), resumed.cut()]);
  });

  test('tells only what was asked for: some sales, some types, whole families', async () => {
    const [one, two] = [await world.sale({ allotment: 9 }), await world.sale({ allotment: 9 })];
    const queries = [
      `sale=${one.saleId}`,
      `sale=${one.saleId},${two.saleId}&types=hold.released`,
      `sale=${one.saleId}&sale=${two.saleId}&types=hold.placed&types=order`,
      'types=stock,operator',
    ];
    const clients = await Promise.all(queries.map((query) => EventClient.open(world, { query })));
    for (const { productId } of [one, two]) {
      const { body } = await hold(world, productId);
      await send(world, 'DELETE', `/api/holds/${body.data.hold_id}`);
    }
    publish(world.services, two.saleId, { type: 'stock.changed', change: 1, allotment: 10, by: 'ann' });
    await until(() => clients.map(({ events }) => events.length).join() === '2,2,2,1');
    const seen = clients.map((client) => client.events.map(({ type, data }) => [type, data.sale_id]));
    const [a, b] = [one.saleId, two.saleId];
    expect(seen).toEqual([
      [
        ['hold.placed', a],
        ['hold.released', a],
      ],
      [
        ['hold.released', a],
        ['hold.released', b],
      ],
      [
        ['hold.placed', a],
        ['hold.placed', b],
      ],
      [['stock.changed', b]],
    ]);
    await Promise.all(clients.map((client) => client.cut()));
  });

  test('says that it is there when nothing happens, and how far it is', async () => {
    const client = await EventClient.open(world, { query: 'sale=4000000000' });
    await until(() => client.of('heartbeat').length === 2, 2 * EVENTS_HEARTBEAT_MS + 3_000);
    const [first, second] = client.of('heartbeat');
    const [ready] = client.of('ready');
    expect((first?.seenAtMs ?? 0) - (ready?.seenAtMs ?? 0)).toBeLessThan(10_000);
    expect(Date.parse(second?.data.at ?? '')).toBeGreaterThan(Date.parse(first?.data.at ?? ''));
    // Whoever resumes after a heartbeat has missed nothing.
    const again = await EventClient.open(other, { after: second?.id });
    await until(() => again.seen.length > 0);
    expect(again.of('gap')).toEqual([]);
    await Promise.all([client.cut(), again.cut()]);
  }, 30_000);
});

describe('the route of events', () => {
  test('asks for a token and lets a viewer read', async () => {
    const body = { name: 'watcher', role: 'viewer' };
    const { body: added } = await ops<{ token: string }>(world, 'POST', '/ops/operators', body);
    const client = await EventClient.open(world, { token: added.data.token });
    await until(() => client.of('ready').length === 1);
    // A stream outlives the question whether its reader may have it, so that is asked again and again.
    await ops(world, 'POST', '/ops/operators/watcher/revoke');
    await client.ended;
    expect((await ops(world, 'GET', '/ops/events', undefined, { authorization: '' })).status).toBe(401);
    expect((await send(world, 'GET', '/ops/events')).status).toBe(404);
  });

  test('says what is wrong with a question', async () => {
    const wrong = [
      ['sale=x', 'sale'],
      ['sale=0', 'sale'],
      ['types=hold.placed,nothing', 'types'],
      ['last_event_id=12', 'last_event_id'],
      ['last_event_id=12-x.00000000', 'last_event_id'],
    ];
    for (const [query, field = ''] of wrong) {
      const { status, body } = await ops(world, 'GET', `/ops/events?${query}`);
      expect([query, status, Object.keys(body.errors ?? {})]).toEqual([query, 400, [field]]);
    }
  });

  test('is answered 503 while Redis is away, also while somebody listens already', async () => {
    const own = await createWorld();
    try {
      const listening = await EventClient.open(own);
      await until(() => listening.of('ready').length === 1);
      await own.redis.kill();
      await until(async () => (await ops(own, 'GET', '/ops/events')).body.code === 'unavailable');
      await listening.cut();
    } finally {
      await own.close();
    }
  });

  test('ends with the server, which does not wait for its consumers', async () => {
    const own = await createWorld();
    const clients = await Promise.all(Array.from({ length: 5 }, () => EventClient.open(own)));
    for (const client of clients) await until(() => client.of('ready').length === 1);
    const startedAt = performance.now();
    await own.listening.stop();
    await Promise.all(clients.map(({ ended }) => ended));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await own.close();
  });

  test(`serves ${EVENTS_CONSUMERS_MAX} at once, and the next one later`, async () => {
    const own = await createWorld();
    const clients = [];
    for (let i = 0; i < EVENTS_CONSUMERS_MAX; i += 1) clients.push(await EventClient.open(own));
    const refused = await ops(own, 'GET', '/ops/events');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    await clients.pop()?.cut();
    await until(async () => {
      const client = await EventClient.open(own);
      await client.cut();
      return true;
    });
    await Promise.all(clients.map((client) => client.cut()));
    await own.close();
  });

  test('drops a consumer that takes nothing in, tells it so, and is not slowed down by it', async () => {
    const { saleId } = await world.sale();
    const slow = await stuckConsumer(world);
    const quick = await EventClient.open(world);
    const by = 'x'.repeat(10_000);
    let count = 0;
    const dropped = async () => {
      const metrics = await (await fetch(`${world.listening.opsUrl}/metrics`)).text();
      return metrics.includes('flashsale_event_consumers_dropped_total 1');
    };
    // The kernel takes a few megabytes before the process has to keep any.
    while (!(await dropped())) {
      expect(count * by.length).toBeLessThan(4 * EVENTS_WAITING_MAX + 20_000_000);
      for (let i = 0; i < 100; i += 1) {
        publish(world.services, saleId, { type: 'stock.changed', change: 1, allotment: 1, by });
      }
      count += 100;
      await until(() => quick.of('stock.changed').length === count);
    }
    const received = await slow.readOn();
    expect(received).toContain('event: dropped');
    // Resumed after what it was told last, it misses nothing.
    const lastId = received
      .match(/^id: (.*)$/gm)
      ?.at(-1)
      ?.slice('id: '.length);
    const [ready, events] = [received.match(/^event: ready$/gm), received.match(/^event: stock.changed$/gm)];
    expect(ready).toHaveLength(1);
    const again = await EventClient.open(other, { after: lastId });
    await until(() => again.of('stock.changed').length + (events?.length ?? 0) === count);
    expect(again.of('gap')).toEqual([]);
    await Promise.all([quick.cut(), again.cut()]);
  }, 60_000);
});

/** Asks for events and reads nothing until told to. */
async function stuckConsumer({ listening }: World) {
  const { hostname, port } = new URL(listening.opsUrl);
  const socket = connect(Number(port), hostname);
  socket.write(`GET /ops/events HTTP/1.1\r\nHost: ops\r\nAuthorization: Bearer ${BOOTSTRAP_TOKEN}\r\n\r\n`);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await until(() => text.includes('event: ready'));
  socket.pause();
  return {
    async readOn(): Promise<string> {
      socket.resume();
      await until(() => text.includes('event: dropped'), 20_000);
      socket.destroy();
      return text;
    },
  };
}
