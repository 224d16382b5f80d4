/** Crash points 1 to 9: a hold on its way to Redis, and at its deadline. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createConnection } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { placeHold } from '../../holds/holds.ts';
import { newHoldId } from '../../holds/hold-id.ts';
import { reapHolds, releaseHold } from '../../redis/hold-scripts.ts';
import { placeHolds } from '../../redis/placement-scripts.ts';
import { startApi, type ApiProcess } from '../api-process.ts';
import { hold, order, pay, send } from '../client.ts';
import { RedisFaults } from '../redis-faults.ts';
import { ledger, passDeadline, settle, shortHold } from '../settling.ts';
import { until } from '../until.ts';
import { createWorld, type OneSale, type World } from '../world.ts';
import { held, insist, look, newIntent } from './buyer.ts';

let world: World;
let redis: RedisFaults;
const apis = new Set<ApiProcess>();
beforeAll(async () => {
  world = await createWorld();
  redis = new RedisFaults(world);
});
afterEach(async () => {
  await Promise.all([...apis].map((api) => api.kill()));
  apis.clear();
});
afterAll(async () => {
  await world.close();
  await redis.stop();
});

async function startDying(workers: 'inline' | 'off' = 'off'): Promise<ApiProcess> {
  const api = await startApi(world, { workers });
  apis.add(api);
  return api;
}

/** Holds of one unit that all end in the same millisecond. */
async function holdsThatEndTogether({ saleId }: OneSale, count: number, ttlMs: number): Promise<string[]> {
  const holdIds = Array.from({ length: count }, () => newHoldId(saleId));
  const requests = holdIds.map((holdId) => ({
    holdId,
    quantity: 1,
    ttlMs,
    buyerId: null,
    keyDigest: null,
    fingerprint: '',
  }));
  const placed = await placeHolds(world.services.redis, saleId, requests);
  expect(placed.kind === 'placed' && placed.replies.every(({ kind }) => kind === 'held')).toBe(true);
  return holdIds;
}

describe('an API killed -9 with a hold on its way', () => {
  const key = { 'idempotency-key': 'checkout' };

  test('before Redis was asked leaves nothing behind, and the same key makes the hold at another API (I4)', async () => {
    const api = await startDying();
    const sale = await world.sale({ allotment: 10 });
    // The process does not know the product yet: it waits for SQL, and for nothing else.
    const blocker = await createConnection(connectionOptions(world.databaseUrl));
    await blocker.query('LOCK TABLES products WRITE, sales WRITE');
    const asked = hold(api, sale.productId, { quantity: 2 }, key).catch(() => null);
    await until(async () => {
      const [rows] = await blocker.query(
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE '%metadata lock%'",
      );
      return (rows as unknown[]).length > 0;
    });
    await api.kill();
    expect(await asked).toBeNull();
    await blocker.end();
    expect(await look(world.services, sale)).toMatchObject({ held: 0, available: 10 });
    expect((await hold(world, sale.productId, { quantity: 2 }, key)).status).toBe(201);
    expect(await look(world.services, sale)).toMatchObject({ held: 2, available: 8 });
  });

  test('in a Redis that hangs: what runs after its death is one hold, and the same key finds it (I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const api = await startDying();
    // It knows the sale, and Redis has the script.
    await until(async () => (await hold(api, sale.productId)).status === 201);
    await redis.frozen(async () => {
      const asked = hold(api, sale.productId, { quantity: 2 }, key).catch(() => null);
      // It serves one turn after the other: after these its request lies in Redis' socket.
      for (let i = 0; i < 5; i += 1) await fetch(new URL('/health/live', api.listening.opsUrl));
      await api.kill();
      await asked;
    });
    const found = await until(async () => {
      const seen = await look(world.services, sale);
      return seen.held === 3 && seen;
    });
    expect(found).toMatchObject({ available: 7 });
    const again = await hold(world, sale.productId, { quantity: 2 }, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(await look(world.services, sale)).toMatchObject({ held: 3, available: 7 });
  });
});

