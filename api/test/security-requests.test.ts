/** What callers send to do harm: text that means something to a store, and clients that only take up room. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { orders, sales } from '@flash-sale/drizzle/schema.ts';
import { IDLE_TIMEOUT_S } from '@flash-sale/shared/limits.ts';
import { eq } from 'drizzle-orm';
import { statement } from '../mysql/transaction.ts';
import { hold, ops, order, pay, send } from './client.ts';
import { until } from './until.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Without blanks, which a buyer's id does not have. */
const HOSTILE = [
  "'OR'1'='1",
  "x';DROP/**/TABLE/**/orders;--",
  '\\',
  '`sales`',
  '%_%',
  '{s:1}:meta',
  '*',
  "');redis.call('FLUSHALL')--",
  '$(reboot)',
  '__proto__',
  '${7*7}',
];

describe('text that means something to a store', () => {
  test('is text: names of buyers, payments and keys are kept as they were sent, and found by nothing else', async () => {
    const { productId, saleId } = await world.sale({ allotment: 100 });
    for (const [index, text] of HOSTILE.entries()) {
      const key = { 'idempotency-key': text };
      const held = await hold(world, productId, { buyer_id: text }, key);
      expect([text, held.status]).toEqual([text, 201]);
      const holdId = held.body.data.hold_id;
      expect((await hold(world, productId, { buyer_id: text }, key)).body.data.hold_id).toBe(holdId);
      const intent = `${text}${index}`;
      expect([text, (await order(world, holdId, intent)).status]).toEqual([text, 201]);
      expect([text, (await pay(world, holdId, intent, {}, { 'webhook-id': text })).status]).toEqual([
        text,
        200,
      ]);
      const rows = await statement(world.services.mysql, (sql) =>
        sql.select().from(orders).where(eq(orders.paymentIntentId, intent)),
      );
      expect(rows).toMatchObject([{ paymentIntentId: intent, buyerId: text, state: 'paid' }]);
      const found = await ops<unknown[]>(world, 'GET', `/ops/orders?q=${encodeURIComponent(intent)}`);
      expect([text, found.status < 500]).toEqual([text, true]);
    }
    const [sale] = await statement(world.services.mysql, (sql) =>
      sql.select().from(sales).where(eq(sales.id, saleId)),
    );
    expect(sale?.committed).toBe(HOSTILE.length);
  });

  test('names no key of Redis: there are those of sales, and no others', async () => {
    const { productId } = await world.sale();
    for (const text of HOSTILE) await hold(world, productId, { buyer_id: text }, { 'idempotency-key': text });
    const keys = await world.services.redis.keys('*');
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !/^\{s:\d+\}:[a-z_]+$/.test(key))).toEqual([]);
  });

  test('in a path or a question is not found or refused, and never a failure of ours', async () => {
    for (const text of HOSTILE) {
      const part = encodeURIComponent(text);
      for (const path of [`/api/products/${part}`, `/api/holds/${part}`, `/api/products?${part}=${part}`]) {
        expect([path, (await send(world, 'GET', path)).status < 500]).toEqual([path, true]);
      }
      for (const path of [
        `/ops/orders?q=${part}`,
        `/ops/audit?actor=${part}`,
        `/ops/webhooks?q=${part}`,
        `/ops/orders/${part}`,
      ]) {
        expect([path, (await ops(world, 'GET', path)).status < 500]).toEqual([path, true]);
      }
    }
  });
});

/** @returns after how many seconds the server closed the connection */
function heldOpen(first: string, isDripping: boolean): Promise<number> {
  const { hostname, port } = new URL(world.listening.url);
  const { promise, resolve } = Promise.withResolvers<number>();
  const startedAt = performance.now();
  const socket = connect(Number(port), hostname);
  const drip = setInterval(() => {
    if (isDripping) socket.write('a');
  }, 500);
  socket.on('data', () => {});
  socket.on('error', () => {});
  socket.on('close', () => {
    clearInterval(drip);
    resolve((performance.now() - startedAt) / 1_000);
  });
  socket.write(first);
  return promise;
}

describe('a client that only takes up room', () => {
  const head =
    'POST /api/holds HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n';
  const SLOW: [string, string, boolean][] = [
    ['says nothing', '', false],
    ['stops in the middle of its headers', head, false],
    ['sends its headers letter by letter', `${head}X-`, true],
    ['stops in the middle of its body', `${head}\r\n{`, false],
    ['sends its body letter by letter', `${head}\r\n{`, true],
    ['keeps a connection that it does not use', 'GET /api/products HTTP/1.1\r\nHost: a\r\n\r\n', false],
  ];

  test('is cut off in time, however slow it is, and the others are served meanwhile', async () => {
    let isOver = false;
    const slow = Promise.all(SLOW.map(([, first, isDripping]) => heldOpen(first, isDripping)));
    void slow.then(() => (isOver = true));
    const { productId } = await world.sale();
    const statuses = new Set<number>();
    await until(async () => {
      statuses.add((await send(world, 'GET', `/api/products/${productId}`)).status);
      return isOver;
    }, 30_000);
    expect([...statuses]).toEqual([200]);
    for (const [index, seconds] of (await slow).entries()) {
      const name = SLOW[index]?.[0];
      expect([name, seconds, seconds < IDLE_TIMEOUT_S + 5]).toEqual([name, seconds, true]);
    }
  }, 60_000);
});
