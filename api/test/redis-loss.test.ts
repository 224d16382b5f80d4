import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { rebuildSale } from '../sales/rebuild.ts';
import { keepSalesArmed } from '../sales/arming.ts';
import { WORKERS } from '../workers/workers.ts';
import { startApi } from './api-process.ts';
import { audit } from './audit.ts';
import { availableStock, hold, order, pay, send } from './client.ts';
import { RedisFaults } from './redis-faults.ts';
import { expire, ledger, settle } from './settling.ts';
import { until } from './until.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let redis: RedisFaults;
beforeAll(async () => {
  world = await createWorld();
  redis = new RedisFaults(world);
  await redis.neverForget();
});
// What a failed test left down must not fail the next one.
afterEach(() => redis.start());
afterAll(async () => {
  await world.close();
  await redis.stop();
});

const intents = () => `pi_${crypto.randomUUID()}`;

async function look(saleId: number) {
  const seen = await audit(world.services, saleId);
  expect([seen.drift, seen.ordered]).toEqual([0, seen.committed]);
  return seen;
}

async function held(productId: number, quantity: number, buyerId?: string): Promise<string> {
  const buyer = buyerId === undefined ? {} : { buyer_id: buyerId };
  const { status, body } = await hold(world, productId, { quantity, ...buyer });
  expect(status).toBe(201);
  return body.data.hold_id;
}

async function ordered(productId: number, quantity: number, buyerId?: string) {
  const holdId = await held(productId, quantity, buyerId);
  const intentId = intents();
  expect((await order(world, holdId, intentId)).status).toBe(201);
  return { holdId, intentId };
}

/** A process learns of a new product within a second. @throws with its answer until then. */
async function isServing(api: Pick<World, 'listening'>, productId: number): Promise<true> {
  const { status, body } = await send(api, 'GET', `/api/products/${productId}`);
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return true;
}

async function statusOf(holdId: string): Promise<string> {
  const { body } = await send<{ state: string }>(world, 'GET', `/api/holds/${holdId}`);
  return body.code ?? body.data.state;
}

describe('a Redis that was killed -9 and comes back with its append-only file', () => {
  test('sells again to the next buyer, and every hold is still there (I2, I7)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const [sold, mine] = [await ordered(productId, 3), await held(productId, 2)];
    await redis.restart();
    expect((await hold(world, productId, { quantity: 6 })).body.available_stock).toBe(5);
    expect([await statusOf(mine), await statusOf(sold.holdId)]).toEqual(['held', 'ordered']);
    expect((await order(world, mine, intents())).status).toBe(201);
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 5, committed: 5, held: 0, pinned: 0 });
  });

  test('keeps idempotency keys', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    const key = { 'idempotency-key': 'before and after' };
    const first = await hold(world, productId, {}, key);
    await redis.restart();
    const again = await hold(world, productId, {}, key);
    expect([again.status, again.body.data.hold_id]).toEqual([200, first.body.data.hold_id]);
  });

  test('sells again a moment after Redis has loaded a long file (I8)', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    const fill = "for i = 1, 40000 do redis.call('SET', 'filling', string.rep('x', 64) .. i) end";
    for (let i = 0; i < 10; i += 1) await world.services.redis.eval(fill, 0);
    await redis.kill();
    await redis.startStore();
    const startedAt = performance.now();
    await until(async () => (await hold(world, productId)).status === 201);
    expect(performance.now() - startedAt).toBeLessThan(600);
  });

  test('is armed by the workers alone, within a moment', async () => {
    const { saleId } = await world.sale({ allotment: 10 });
    await redis.restart();
    await keepSalesArmed(world.services);
    expect(await look(saleId)).toMatchObject({ available: 10 });
  });

  test('while it is away holds are refused for now, and payments go on', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const [first, second] = [await ordered(productId, 1), await ordered(productId, 2)];
    await redis.kill();
    expect((await pay(world, first.holdId, first.intentId)).body.data.status).toBe('paid');
    const failed = await pay(world, second.holdId, second.intentId, { event: 'failed' });
    expect(failed.body.data.status).toBe('cancelled');
    const refused = await hold(world, productId);
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await until(async () => (await availableStock(world, productId)) === 9);
    await redis.start();
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 9, committed: 1, owed: 0 });
  });

  test('frozen and back, it does not hold twice for one key (I4)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const request = () => hold(world, productId, { quantity: 2 }, { 'idempotency-key': 'patience' });
    // Else Redis would only ask for the script.
    await held(productId, 1);
    const refused = await redis.frozen(request);
    expect(refused.status).toBe(503);
    const found = await until(async () => {
      const again = await request();
      return again.status !== 503 && again;
    });
    // The command that nobody waited for any more has run.
    expect(found.status).toBe(200);
    expect(await look(saleId)).toMatchObject({ held: 3, available: 7 });
  });
});

