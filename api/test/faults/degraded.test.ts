/** What goes on while one part is away, and what waits: the table of ARCHITECTURE.md, with real processes. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EXPIRY_PAUSE_MIN_MS,
  OUTAGE_MIN_MS,
  REDIS_TIMEOUT_MS,
  REQUESTS_IN_FLIGHT_MAX,
  SQL_TIMEOUT_MS,
} from '@flash-sale/shared/limits.ts';
import { until } from '../until.ts';
import { Board, type SaleKindName } from './board.ts';
import { Caller } from './caller.ts';
import { countsOf } from './figures.ts';
import { History, type Ask, type Reply } from './history.ts';
import { judge } from './judge.ts';
import { Stack } from './stack.ts';
import { Told } from './told.ts';
import { untilExact } from './verify.ts';
import { Violations } from './violations.ts';

/** For the machine that runs the tests, which is busy. */
const SLACK_MS = 700;

const folder = mkdtempSync(join(tmpdir(), 'flash-sale-degraded-'));
const violations = new Violations();
const told = new Told((before, heard) => {
  for (const { rule, says, about } of judge(before, heard)) violations.add(rule, says, about);
});
const board = new Board();
let stack: Stack;
let caller: Caller;
beforeAll(async () => {
  stack = await Stack.start(null);
  const history = new History(join(folder, 'history.jsonl'));
  history.readBy((entry) => told.take(entry));
  caller = new Caller(history, (api) => stack.services[api].url, stack.webhookSecret);
  const services = await stack.look();
  await board.openAll(services);
  await services.close();
  // Both APIs know the sales, and have connections.
  await Promise.all([ordered('large'), ordered('large'), ordered('probe')]);
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true });
});

interface Timed {
  readonly status: number;
  readonly reply: Reply;
  readonly ms: number;
}

let calls = 0;
async function ask(question: Ask): Promise<Timed> {
  const startedAt = performance.now();
  calls += 1;
  const reply = await caller.call(question, calls % 2 === 0 ? 'api0' : 'api1');
  if (reply === null) throw new Error(`no answer to ${question.do}`);
  return { status: reply.status, reply, ms: performance.now() - startedAt };
}

function holdOf(name: SaleKindName, quantity = 1): Ask {
  const sale = board.open.find(({ kindName }) => kindName === name);
  if (sale === undefined) throw new Error(`no sale ${name}`);
  const { saleId, productId, kind } = sale;
  const key = crypto.randomUUID();
  return { do: 'hold', saleId, productId, quantity, buyerId: null, key, ttlMs: kind.holdTtlMs };
}

/** By whichever API has recovered from the test before. */
async function held(name: SaleKindName): Promise<string> {
  const { reply } = await until(async () => {
    const asked = await ask(holdOf(name));
    return asked.status === 201 && asked;
  });
  return String(reply.data['hold_id']);
}

const orderOf = (holdId: string): Ask => ({ do: 'order', holdId, intentId: `pi_${holdId}` });
const paymentOf = (holdId: string): Ask => ({
  do: 'success',
  holdId,
  intentId: `pi_${holdId}`,
  webhookId: `msg_${holdId}`,
  amount: null,
  currency: null,
  isForged: false,
});

async function ordered(name: SaleKindName): Promise<string> {
  const holdId = await held(name);
  // What the test before did to the whole may still be felt: asked again, it is the same order.
  await until(async () => (await ask(orderOf(holdId))).status < 300);
  return holdId;
}

async function product(name: SaleKindName): Promise<{ status: number; isEstimate: boolean }> {
  const sale = board.open.find(({ kindName }) => kindName === name);
  const response = await fetch(new URL(`/api/products/${sale?.productId}`, stack.services.api0.url));
  const { data } = (await response.json()) as { data?: { stock_is_estimate?: boolean } };
  return { status: response.status, isEstimate: data?.stock_is_estimate === true };
}

/** Nothing that anybody was told is wrong, and the stock is exact. */
async function expectSound(): Promise<void> {
  await untilExact({ stack, board, told, violations }, Date.now(), 0);
  expect(violations.list.slice(0, 5)).toEqual([]);
}

