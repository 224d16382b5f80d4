import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { SALE_KEY_NAMES, saleKeys } from '../redis/keys.ts';
import { reapHolds } from '../redis/hold-scripts.ts';
import { audit } from '../test/audit.ts';
import { availableStock, hold, order, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { holdName } from '../redis/hold-name.ts';

let world: World;
let withWorkers: World;
beforeAll(async () => {
  [world, withWorkers] = await Promise.all([createWorld(), createWorld({ workers: true })]);
});
afterAll(() => Promise.all([world.close(), withWorkers.close()]));

function readHold(holdId: string, ofWorld = world) {
  return send<HoldBody>(ofWorld, 'GET', `/api/holds/${holdId}`);
}

interface HoldBody {
  readonly hold_id: string;
  readonly state: string;
  readonly quantity: number;
  readonly expires_in_seconds: number;
  readonly order?: Record<string, unknown>;
}

function keyOf(saleId: number, name: (typeof SALE_KEY_NAMES)[number]): string {
  return saleKeys(saleId)[SALE_KEY_NAMES.indexOf(name)] ?? '';
}

describe('a request for a hold is refused with what is wrong, by field, and takes nothing', () => {
  const QUANTITY = 'must be an integer from 1 to 100';
  const TTL = 'must be an integer from 3 to 300';
  const BUYER = 'must be a string of 1 to 64 printable characters without spaces';
  const PRODUCT = 'must be an integer from 1 to 4294967295';
  const REFUSED: [string, unknown, string][] = [
    ['quantity', '2', QUANTITY],
    ['quantity', 1.5, QUANTITY],
    ['quantity', 0, QUANTITY],
    ['quantity', -1, QUANTITY],
    ['quantity', 101, QUANTITY],
    ['quantity', 1e21, QUANTITY],
    ['quantity', null, QUANTITY],
    ['quantity', true, QUANTITY],
    ['quantity', [1], QUANTITY],
    ['quantity', { units: 1 }, QUANTITY],
    ['quantity', undefined, 'is required'],
    ['product_id', undefined, 'is required'],
    ['product_id', '1', PRODUCT],
    ['product_id', 0, PRODUCT],
    ['product_id', 4_294_967_296, PRODUCT],
    ['product_id', 2 ** 53, PRODUCT],
    ['ttl', 2, TTL],
    ['ttl', 301, TTL],
    ['ttl', 3.5, TTL],
    ['ttl', '60', TTL],
    ['ttl', null, TTL],
    ['ttl', -60, TTL],
    ['buyer_id', '', BUYER],
    ['buyer_id', 'a'.repeat(65), BUYER],
    ['buyer_id', 'two words', BUYER],
    ['buyer_id', 'tab\t', BUYER],
    ['buyer_id', 'line\n', BUYER],
    ['buyer_id', 'nul\0', BUYER],
    ['buyer_id', 'zoë', BUYER],
    ['buyer_id', '🙂', BUYER],
    ['buyer_id', 42, BUYER],
    ['buyer_id', null, BUYER],
    ['Quantity', 1, 'is not a known field'],
    ['expires_at', '2030-01-01T00:00:00Z', 'is not a known field'],
    ['price', 0, 'is not a known field'],
    ['hold_id', crypto.randomUUID(), 'is not a known field'],
    ['', 1, 'is not a known field'],
  ];
  test.each(REFUSED)('%s: %j %s', async (field, value, message) => {
    const { productId } = await world.sale();
    const fields = { product_id: productId, quantity: 1, [field]: value };
    const { status, body } = await send(world, 'POST', '/api/holds', fields);
    expect([status, body.code]).toEqual([400, 'bad_request']);
    expect(body.errors).toEqual({ [field || 'body']: [message] });
    expect(await availableStock(world, productId)).toBe(100);
  });

  test('all of its faults at once', async () => {
    const { body } = await send(world, 'POST', '/api/holds', { quantity: '2', ttl: 1, colour: 'red' });
    expect(Object.keys(body.errors ?? {}).sort()).toEqual(['colour', 'product_id', 'quantity', 'ttl']);
  });

  test('an Idempotency-Key that is empty, too long or not printable', async () => {
    const { productId } = await world.sale();
    for (const key of ['', 'a'.repeat(256), 'zoë']) {
      const { status, body } = await hold(world, productId, {}, { 'idempotency-key': key });
      expect([status, body.code]).toEqual([400, 'bad_request']);
      expect(body.errors).toEqual({ 'Idempotency-Key': ['must be 1 to 255 printable characters'] });
    }
    expect(await availableStock(world, productId)).toBe(100);
  });
});

describe('a request for a hold is granted at its bounds', () => {
  test('of the time that it lasts', async () => {
    const { productId } = await world.sale({ holdTtlMs: 45_000 });
    for (const [ttl, seconds] of [
      [3, 3],
      [300, 300],
      [undefined, 45],
    ] as const) {
      const before = Date.now();
      const { status, body } = await hold(world, productId, ttl === undefined ? {} : { ttl });
      expect([status, body.data.expires_in_seconds]).toEqual([201, seconds]);
      const ttlMs = Date.parse(body.data.expires_at) - before;
      expect(ttlMs).toBeGreaterThanOrEqual(seconds * 1_000);
      expect(ttlMs).toBeLessThan(seconds * 1_000 + 1_000);
    }
  });

  test('of quantity, buyer and key', async () => {
    const { productId } = await world.sale({ allotment: 200 });
    for (const quantity of [1, 100]) expect((await hold(world, productId, { quantity })).status).toBe(201);
    const buyer = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~' + 'a'.repeat(34);
    expect((await hold(world, productId, { buyer_id: buyer })).status).toBe(201);
    const key = { 'idempotency-key': '~ '.repeat(127) + '~' };
    expect((await hold(world, productId, {}, key)).status).toBe(201);
  });

  test('of a product that nobody has: 404', async () => {
    const { status, body } = await hold(world, 4_294_967_295);
    expect([status, body.code]).toEqual([404, 'product_not_found']);
  });
});

describe('an Idempotency-Key', () => {
  test('makes one hold of 30 requests at once, and answers 201 once', async () => {
    const { productId, saleId } = await world.sale({ allotment: 10 });
    const key = { 'idempotency-key': 'at once' };
    const answers = await Promise.all(Array.from({ length: 30 }, () => hold(world, productId, {}, key)));
    expect(new Set(answers.map(({ body }) => body.data.hold_id)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(29);
    expect(await audit(world.services, saleId)).toMatchObject({ held: 1, available: 9, drift: 0 });
  });

  test('finds its hold when the stock is gone, the sale is paused or the hold is over', async () => {
    const { productId } = await world.sale({ allotment: 1 });
    const key = { 'idempotency-key': 'again' };
    const { body } = await hold(world, productId, {}, key);
    expect((await hold(world, productId)).body.code).toBe('insufficient_stock');
    expect((await hold(world, productId, {}, key)).status).toBe(200);
    await send(world, 'DELETE', `/api/holds/${body.data.hold_id}`);
    const again = await hold(world, productId, {}, key);
    expect([again.status, again.body.data.hold_id]).toEqual([200, body.data.hold_id]);
    expect(await availableStock(world, productId)).toBe(1);
  });

  test('of one sale says nothing in another', async () => {
    const [one, other] = [await world.sale(), await world.sale()];
    const key = { 'idempotency-key': 'shared' };
    expect((await hold(world, one.productId, {}, key)).status).toBe(201);
    expect((await hold(world, other.productId, {}, key)).status).toBe(201);
  });

  test('with another quantity, ttl or buyer is another request', async () => {
    const { productId } = await world.sale();
    const key = { 'idempotency-key': 'changed' };
    await hold(world, productId, { quantity: 2 }, key);
    for (const fields of [{ quantity: 3 }, { quantity: 2, ttl: 60 }, { quantity: 2, buyer_id: 'ann' }]) {
      const { status, body } = await hold(world, productId, fields, key);
      expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
    }
  });
});

describe('units that are short', () => {
  test('are told: how many are left and when the next hold ends', async () => {
    const { productId } = await world.sale({ allotment: 3 });
    await hold(world, productId, { quantity: 1, ttl: 90 });
    await hold(world, productId, { quantity: 1, ttl: 30 });
    const refused = await hold(world, productId, { quantity: 2 });
    expect(refused).toMatchObject({ status: 409, body: { available_stock: 1, retry_in_seconds: 30 } });
    await hold(world, productId);
    const soldOut = await hold(world, productId);
    expect(soldOut).toMatchObject({ status: 409, body: { available_stock: 0, retry_in_seconds: 30 } });
  });

  test('are told without a time when everything is ordered', async () => {
    const { productId } = await world.sale({ allotment: 1 });
    const { body } = await hold(world, productId);
    await order(world, body.data.hold_id, 'pi_all_ordered');
    const refused = await hold(world, productId);
    expect(refused).toMatchObject({ status: 409, body: { available_stock: 0, retry_in_seconds: null } });
  });

  test('are never held twice: 60 buyers at once for 20 units (I1, I2)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 20 });
    const answers = await Promise.all(Array.from({ length: 60 }, () => hold(world, productId)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    expect([count(201), count(409)]).toEqual([20, 40]);
    expect(await audit(world.services, saleId)).toMatchObject({ held: 20, available: 0, drift: 0 });
  });
});

describe('reading and releasing a hold', () => {
  test('tells its state: held, ordered with its order, released', async () => {
    const { productId } = await world.sale();
    const held = (await hold(world, productId, { quantity: 2, ttl: 60 })).body.data.hold_id;
    expect(await readHold(held)).toMatchObject({
      status: 200,
      body: { data: { hold_id: held, state: 'held', quantity: 2, expires_in_seconds: 60 } },
    });
    const placed = await order(world, held, 'pi_read_hold');
    const { data } = (await readHold(held)).body;
    expect(data).toMatchObject({ hold_id: held, state: 'ordered', quantity: 2, expires_in_seconds: 0 });
    expect(data.order).toMatchObject({
      order_id: placed.body.data.order_id,
      status: 'pending',
      amount: 39.98,
      currency: 'EUR',
    });

    const other = (await hold(world, productId)).body.data.hold_id;
    const released = await send(world, 'DELETE', `/api/holds/${other}`);
    expect(released).toMatchObject({ status: 200, body: { data: { hold_id: other, state: 'released' } } });
    const seen = (await readHold(other)).body.data;
    expect(seen).toEqual({ hold_id: other, state: 'released', quantity: 1, expires_in_seconds: 0 });
  });

  test('an ordered hold is not released, and keeps its units', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    await order(world, holdId, 'pi_not_released');
    for (let again = 0; again < 3; again += 1) {
      const { status, body } = await send(world, 'DELETE', `/api/holds/${holdId}`);
      expect([status, body.code]).toEqual([409, 'hold_ordered']);
    }
    expect(await audit(world.services, saleId)).toMatchObject({ committed: 1, available: 4, drift: 0 });
  });

  test('a hold that is ordered and released at once becomes one of both, never two (I3, I4)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 20 });
    const holdIds = await Promise.all(
      Array.from({ length: 20 }, async () => (await hold(world, productId)).body.data.hold_id),
    );
    const ends = await Promise.all(
      holdIds.map(async (holdId, index) => {
        const ask = [
          () => order(world, holdId, `pi_race_${saleId}_${index}`),
          () => send(world, 'DELETE', `/api/holds/${holdId}`),
        ];
        if (index % 2 === 1) ask.reverse();
        const answers = await Promise.all(ask.map((one) => one()));
        return answers.map(({ status }) => status).sort((a, b) => a - b);
      }),
    );
    for (const statuses of ends) {
      expect([
        [200, 409],
        [201, 409],
      ]).toContainEqual(statuses);
    }
    const ordered = ends.filter(([status]) => status === 201).length;
    await until(async () => (await audit(world.services, saleId)).pinned === 0);
    expect(await audit(world.services, saleId)).toMatchObject({ committed: ordered, held: 0, drift: 0 });
  });

  test('an id in capitals is the same id', async () => {
    const { productId } = await world.sale();
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    const capitals = holdId.toUpperCase();
    expect((await readHold(capitals)).body.data).toMatchObject({ hold_id: holdId, state: 'held' });
    const released = await send(world, 'DELETE', `/api/holds/${capitals}`);
    expect(released.body.data).toEqual({ hold_id: holdId, state: 'released' });
  });

  test('an id that is none of ours is not found: unknown, of another sale, of another shape', async () => {
    const { productId } = await world.sale();
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    const ids = [
      `${holdId.slice(0, -4)}${holdId.endsWith('ffff') ? '0000' : 'ffff'}`,
      `ffffffff${holdId.slice(8)}`,
      crypto.randomUUID(),
      Bun.randomUUIDv7(),
      `urn:uuid:${holdId}`,
      `{${holdId}}`,
      holdId.replaceAll('-', ''),
      `${holdId}%20`,
      'null',
    ];
    for (const id of ids) {
      for (const method of ['GET', 'DELETE']) {
        const { status, body } = await send(world, method, `/api/holds/${id}`);
        expect([id, status, body.code]).toEqual([id, 404, 'hold_not_found']);
      }
    }
  });

  test('an ended hold answers as such for ten minutes, then it is not found; an ordered one answers for ever', async () => {
    const { productId, saleId } = await world.sale();
    const [released, ordered] = [await hold(world, productId), await hold(world, productId)];
    const ids = [released, ordered].map(({ body }) => body.data.hold_id);
    await send(world, 'DELETE', `/api/holds/${ids[0]}`);
    await order(world, ids[1] ?? '', 'pi_for_ever');
    const endedKey = keyOf(saleId, 'ended');
    await until(async () => (await world.services.redis.zcard(endedKey)) === 2);
    const remembered: [number, (string | undefined)[]][] = [
      [10, ['released', 'ordered']],
      [12, [undefined, 'ordered']],
    ];
    for (const [minutes, states] of remembered) {
      for (const id of ids) {
        await world.services.redis.zadd(endedKey, Date.now() - minutes * 60_000, holdName(id));
      }
      await reapHolds(world.services.redis, saleId);
      const seen = await Promise.all(ids.map((id) => readHold(id)));
      expect(seen.map(({ body }) => (body.code === undefined ? body.data.state : undefined))).toEqual(states);
    }
    expect((await readHold(ids[0] ?? '')).body.code).toBe('hold_not_found');
  });

  test('a hold that was lost with data of Redis is told lost, whatever is asked (I7)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    await world.services.redis.del(...saleKeys(saleId));
    for (const answer of [
      await readHold(holdId),
      await send(world, 'DELETE', `/api/holds/${holdId}`),
      await order(world, holdId, 'pi_lost'),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'hold_lost']);
    }
    expect(await audit(world.services, saleId)).toMatchObject({ available: 5, committed: 0, drift: 0 });
  });
});