describe('a Redis that lost everything', () => {
  const losses: Record<string, () => Promise<unknown>> = {
    'by FLUSHALL': () => world.services.redis.flushall(),
    'by a restart without its files': () => redis.restartEmpty(),
  };
  for (const [how, lose] of Object.entries(losses)) {
    test(`${how} tells the buyer, sells the units again, and what was ordered stays sold (I1, I2, I7)`, async () => {
      const { saleId, productId } = await world.sale({ allotment: 10 });
      const { holdId, intentId } = await ordered(productId, 4);
      const lost = await held(productId, 3);
      await lose();
      const refused = await order(world, lost, intents());
      expect([refused.status, refused.body.code]).toEqual([409, 'hold_lost']);
      expect(await statusOf(lost)).toBe('hold_lost');
      expect((await send(world, 'DELETE', `/api/holds/${lost}`)).body.code).toBe('hold_lost');
      expect(await look(saleId)).toMatchObject({ available: 6, committed: 4, held: 0 });

      expect(await statusOf(holdId)).toBe('ordered');
      expect((await order(world, holdId, intentId)).status).toBe(200);
      expect((await pay(world, holdId, intentId)).body.data.status).toBe('paid');
      await held(productId, 6);
      expect((await hold(world, productId)).body.code).toBe('insufficient_stock');
      expect(await look(saleId)).toMatchObject({ available: 0, committed: 4, held: 6 });
    });
  }

  test('still knows from SQL what each buyer has (I1)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10, buyerLimit: 3 });
    await ordered(productId, 2, 'ann');
    await held(productId, 1, 'ann');
    await redis.forget(saleId);
    const tooMany = await hold(world, productId, { quantity: 2, buyer_id: 'ann' });
    expect(tooMany.body.code).toBe('buyer_limit_reached');
    await held(productId, 1, 'ann');
    expect((await hold(world, productId, { buyer_id: 'ann' })).body.code).toBe('buyer_limit_reached');
    expect(await look(saleId)).toMatchObject({ available: 7, buyerUnits: 2 });
  });

  test('does not count units twice that were given back around the loss (I4)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    await ordered(productId, 4);
    await ordered(productId, 3);
    await redis.kill();
    await expire(world.services, saleId).catch(() => {});
    await redis.start();
    await redis.forget(saleId);
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 10, committed: 0, owed: 0 });
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 10, owed: 0 });
    const { credits } = await ledger(world.services, saleId);
    expect(credits.map(({ deliveredAt }) => deliveredAt === null)).toEqual([false, false]);
  });
});

describe('a Redis that came back with an older state', () => {
  test('sells nothing twice: what SQL knows is dropped, the rest is kept (I1, I2)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const [mine, theirs] = [await held(productId, 2), await held(productId, 2)];
    const goBack = redis.keepState();
    expect((await order(world, mine, intents())).status).toBe(201);
    await send(world, 'DELETE', `/api/holds/${theirs}`);
    const later = await ordered(productId, 6);
    await goBack();
    // Four kept: two of them are released, but this Redis does not know it.
    expect((await hold(world, productId)).body).toMatchObject({ available_stock: 0 });
    expect(await look(saleId)).toMatchObject({ available: 0, committed: 8, held: 2 });
    expect([await statusOf(mine), await statusOf(later.holdId)]).toEqual(['ordered', 'ordered']);
  });

  test('may have promised too much: SQL refuses, the buyer is told, and the debt heals (I1, I7)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const theirs = await held(productId, 4);
    const goBack = redis.keepState();
    await send(world, 'DELETE', `/api/holds/${theirs}`);
    await ordered(productId, 10);
    await goBack();
    expect((await hold(world, productId)).body).toMatchObject({ available_stock: 0 });
    expect(await look(saleId)).toMatchObject({ available: -4, held: 4, committed: 10 });
    const refused = await order(world, theirs, intents());
    expect([refused.status, refused.body.code]).toEqual([409, 'hold_lost']);
    expect((await order(world, theirs, intents())).body.code).toBe('hold_lost');
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 0, held: 0, pinned: 0, committed: 10 });
  });
});

