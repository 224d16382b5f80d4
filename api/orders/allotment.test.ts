import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, order, send } from '../test/client.ts';
import { settle } from '../test/settling.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { moveSale } from '../sales/sales.ts';
import { restock, shrink } from './allotment.ts';
import { deliverCredits } from './give.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function look({ saleId }: OneSale) {
  const seen = await audit(world.services, saleId);
  expect({ drift: seen.drift, unlisted: seen.unlisted }).toEqual({ drift: 0, unlisted: 0 });
  return seen;
}

async function shown({ productId }: OneSale) {
  return (await send(world, 'GET', `/api/products/${productId}`)).body.data;
}

describe('units that are added', () => {
  test('can be held at once, and everybody sees the new total', async () => {
    const sale = await world.sale({ allotment: 2 });
    await hold(world, sale.productId, { quantity: 2 });
    expect((await hold(world, sale.productId)).body.code).toBe('insufficient_stock');
    expect(await restock(world.services, sale.saleId, 3)).toEqual({ kind: 'changed', allotment: 5 });
    expect(await shown(sale)).toMatchObject({ total_stock: 5, available_stock: 3 });
    expect((await hold(world, sale.productId, { quantity: 3 })).status).toBe(201);
    expect(await look(sale)).toMatchObject({ allotment: 5, held: 5, available: 0, owed: 0 });
  });

  test('reach Redis once, though the process died in between (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const dying = await world.another((point) => {
      if (point === 'give.committed') throw new Error('as if killed here');
    });
    await restock(dying, sale.saleId, 3).catch(() => {});
    expect(await look(sale)).toMatchObject({ owed: 3, available: 5, allotment: 8 });
    const dyingLater = await world.another((point) => {
      if (point === 'give.credited') throw new Error('as if killed here');
    });
    await deliverCredits(dyingLater, sale.saleId).catch(() => {});
    expect(await look(sale)).toMatchObject({ owed: 0, available: 8 });
    expect(await deliverCredits(world.services, sale.saleId)).toBe(1);
    expect(await shown(sale)).toMatchObject({ total_stock: 8, available_stock: 8 });
    await rebuildSale(world.services, sale.saleId);
    expect(await look(sale)).toMatchObject({ owed: 0, available: 8 });
  });
});

describe('units that are taken out', () => {
  test('are gone from the sale, and nobody can hold them', async () => {
    const sale = await world.sale({ allotment: 10 });
    expect(await shrink(world.services, sale.saleId, 4)).toEqual({ kind: 'changed', allotment: 6 });
    expect(await shown(sale)).toMatchObject({ total_stock: 6, available_stock: 6 });
    expect((await hold(world, sale.productId, { quantity: 7 })).body.available_stock).toBe(6);
    await rebuildSale(world.services, sale.saleId);
    expect(await look(sale)).toMatchObject({ allotment: 6, available: 6, pinned: 0 });
  });

  test('are never units that somebody was promised: it is said how many could go (I1, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const { hold_id: ordered } = (await hold(world, sale.productId, { quantity: 3 })).body.data;
    expect((await order(world, ordered, `pi_${sale.saleId}`)).status).toBe(201);
    const { hold_id: held } = (await hold(world, sale.productId, { quantity: 4 })).body.data;
    expect(await shrink(world.services, sale.saleId, 4)).toEqual({ kind: 'too_many', possible: 3 });
    expect(await shrink(world.services, sale.saleId, 3)).toEqual({ kind: 'changed', allotment: 7 });
    expect(await shrink(world.services, sale.saleId, 1)).toEqual({ kind: 'too_many', possible: 0 });
    expect((await order(world, held, `pi_${held}`)).status).toBe(201);
    expect(await look(sale)).toMatchObject({ allotment: 7, committed: 7, available: 0 });
  });

  test('by ten at once, under buyers, are as many as they were told (I2)', async () => {
    const sale = await world.sale({ allotment: 30 });
    const [shrunk, held] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, () => shrink(world.services, sale.saleId, 2))),
      Promise.all(Array.from({ length: 15 }, () => hold(world, sale.productId))),
    ]);
    const gone = shrunk.filter(({ kind }) => kind === 'changed').length * 2;
    const taken = held.filter(({ status }) => status === 201).length;
    await settle(world.services, sale.saleId);
    expect(await look(sale)).toMatchObject({
      allotment: 30 - gone,
      held: taken,
      available: 30 - gone - taken,
    });
  });
});

test('the allotment of a sale that is not on cannot be changed, and the answer says when it can', async () => {
  const sale = await world.sale({}, 'draining');
  expect(await restock(world.services, sale.saleId, 1)).toMatchObject({
    kind: 'impossible',
    state: 'draining',
  });
  expect(await shrink(world.services, sale.saleId, 1)).toMatchObject({
    kind: 'impossible',
    state: 'draining',
  });
  expect(await shrink(world.services, 4_000_000_000, 1)).toEqual({ kind: 'sale_not_found' });
});

describe('POST /ops/sales/{id}/stock', () => {
  const change = (sale: OneSale, by: number, headers = {}) =>
    ops(world, 'POST', `/ops/sales/${sale.saleId}/stock`, { change: by }, headers);

  test('adds, takes out, and refuses with the number that is possible', async () => {
    const sale = await world.sale({ allotment: 5 });
    const above = `At most ${ALLOTMENT_MAX - 5} units can be added now.`;
    expect((await change(sale, ALLOTMENT_MAX)).body.message).toBe(above);
    expect((await change(sale, 2)).body.data).toEqual({ sale_id: sale.saleId, allotment: 7 });
    expect((await change(sale, -7)).body.data).toEqual({ sale_id: sale.saleId, allotment: 0 });
    const refused = await change(sale, -1);
    expect([refused.status, refused.body.code]).toEqual([409, 'impossible_now']);
    expect(refused.body).toMatchObject({
      possible_units: 0,
      message: 'At most 0 units can be taken out now.',
    });
    await moveSale(world.services, sale.saleId, 'draining');
    expect((await change(sale, 1)).body).toMatchObject({
      state: 'draining',
      possible: ['scheduled', 'live', 'paused'],
    });
    expect((await change(sale, 0)).body.errors).toHaveProperty('change');
    expect((await change({ ...sale, saleId: 4_000_000_000 }, 1)).body.code).toBe('sale_not_found');
  });

  test('asked for by twins at once under one key is taken out once, and each is told so (I6)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const key = { 'idempotency-key': `twins-${sale.saleId}` };
    const answers = await Promise.all([0, 1, 2, 3].map(() => change(sale, -6, key)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await look(sale)).toMatchObject({ allotment: 4, available: 4, pinned: 0 });
  });

  test('under one Idempotency-Key changes once, however often and from wherever it is asked (I6)', async () => {
    const sale = await world.sale({ allotment: 5 });
    const key = { 'idempotency-key': `stock-${sale.saleId}` };
    const answers = await Promise.all(Array.from({ length: 8 }, () => change(sale, 2, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await look(sale)).toMatchObject({ allotment: 7 });
    const again = await change(sale, 2, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.body.data).toEqual({ sale_id: sale.saleId, allotment: 7 });
    expect((await change(sale, 3, key)).body.code).toBe('idempotency_key_reused');
    expect(await look(sale)).toMatchObject({ allotment: 7, available: 7 });
  });
});