// Three seconds is the shortest hold there is: these wait for it together.
describe.concurrent('a hold that nobody ordered ends at its deadline', () => {
  test('to the millisecond for whoever asks, with no worker running', async () => {
    const { productId, saleId } = await world.sale({ allotment: 4 });
    const { data } = (await hold(world, productId, { quantity: 3, ttl: 3 })).body;
    const deadlineMs = Date.parse(data.expires_at);
    await until(() => Date.now() > deadlineMs - 50);
    for (let state = 'held'; state === 'held';) {
      const askedAtMs = Date.now();
      const [seen, available] = await Promise.all([readHold(data.hold_id), availableStock(world, productId)]);
      const answeredAtMs = Date.now();
      ({ state } = seen.body.data);
      // Asked before and answered after the deadline, either is right.
      if (answeredAtMs < deadlineMs) expect([state, available]).toEqual(['held', 1]);
      if (askedAtMs >= deadlineMs) expect([state, available]).toEqual(['expired', 4]);
    }
    expect((await readHold(data.hold_id)).body.data).toMatchObject({ quantity: 3, expires_in_seconds: 0 });
    expect(await audit(world.services, saleId)).toMatchObject({ available: 4, held: 0, drift: 0 });
  });

  test('for the buyer who needs its units, with no worker running', async () => {
    const { productId, saleId } = await world.sale({ allotment: 3 });
    const { data } = (await hold(world, productId, { quantity: 3, ttl: 3 })).body;
    expect((await hold(world, productId)).status).toBe(409);
    await until(() => Date.now() >= Date.parse(data.expires_at));
    expect((await hold(world, productId, { quantity: 2 })).status).toBe(201);
    expect(await audit(world.services, saleId)).toMatchObject({ available: 1, held: 2, drift: 0 });
  });

  test('and is told as expired to a late order and a late release', async () => {
    const { productId, saleId } = await world.sale({ allotment: 1 });
    const { data } = (await hold(world, productId, { ttl: 3 })).body;
    await until(() => Date.now() >= Date.parse(data.expires_at));
    const late = await order(world, data.hold_id, 'pi_late_order');
    expect([late.status, late.body.code]).toEqual([409, 'hold_expired']);
    const released = await send(world, 'DELETE', `/api/holds/${data.hold_id}`);
    expect(released).toMatchObject({ status: 200, body: { data: { state: 'expired' } } });
    expect(await audit(world.services, saleId)).toMatchObject({ available: 1, committed: 0, drift: 0 });
  });

  test('and its units are back within 250 ms, once, with the workers running (I4)', async () => {
    const { productId, saleId } = await withWorkers.sale({ allotment: 40 });
    const holds = await Promise.all(
      Array.from({ length: 20 }, () => hold(withWorkers, productId, { quantity: 2, ttl: 3 })),
    );
    // Looked at from outside, so that the look does not end the holds itself.
    await until(async () => (await audit(withWorkers.services, saleId)).held === 0);
    const endedKey = keyOf(saleId, 'ended');
    for (const { body } of holds) {
      const endedAtMs = Number(
        await withWorkers.services.redis.zscore(endedKey, holdName(body.data.hold_id)),
      );
      const lateMs = endedAtMs - Date.parse(body.data.expires_at);
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThanOrEqual(250);
      expect((await readHold(body.data.hold_id, withWorkers)).body.data.state).toBe('expired');
    }
    expect(await audit(withWorkers.services, saleId)).toMatchObject({ available: 40, drift: 0 });
  });
});