describe('a Redis that came back with an older state of a sale with a limit per buyer', () => {
  test('sells nobody more than the limit: SQL counts too (I1)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10, buyerLimit: 2 });
    const former = await held(productId, 2, 'ann');
    const goBack = redis.keepState();
    await send(world, 'DELETE', `/api/holds/${former}`);
    await ordered(productId, 2, 'ann');
    await goBack();
    expect((await order(world, former, intents())).body.code).toBe('hold_lost');
    expect((await hold(world, productId, { buyer_id: 'ann' })).body.code).toBe('buyer_limit_reached');
    await settle(world.services, saleId);
    expect(await look(saleId)).toMatchObject({ available: 8, committed: 2, buyerUnits: 2 });
  });
});

describe('a Redis that may lose what it acknowledged', () => {
  const settings: [string, string, string, RegExp][] = [
    ['appendonly', 'no', 'yes', /append-only file: set "appendonly yes"/],
    ['maxmemory-policy', 'allkeys-lru', 'noeviction', /evict holds .*set "maxmemory-policy noeviction"/],
  ];
  for (const [setting, unsafe, safe, reason] of settings) {
    test(`(${setting} ${unsafe}) is not armed, with the reason, until it is set right`, async () => {
      const { saleId, productId } = await world.sale({ allotment: 10 });
      await world.services.redis.config('SET', setting, unsafe);
      await redis.forget(saleId);
      const refused = await rebuildSale(world.services, saleId);
      expect(refused.kind === 'refused' ? refused.reasons : refused.kind).toEqual([
        expect.stringMatching(reason),
      ]);
      expect((await hold(world, productId)).status).toBe(503);
      await world.services.redis.config('SET', setting, safe);
      const placed = await until(async () => {
        const again = await hold(world, productId);
        return again.status === 201 && again;
      });
      expect(placed.status).toBe(201);
      expect(await look(saleId)).toMatchObject({ available: 9 });
    });
  }
});

describe('rebuilding', () => {
  test('by many at once leaves one that stands, under buyers who go on (I2)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 100 });
    const others = await Promise.all([world.another(), world.another()]);
    const rebuilders = [world.services, ...others, world.services, ...others];
    const buyers = Array.from({ length: 20 }, async () => {
      const placed = await until(async () => {
        const { status, body } = await hold(world, productId);
        return status === 201 && body.data.hold_id;
      });
      const intentId = intents();
      await until(async () => (await order(world, placed, intentId)).status < 300);
    });
    const rebuilt = await Promise.all(rebuilders.map((services) => rebuildSale(services, saleId)));
    await Promise.all(buyers);
    // All of them may be superseded: by a buyer who found the sale unarmed.
    const kinds = new Set(rebuilt.map(({ kind }) => kind));
    expect([...kinds.difference(new Set(['armed', 'superseded']))]).toEqual([]);
    await settle(world.services, saleId);
    const end = await look(saleId);
    expect(end).toMatchObject({ committed: 20, pinned: 0 });
    expect(end.available + end.held).toBe(80);
  });

  test('is done once when two API processes meet an unarmed Redis at once, and every buyer is served', async () => {
    const { saleId, productId } = await world.sale({ allotment: 100 });
    const apis = await Promise.all([startApi(world), startApi(world)]);
    for (const api of apis) await until(() => isServing(api, productId));
    await redis.forget(saleId);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => hold(apis[index % 2] ?? world, productId)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201));
    expect(await look(saleId)).toMatchObject({ available: 60, held: 40 });
    await Promise.all(apis.map((api) => api.kill()));
  });

  test('of many sales at once, after a loss that hit them all, serves the next buyer of each (I8)', async () => {
    const sales = [];
    for (let i = 0; i < 40; i += 1) sales.push(await world.sale({ allotment: 2 }));
    await world.services.redis.flushall();
    const startedAt = performance.now();
    const answers = await Promise.all(sales.map(({ productId }) => hold(world, productId)));
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(201));
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    for (const { saleId } of sales) expect(await look(saleId)).toMatchObject({ available: 1 });
  });

  test('and every other work goes on for the other sales when the keys of one are damaged (I8)', async () => {
    const damaged = await world.sale({ allotment: 10 });
    const others = [await world.sale({ allotment: 10 }), await world.sale({ allotment: 10 })];
    for (const name of ['holds', 'deadlines'] as const) {
      await world.services.redis.set(redis.key(damaged.saleId, name), 'not what it was');
    }
    for (const { saleId } of others) await redis.forget(saleId);
    for (const { runOnce } of WORKERS) await runOnce(world.services).catch(() => {});
    for (const { saleId } of others) expect(await look(saleId)).toMatchObject({ available: 10 });
    await redis.forget(damaged.saleId);
  });
});
