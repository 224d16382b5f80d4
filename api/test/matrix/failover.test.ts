/** Crash points 23, 24, 28 and 44: a replica takes over while it lags behind, and the old master lives on. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { placeHold, readHold } from '../../holds/holds.ts';
import { auditSale } from '../../orders/audit.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { deliverCredits } from '../../orders/give.ts';
import { placeOrder } from '../../orders/orders.ts';
import { applyCredits, readSale } from '../../redis/sale-scripts.ts';
import { beginRebuild, commitRebuild, snapshotOf } from '../rebuilding.ts';
import { armSale } from '../../sales/arming.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import type { Services } from '../../services.ts';
import { StoreUnavailable } from '../../store-unavailable.ts';
import { ledger, passPayWindow, settle } from '../settling.ts';
import { until } from '../until.ts';
import { createWorld, type OneSale, type World } from '../world.ts';
import { look, newIntent, ordered } from './buyer.ts';
import { replicaOf, type Replica } from './replica.ts';

let world: World;
let replica: Replica;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => replica.stop());
afterAll(() => world.close());

function newHold(services: Services, { productId }: OneSale, quantity = 1) {
  return placeHold(services, { productId, quantity, ttlMs: null, buyerId: null, idempotencyKey: null });
}

async function heldBy(services: Services, sale: OneSale, quantity = 1): Promise<string> {
  const reply = await newHold(services, sale, quantity);
  if (reply.kind !== 'held') throw new Error(reply.kind);
  return reply.holdId;
}

const orderBy = (services: Services, holdId: string) =>
  placeOrder(services, { holdId, paymentIntentId: newIntent() });

describe('a replica that lagged behind its dead master', () => {
  test('sells nothing until it is rebuilt, then nothing twice, and who lost a hold is told (I1, I2, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    replica = await replicaOf(world);
    const other = replica.services;
    await until(() => armSale(world.services, sale.saleId));
    const [kept, doomed] = [await heldBy(world.services, sale, 2), await heldBy(world.services, sale, 3)];
    await replica.promote();
    // What follows is acknowledged, and the replica never hears of it.
    expect((await orderBy(world.services, doomed)).kind).toBe('created');
    const lost = await heldBy(world.services, sale, 2);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 3, held: 4, available: 3 });

    // It believes that three sold units are still held.
    expect((await readSale(other.redis, sale.saleId)).kind).toBe('not_armed');
    expect(await readHold(other, lost)).toMatchObject({ kind: 'hold_lost' });
    expect((await orderBy(other, lost)).kind).toBe('hold_lost');
    expect(await look(other, sale)).toMatchObject({ committed: 3, held: 2, available: 5 });
    expect(await readHold(other, doomed)).toMatchObject({ kind: 'hold', state: 'ordered' });
    expect((await orderBy(other, kept)).kind).toBe('created');
    expect((await newHold(other, sale, 6)).kind).toBe('insufficient_stock');
    expect((await orderBy(other, await heldBy(other, sale, 5))).kind).toBe('created');
    await settle(other, sale.saleId);
    expect(await look(other, sale)).toMatchObject({ committed: 10, available: 0, held: 0, pinned: 0 });
  });
});

describe('an old master that lives on after a failover', () => {
  test('grants holds that SQL does not take at its word: both sides together sell what there is (I1, I3)', async () => {
    const sale = await world.sale({ allotment: 10 });
    replica = await replicaOf(world);
    await until(() => armSale(world.services, sale.saleId));
    await replica.promote();
    const sides = [world.services, replica.services] as const;
    await armSale(replica.services, sale.saleId);
    const addsUp = async () => {
      for (const side of sides) expect((await auditSale(side, sale.saleId))?.drift ?? 0).toBe(0);
    };
    // What the old master vouches for is not counted behind the back of the one that SQL believes in.
    expect((await orderBy(sides[0], await heldBy(sides[0], sale))).kind).toBe('created');
    await addsUp();
    // Nine units, promised twice.
    const promised: { from: Services; holdId: string }[] = [];
    for (let i = 0; i < 9; i += 1) {
      // The old master's holds are brought to either side.
      promised.push({ from: sides[i % 2] as Services, holdId: await heldBy(sides[0], sale) });
      promised.push({ from: sides[1], holdId: await heldBy(sides[1], sale) });
    }
    const told = new Map<string, number>();
    const ask = async ({ from, holdId }: (typeof promised)[number]) => {
      const answer = await orderBy(from, holdId).catch((error: unknown) => {
        if (error instanceof StoreUnavailable) return { kind: 'unavailable' } as const;
        throw error;
      });
      told.set(answer.kind, (told.get(answer.kind) ?? 0) + 1);
    };
    await Promise.all(promised.map(ask));
    const { orders } = await ledger(world.services, sale.saleId);
    expect(orders.length).toBe(1 + (told.get('created') ?? 0));
    await addsUp();
    expect(orders.length).toBeLessThanOrEqual(10);
    const honest = ['created', 'hold_lost', 'hold_not_found', 'unavailable'];
    expect(new Set(told.keys()).difference(new Set(honest)).size).toBe(0);

    // The old master is gone at last; what was not sold is sold, and no unit more.
    const { services } = replica;
    await settle(services, sale.saleId);
    for (const { holdId } of promised) await orderBy(services, holdId);
    await until(async () => {
      const reply = await newHold(services, sale);
      if (reply.kind === 'held') await orderBy(services, reply.holdId);
      await settle(services, sale.saleId);
      return reply.kind === 'insufficient_stock';
    });
    expect(await look(services, sale)).toMatchObject({ committed: 10, available: 0, pinned: 0 });
  });

  test('does not acknowledge a credit: the new one is told of the units, once (I2, I4)', async () => {
    const sale = await world.sale({ allotment: 10 });
    replica = await replicaOf(world);
    const { services } = replica;
    await until(() => armSale(world.services, sale.saleId));
    await ordered(world, sale, 4);
    await settle(world.services, sale.saleId);
    await replica.promote();
    await armSale(services, sale.saleId);
    await passPayWindow(services, sale.saleId);
    // Before anybody else: what the expiry of orders tells Redis by itself goes to the old master.
    expect(await expireOrders(world.services)).toBe(1);
    expect(await deliverCredits(world.services, sale.saleId)).toBe(0);
    const owed = async () => (await ledger(services, sale.saleId)).credits[0]?.deliveredAt === null;
    const old = await readSale(world.services.redis, sale.saleId);
    expect([old.kind === 'sale' && old.available, await owed()]).toEqual([10, true]);
    expect(await look(services, sale)).toMatchObject({ available: 6, owed: 4, committed: 0 });

    expect(await deliverCredits(services, sale.saleId)).toBe(1);
    expect(await owed()).toBe(false);
    await deliverCredits(services, sale.saleId);
    expect(await look(services, sale)).toMatchObject({ available: 10, owed: 0 });
    const { credits } = await ledger(services, sale.saleId);
    await applyCredits(services.redis, sale.saleId, credits);
    expect(await look(services, sale)).toMatchObject({ available: 10 });
  });

  test('is not armed by a rebuild that was begun in the new one, nor the other way round (I2)', async () => {
    const sale = await world.sale({ allotment: 10 });
    replica = await replicaOf(world);
    const { services } = replica;
    await until(() => armSale(world.services, sale.saleId));
    await replica.promote();
    const begun = await beginRebuild(services.redis, sale.saleId, { epoch: 1_000, lastArmedEpoch: 1 });
    if (begun.kind !== 'begun') throw new Error(begun.kind);
    const snapshot = snapshotOf({ token: begun.token, epoch: 1_000 });
    expect((await commitRebuild(world.services.redis, sale.saleId, snapshot)).kind).toBe('superseded');
    expect(await readSale(world.services.redis, sale.saleId)).not.toMatchObject({ epoch: 1_000 });
    // Both sides rebuild as they please; each time the one that SQL believes in adds up.
    for (const side of [services, world.services, services]) {
      expect((await rebuildSale(side, sale.saleId)).kind).toBe('armed');
      expect(await look(side, sale)).toMatchObject({ available: 10 });
    }
    expect(await auditSale(world.services, sale.saleId)).toBeNull();
  });
});
