/** What buyers and operators do, on every shard of a real Redis Cluster, with the workers that are always there. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import type { Services } from '../services.ts';
import { audit } from './audit.ts';
import { availableStock, hold, ops, order, pay, send } from './client.ts';
import { startRedisCluster, type ClusterNode, type TestCluster } from './redis-cluster.ts';
import { passPayWindow, shortHold } from './settling.ts';
import { until } from './until.ts';
import { createWorldOn, type OneSale, type WorldOf } from './world.ts';

const ALLOTMENT = 50;

let cluster: TestCluster;
let world: WorldOf<Services>;
beforeAll(async () => {
  cluster = await startRedisCluster();
  world = await createWorldOn(cluster.address, { workers: true });
}, 60_000);
afterAll(async () => {
  await world.close();
  await cluster.stop();
});

async function oneOnEachShard(): Promise<OneSale[]> {
  const made = new Map<ClusterNode, OneSale>();
  while (made.size < cluster.masters.length) {
    const sale = await world.sale({ allotment: ALLOTMENT });
    made.set(cluster.nodeOf(world.services, sale.saleId), sale);
  }
  return [...made.values()];
}

async function held({ productId }: OneSale, quantity: number): Promise<string> {
  const answer = await hold(world, productId, { quantity });
  expect(answer.status).toBe(201);
  return answer.body.data.hold_id;
}

async function ordered(sale: OneSale, quantity: number): Promise<{ holdId: string; orderId: string }> {
  const holdId = await held(sale, quantity);
  const answer = await order(world, holdId, `pi_${holdId}`);
  expect(answer.status).toBe(201);
  return { holdId, orderId: answer.body.data.order_id };
}

const untilLeft = ({ productId }: OneSale, units: number) =>
  until(async () => (await availableStock(world, productId)) === units);

describe('the units of a sale of each shard', () => {
  test('come back once each: released, expired, not paid, or paid in vain (I2, I4)', async () => {
    await Promise.all(
      (await oneOnEachShard()).map(async (sale) => {
        const { saleId } = sale;
        const paid = await ordered(sale, 1);
        expect((await pay(world, paid.holdId, `pi_${paid.holdId}`)).body.data.status).toBe('paid');
        const released = await held(sale, 3);
        const [failed, unpaid] = [await ordered(sale, 4), await ordered(sale, 5)];
        await shortHold(world.services, saleId);
        expect(await availableStock(world, sale.productId)).toBe(ALLOTMENT - 1 - 3 - 4 - 5 - 2);

        expect((await send(world, 'DELETE', `/api/holds/${released}`)).status).toBe(200);
        const told = await pay(world, failed.holdId, `pi_${failed.holdId}`, { event: 'failed' });
        expect(told.body.data.status).toBe('cancelled');
        await passPayWindow(world.services, saleId, [unpaid.orderId]);
        await untilLeft(sale, ALLOTMENT - 1);
        const end = await until(async () => {
          const seen = await audit(world.services, saleId);
          return seen.owed === 0 ? seen : null;
        });
        expect(end).toMatchObject({ committed: 1, ordered: 1, pinned: 0, drift: 0 });
      }),
    );
  }, 60_000);
});

describe('operators', () => {
  test('see the sales of all shards, and that their stores are right', async () => {
    const sales = await oneOnEachShard();
    for (const sale of sales) await ordered(sale, 2);
    const all = await until(async () => {
      const { body } = await ops<Overview>(world, 'GET', '/ops/overview');
      const shown = sales.map(({ saleId }) => body.data.sales.find(({ sale_id: id }) => id === saleId));
      return shown.every((sale) => sale?.armed === true && sale.units?.ordered === 2) ? body.data : null;
    });
    expect(all.stores).toMatchObject({ redis: { answers: true }, sql: { answers: true }, faults: [] });
  });

  test('give back a hold, sell more, pause and resume on each shard', async () => {
    for (const sale of await oneOnEachShard()) {
      const { saleId, productId } = sale;
      const holdId = await held(sale, 2);
      const listed = await ops<{ items: { hold_id: string }[] }>(world, 'GET', `/ops/sales/${saleId}/holds`);
      expect(listed.body.data.items.map(({ hold_id: id }) => id)).toEqual([holdId]);
      const act = async (path: string, body?: unknown) => {
        const key = { 'idempotency-key': crypto.randomUUID() };
        expect((await ops(world, 'POST', path, body, key)).status).toBe(200);
      };
      await act(`/ops/holds/${holdId}/extend`, { seconds: 60 });
      await act(`/ops/holds/${holdId}/release`);
      await untilLeft(sale, ALLOTMENT);
      await act(`/ops/sales/${saleId}/stock`, { change: 5 });
      await untilLeft(sale, ALLOTMENT + 5);
      await act(`/ops/sales/${saleId}/pause`);
      expect((await hold(world, productId)).status).toBe(409);
      await act(`/ops/sales/${saleId}/resume`);
      await until(async () => (await hold(world, productId)).status === 201);
      expect(await audit(world.services, saleId)).toMatchObject({ drift: 0 });
    }
  }, 60_000);
});