describe('overdue holds', () => {
  test('are ended once, by whoever is left, when their reaper is killed -9 in the middle of many (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 3_000 });
    const api = await startDying('inline');
    const deadlines = redis.key(sale.saleId, 'deadlines');
    const endMs = performance.now() + 800;
    const holdIds: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      holdIds.push(...(await holdsThatEndTogether(sale, 128, Math.ceil(endMs - performance.now()))));
    }
    await until(async () => Number(await world.services.redis.zcard(deadlines)) < 2_560);
    await api.kill();
    const left = await look(world.services, sale);
    expect(left.available + left.held).toBe(3_000);
    await passDeadline(world.services, sale.saleId, holdIds.at(-1) ?? '');
    await until(async () => {
      const reaped = await reapHolds(world.services.redis, sale.saleId);
      return reaped.kind === 'reaped' && reaped.count === 0;
    });
    expect(await look(world.services, sale)).toMatchObject({ available: 3_000, held: 0 });
  });

  test('that are released, ordered, reaped and needed in the instant they end come back once each (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 60 });
    const other = await world.another();
    const holdIds = await holdsThatEndTogether(sale, 60, 150);
    const [releasing, ordering] = [holdIds.slice(0, 30), holdIds.slice(15, 45)];
    const taken: string[] = [];
    const released: unknown[] = [];
    let isOver = false;
    const storm = [
      // From before the deadline until after it.
      ...releasing.map(async (holdId, index) => {
        await Bun.sleep(120 + index * 2);
        const reply = await releaseHold(other.redis, sale.saleId, holdId);
        released.push(reply.kind);
      }),
      ...ordering.map(async (holdId, index) => {
        await Bun.sleep(120 + index * 2);
        if ((await order(world, holdId, newIntent())).status === 201) taken.push(holdId);
      }),
      (async () => {
        while (!isOver) await reapHolds(world.services.redis, sale.saleId);
      })(),
    ];
    await passDeadline(world.services, sale.saleId, holdIds[59] ?? '');
    await Promise.all(storm.slice(0, -1));
    isOver = true;
    await storm.at(-1);
    await reapHolds(world.services.redis, sale.saleId);
    await settle(world.services, sale.saleId);
    const end = await look(world.services, sale);
    expect(end).toMatchObject({ held: 0, pinned: 0, committed: taken.length, available: 60 - taken.length });
    const words = new Set(released);
    expect(words.difference(new Set(['released', 'expired', 'pinned', 'ordered'])).size).toBe(0);
  });

  test('are not pinned: an order in the last moment is made, one after it is refused (I3, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    // Around its deadline, from both sides: whichever it is, the answer is what happened.
    const answers = new Set<string>();
    let made = 0;
    for (let leftMs = 40; leftMs > -8 || answers.size < 2; leftMs -= 4) {
      const holdId = await shortHold(world.services, sale.saleId, 45);
      await Bun.sleep(45 - leftMs);
      const intentId = newIntent();
      const { status, body } = await order(world, holdId, intentId);
      answers.add(status === 201 ? 'made' : String(body.code));
      if (status !== 201) continue;
      made += 1;
      await pay(world, holdId, intentId, { event: 'failed' });
    }
    expect(answers).toEqual(new Set(['made', 'hold_expired']));
    await settle(world.services, sale.saleId);
    const { outcomes } = await ledger(world.services, sale.saleId);
    expect(outcomes.filter(({ outcome }) => outcome === 'ordered').length).toBe(made);
    expect(await look(world.services, sale)).toMatchObject({ committed: 0, available: 10, pinned: 0 });
  });
});

test('a Redis that forgot every script is taught them again, in the middle of everything (I2, I8)', async () => {
  const sale = await world.sale({ allotment: 20 });
  const forget = () => world.services.redis.script('FLUSH');
  await forget();
  const holdId = await held(world, sale);
  await forget();
  expect((await send(world, 'GET', `/api/holds/${holdId}`)).status).toBe(200);
  await forget();
  expect((await order(world, holdId, newIntent())).status).toBe(201);
  await forget();
  await settle(world.services, sale.saleId);
  await forget();
  const many = await Promise.all(
    Array.from({ length: 20 }, () =>
      placeHold(world.services, {
        productId: sale.productId,
        quantity: 1,
        ttlMs: null,
        buyerId: null,
        idempotencyKey: null,
      }),
    ),
  );
  expect(many.filter(({ kind }) => kind === 'held')).toHaveLength(18);
  expect(await look(world.services, sale)).toMatchObject({ available: 0, held: 18, committed: 2 });
});

test('the same key at two APIs at once is one hold; with another body it is refused (I4)', async () => {
  const sale = await world.sale({ allotment: 10 });
  const api = await startDying();
  await insist(() => send(api, 'GET', `/api/products/${sale.productId}`));
  const key = { 'idempotency-key': 'twice' };
  const answers = await Promise.all(
    [api, world, api, world].map((at) => hold(at, sale.productId, { quantity: 2 }, key)),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 201]);
  expect(new Set(answers.map(({ body }) => body.data.hold_id)).size).toBe(1);
  const reused = await hold(api, sale.productId, { quantity: 3 }, key);
  expect([reused.status, reused.body.code]).toEqual([422, 'idempotency_key_reused']);
  expect(await look(world.services, sale)).toMatchObject({ held: 2, available: 8 });
});
