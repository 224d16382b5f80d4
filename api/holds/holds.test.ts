import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { audit } from '../test/audit.ts';
import { availableStock, hold, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('placing a hold', () => {
  test('takes the units out of stock and says when they return', async () => {
    const { productId, saleId } = await world.sale({ allotment: 10 });
    const placed = await hold(world, productId, { quantity: 3, ttl: 60 });
    expect(placed.status).toBe(201);
    expect(placed.body.data.expires_in_seconds).toBe(60);
    expect(placed.headers.get('location')).toBe(`/api/holds/${placed.body.data.hold_id}`);
    expect(await availableStock(world, productId)).toBe(7);
    expect(await audit(world.services, saleId)).toMatchObject({ held: 3, available: 7, drift: 0 });
  });

  test('is refused when units are short, with what is left and when more may come', async () => {
    const { productId } = await world.sale({ allotment: 2 });
    await hold(world, productId, { quantity: 1, ttl: 30 });
    const refused = await hold(world, productId, { quantity: 2 });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'insufficient_stock',
      available_stock: 1,
      retry_in_seconds: 30,
    });
  });

  test('with the same Idempotency-Key gives the same hold and takes nothing more', async () => {
    const { productId } = await world.sale({ allotment: 10 });
    const key = { 'idempotency-key': 'checkout 42' };
    const first = await hold(world, productId, { quantity: 2 }, key);
    const again = await hold(world, productId, { quantity: 2 }, key);
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body.data.hold_id).toBe(first.body.data.hold_id);
    expect(await availableStock(world, productId)).toBe(8);
  });

  test('with a used Idempotency-Key and another request is refused', async () => {
    const { productId } = await world.sale();
    const key = { 'idempotency-key': 'checkout 43' };
    await hold(world, productId, { quantity: 2 }, key);
    const other = await hold(world, productId, { quantity: 3 }, key);
    expect(other.status).toBe(422);
    expect(other.body.code).toBe('idempotency_key_reused');
  });
});

describe('releasing a hold', () => {
  test('returns its units once, however often it is asked (I4)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    const { body } = await hold(world, productId, { quantity: 5 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(world, 'DELETE', `/api/holds/${body.data.hold_id}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(await audit(world.services, saleId)).toMatchObject({ available: 5, held: 0, drift: 0 });
  });
});

describe('a Redis that hangs for longer than a buyer waits', () => {
  test('does not keep units for nobody: what was not answered is released, unless its buyer can ask again', async () => {
    const { productId, saleId } = await world.sale({ allotment: 10 });
    await hold(world, productId);
    process.kill(world.redis.pid, 'SIGSTOP');
    const key = { 'idempotency-key': 'patient' };
    const refused = await Promise.all([
      ...Array.from({ length: 5 }, () => hold(world, productId)),
      hold(world, productId, { quantity: 2 }, key),
    ]).finally(() => process.kill(world.redis.pid, 'SIGCONT'));
    expect(refused.map(({ status }) => status)).toEqual(Array(6).fill(503));

    await until(async () => (await audit(world.services, saleId)).held === 1 + 2);
    const again = await hold(world, productId, { quantity: 2 }, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(await audit(world.services, saleId)).toMatchObject({ held: 3, available: 7, drift: 0 });
  });
});