const sells = async (): Promise<boolean> => (await ask(holdOf('probe'))).status === 201;
const orders = async (): Promise<boolean> => (await ask(orderOf(await held('probe')))).status === 201;

async function whileFrozen(store: 'redis' | 'mariadb', work: () => Promise<void>): Promise<void> {
  const { pid } = stack[store];
  process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

/** Sends a request on a connection of its own: fetch has at most 256 of them. @returns what is heard on it */
async function sendAlone(url: URL, body: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  await Bun.connect({
    hostname: url.hostname,
    port: Number(url.port),
    socket: {
      open(socket) {
        const head = `POST ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json`;
        socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      },
      data(socket, data) {
        resolve(data.toString());
        socket.end();
      },
      close: () => resolve('closed'),
      error: () => resolve('error'),
    },
  }).catch(() => resolve('refused'));
  return promise;
}

describe('while Redis is away', () => {
  test('payments, ordered holds and product pages go on; holds and orders are told to come back, within a second', async () => {
    const [paidLater, notOrdered] = [await ordered('large'), await held('large')];
    await stack.redis.kill();
    const refused = await Promise.all([
      ...Array.from({ length: 20 }, () => ask(holdOf('large'))),
      ask(orderOf(notOrdered)),
      ask({ do: 'release', holdId: notOrdered }),
    ]);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
    expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(1_000 + SLACK_MS);
    const payment = await ask(paymentOf(paidLater));
    expect(payment.reply.data).toMatchObject({ status: 'paid', payment: 'applied' });
    expect((await ask({ do: 'read', holdId: paidLater })).reply.data).toMatchObject({ state: 'ordered' });
    expect(await product('large')).toEqual({ status: 200, isEstimate: true });

    await stack.startRedis();
    await until(sells, 1_000 + 2 * SLACK_MS);
    // Each sale is rebuilt by itself.
    await until(async () => (await ask(orderOf(notOrdered))).status === 201, 1_000 + 2 * SLACK_MS);
    expect(await product('large')).toEqual({ status: 200, isEstimate: false });
    await expectSound();
  });

  test('and frozen instead of gone, every call is answered after its deadline, and payments are taken', async () => {
    const paidLater = await ordered('large');
    await whileFrozen('redis', async () => {
      const asked = Promise.all(Array.from({ length: 200 }, () => ask(holdOf('large'))));
      const payment = await ask(paymentOf(paidLater));
      const refused = await asked;
      expect(payment.reply.data).toMatchObject({ status: 'paid', payment: 'applied' });
      expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
      expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(REDIS_TIMEOUT_MS + SLACK_MS);
    });
    await until(sells, 1_000 + 2 * SLACK_MS);
    await expectSound();
  });

  test('more requests than a process can answer are turned away at once; a payment is heard all the same', async () => {
    const paidLater = await ordered('large');
    // All of them to one API, so that its bound is passed.
    const url = new URL('/api/holds', stack.services.api0.url);
    const body = JSON.stringify({ product_id: board.probe.productId, quantity: 1 });
    await whileFrozen('redis', async () => {
      let payment: ReturnType<typeof caller.call> | undefined;
      let turnedAway = 0;
      // Each waits for Redis for less than a second, and on a busy machine not all are there by then.
      for (let crowds = 0; turnedAway === 0 && crowds < 5; crowds += 1) {
        const crowd = Array.from({ length: REQUESTS_IN_FLIGHT_MAX + 2_000 }, () => sendAlone(url, body));
        payment ??= caller.call(paymentOf(paidLater), 'api0');
        const heard = await Promise.all(crowd);
        expect(Object.keys(countsOf(heard.map((text) => text.slice(0, 12))))).toEqual(['HTTP/1.1 503']);
        turnedAway = heard.filter((text) => text.includes('Too much at once')).length;
      }
      expect(turnedAway).toBeGreaterThan(0);
      expect((await payment)?.data).toMatchObject({ status: 'paid', payment: 'applied' });
    });
    await until(sells);
    await expectSound();
  }, 60_000);
});

describe('while SQL is away', () => {
  test('holds, releases and product pages go on; orders and payments are told to come back, and succeed when they do', async () => {
    const [paidLater, notOrdered] = [await ordered('large'), await held('large')];
    await stack.mariadb.kill();
    const [first, second] = await Promise.all([ask(holdOf('large')), ask(holdOf('large'))]);
    expect([first.status, second.status]).toEqual([201, 201]);
    const released = await ask({ do: 'release', holdId: String(first.reply.data['hold_id']) });
    expect(released.status).toBe(200);
    expect(await product('large')).toEqual({ status: 200, isEstimate: false });
    const refused = await Promise.all([ask(orderOf(notOrdered)), ask(paymentOf(paidLater))]);
    expect(refused.map(({ status }) => status)).toEqual([503, 503]);
    expect(Math.max(...refused.map(({ ms }) => ms))).toBeLessThan(1_000 + SLACK_MS);

    await stack.startMariaDb();
    await until(async () => (await ask(orderOf(notOrdered))).status < 300, 1_000 + 4 * SLACK_MS);
    const payment = await ask(paymentOf(paidLater));
    expect(payment.reply.data).toMatchObject({ status: 'paid' });
    await expectSound();
  });

  test('and frozen instead of gone, orders are answered after their deadline, and holds as ever', async () => {
    const notOrdered = await held('large');
    await whileFrozen('mariadb', async () => {
      const order = ask(orderOf(notOrdered));
      for (let n = 0; n < 20; n += 1) {
        const { status, ms } = await ask(holdOf('large'));
        expect(status).toBe(201);
        expect(ms).toBeLessThan(SLACK_MS);
        await Bun.sleep(50);
      }
      const { status, ms } = await order;
      expect(status).toBe(503);
      expect(ms).toBeLessThan(SQL_TIMEOUT_MS + SLACK_MS);
    });
    await until(orders, 1_000 + 4 * SLACK_MS);
    await expectSound();
  });

  test('for long, no order expires right afterwards: a payment that could not be heard is still in time', async () => {
    const unpaid = await ordered('large');
    await stack.mariadb.kill();
    await Bun.sleep(OUTAGE_MIN_MS + 1_000);
    await stack.startMariaDb();
    await until(orders, 5_000);
    // Its pay window was 5 s, and workers look twice a second.
    await Bun.sleep(1_500);
    const payment = await ask(paymentOf(unpaid));
    expect(payment.reply.data).toMatchObject({ status: 'paid', payment: 'applied' });
    expect(EXPIRY_PAUSE_MIN_MS).toBeGreaterThan(30_000);
    await expectSound();
  }, 30_000);
});

describe('while the workers are away', () => {
  test('units of holds that are over come back through the buyers who ask for them', async () => {
    await Promise.all([stack.services.worker0.kill(), stack.services.worker1.kill()]);
    const { allotment, holdTtlMs } = board.open.find(({ kindName }) => kindName === 'eager')?.kind ?? {
      allotment: 0,
      holdTtlMs: 0,
    };
    const all = await Promise.all(Array.from({ length: allotment }, () => ask(holdOf('eager'))));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await ask(holdOf('eager'))).reply.code).toBe('insufficient_stock');
    await Bun.sleep(holdTtlMs);
    const again = await Promise.all(Array.from({ length: allotment }, () => ask(holdOf('eager'))));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([201]));
    await Promise.all([stack.startService('worker0'), stack.startService('worker1')]);
    await expectSound();
  }, 30_000);

  test('one API away is noticed by nobody who asks the other', async () => {
    await stack.services.api0.kill();
    const answers = await Promise.all(Array.from({ length: 50 }, () => caller.call(holdOf('large'), 'api1')));
    expect(new Set(answers.map((reply) => reply?.status))).toEqual(new Set([201]));
    await stack.startService('api0');
    expect((await caller.call(holdOf('large'), 'api0'))?.status).toBe(201);
    await expectSound();
  });
});
