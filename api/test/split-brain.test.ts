import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { placeHold } from '../holds/holds.ts';
import { deliverCredits } from '../orders/give.ts';
import { placeOrder } from '../orders/orders.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { createServices, type Services } from '../services.ts';
import { audit } from './audit.ts';
import { expire, settle } from './settling.ts';
import { privateRedis, type TestStore } from './stores.ts';
import { createWorld, testConfig, type World } from './world.ts';

/** API processes that still talk to the old master, and those that already talk to its successor. */
let world: World;
let successorStore: TestStore;
let old: Services;
let successor: Services;
beforeAll(async () => {
  [world, successorStore] = await Promise.all([createWorld(), privateRedis()]);
  old = world.services;
  successor = createServices(testConfig(), {
    redis: successorStore.url,
    databaseUrl: world.databaseUrl,
  });
  await successor.ready(5_000);
});
afterAll(async () => {
  await successor.close();
  await world.close();
  await successorStore.stop();
});

async function held(services: Services, productId: number, quantity: number): Promise<string> {
  const request = { productId, quantity, ttlMs: null, buyerId: null, idempotencyKey: null };
  const placed = await placeHold(services, request);
  if (placed.kind !== 'held') throw new Error(placed.kind);
  return placed.holdId;
}

async function ordered(services: Services, productId: number, quantity: number): Promise<string> {
  const holdId = await held(services, productId, quantity);
  const reply = await placeOrder(services, { holdId, paymentIntentId: `pi_${holdId}` });
  if (reply.kind !== 'created') throw new Error(reply.kind);
  return reply.order.id;
}

describe('an old master that lives on beside its successor', () => {
  test('may promise, but SQL sells no unit twice, and the buyer is told (I1, I7)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 4 });
    const promised = await held(old, productId, 2);
    await rebuildSale(successor, saleId);
    await ordered(successor, productId, 4);
    await held(old, productId, 2);
    const request = { holdId: promised, paymentIntentId: 'pi_promised' };
    expect((await placeOrder(old, request)).kind).toBe('hold_lost');
    expect(await audit(old, saleId)).toMatchObject({ committed: 4, ordered: 4, drift: 0 });
  });

  test('may take note of a credit, but not acknowledge it: the successor gets it too, once (I2, I4)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 4 });
    const orderId = await ordered(old, productId, 3);
    await rebuildSale(successor, saleId);
    // The units are given back after the successor's snapshot, by a process that knows only the old master.
    await expire(old, saleId, [orderId]);
    expect(await audit(successor, saleId)).toMatchObject({ owed: 3, available: 1, drift: 0 });
    for (let i = 0; i < 2; i += 1) {
      await deliverCredits(successor, saleId);
      expect(await audit(successor, saleId)).toMatchObject({ owed: 0, available: 4, drift: 0 });
      await deliverCredits(old, saleId);
    }
  });

  test('gives way as soon as somebody asks it for something that SQL must decide, and adds up again (I2, I8)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 4 });
    const mine = await held(old, productId, 1);
    await rebuildSale(successor, saleId);
    const theirs = await held(successor, productId, 1);
    expect((await placeOrder(old, { holdId: mine, paymentIntentId: 'pi_mine' })).kind).toBe('created');
    await settle(old, saleId);
    expect(await audit(old, saleId)).toMatchObject({ committed: 1, available: 3, drift: 0 });
    const answer = await placeOrder(successor, { holdId: theirs, paymentIntentId: 'pi_theirs' });
    expect(answer.kind).toBe('created');
    await settle(successor, saleId);
    expect(await audit(successor, saleId)).toMatchObject({ committed: 2, available: 2, drift: 0 });
  });
});
