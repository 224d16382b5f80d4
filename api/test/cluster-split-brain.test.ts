/** An old master that lives on, cut off from its cluster, and API processes that still talk to it. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { placeHold } from '../holds/holds.ts';
import { auditSale } from '../orders/audit.ts';
import { placeOrder } from '../orders/orders.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { createServices, type Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { audit } from './audit.ts';
import { startRedisCluster, type ClusterNode, type TestCluster } from './redis-cluster.ts';
import { settle } from './settling.ts';
import { until } from './until.ts';
import { createWorldOn, testConfig, type WorldOf } from './world.ts';

let cluster: TestCluster;
let world: WorldOf<Services>;
beforeAll(async () => {
  cluster = await startRedisCluster();
  world = await createWorldOn(cluster.address);
}, 60_000);
afterAll(async () => {
  await world.close();
  await cluster.stop();
});

async function held(services: Services, productId: number): Promise<string | null> {
  const request = { productId, quantity: 1, ttlMs: null, buyerId: null, idempotencyKey: null };
  const placed = await placeHold(services, request).catch(orAway);
  return placed?.kind === 'held' ? placed.holdId : null;
}

async function ordered(services: Services, holdId: string): Promise<string> {
  const placed = await placeOrder(services, { holdId, paymentIntentId: `pi_${holdId}` }).catch(orAway);
  return placed?.kind ?? 'away';
}

const isOrder = (kind: string | undefined) => kind === 'created' || kind === 'existing';

function orAway(error: unknown): null {
  if (error instanceof StoreUnavailable) return null;
  throw error;
}

const saysOf = async ({ client }: ClusterNode, section: string) => String(await client.info(section));

test('what an isolated master promises becomes no order beyond the allotment, and after healing all adds up (I1, I2, I7, I8)', async () => {
  const { saleId, productId } = await world.sale({ allotment: 40 });
  const old = cluster.nodeOf(world.services, saleId);
  const replica = cluster.replicas[cluster.masters.indexOf(old)];
  if (replica === undefined) throw new Error('the sale is not on a master');
  const cutOff = await sideOf(old);
  const replicated = await holdsOf(cutOff, productId, 10);
  const written = await offsetOf(old);
  await until(async () => (await offsetOf(replica)) >= written);

  // Else it would notice that it is alone, and stop before the others have another master.
  await old.client.config('SET', 'cluster-node-timeout', '60000');
  const heal = await cluster.isolate(old);
  const unheard = await holdsOf(cutOff, productId, 5);
  await until(async () => (await saysOf(replica, 'replication')).includes('role:master'), 20_000);
  const successor = await sideOf(replica);
  expect(await rebuildSale(successor, saleId)).toMatchObject({ kind: 'armed' });
  const late = await holdsOf(cutOff, productId, 5);
  // Those that the replica knew are kept for their buyers.
  const sold = await ordersOf(successor, await holdsOf(successor, productId, 30));
  expect(sold).toEqual(sold.map(() => 'created'));
  expect(await held(successor, productId)).toBeNull();

  // Whatever SQL takes from the old side, no Redis at its epoch has missed it.
  await ordersOf(cutOff, late);
  for (const side of [cutOff, successor]) expect((await auditSale(side, saleId))?.drift ?? 0).toBe(0);

  // Twenty were promised the ten units that are left, and ask at both sides at once.
  const promised = [...replicated, ...unheard, ...late];
  const asked = await Promise.all([cutOff, successor].map((services) => ordersOf(services, promised)));
  await heal();
  await until(async () => (await saysOf(old, 'replication')).includes('master_link_status:up'), 20_000);
  // It is a replica now, and sells nothing more.
  expect(await held(cutOff, productId)).toBeNull();
  await settle(world.services, saleId);
  // Whoever was told to come again does.
  const told = await Promise.all(
    promised.map((holdId) =>
      until(async () => {
        const kind = await ordered(world.services, holdId);
        return kind === 'away' ? null : kind;
      }),
    ),
  );
  expect(told).toContain('hold_lost');
  // Told of an order, a buyer has it; told that the hold is lost by a side that does not know it, perhaps still.
  const acknowledged = promised.map((_, at) => asked.some((kinds) => isOrder(kinds[at])));
  expect(acknowledged.filter((is, at) => is && !isOrder(told[at]))).toEqual([]);
  const end = await until(async () => {
    const seen = await audit(world.services, saleId);
    return seen.pinned === 0 && seen.drift === 0 ? seen : null;
  });
  expect(end.committed).toBe(end.ordered);
  expect(end.committed).toBe(sold.length + told.filter(isOrder).length);
  expect(end.committed).toBeLessThanOrEqual(40);
  await Promise.all([cutOff.close(), successor.close()]);
}, 60_000);

/** How much of the stream of writes it has made, or followed. */
const offsetOf = async (node: ClusterNode) =>
  Number(/master_repl_offset:(\d+)/.exec(await saysOf(node, 'replication'))?.[1]);

/** An API process that reaches this node only, whatever the others say. */
async function sideOf({ port }: ClusterNode): Promise<Services> {
  const stores = { redis: `redis://127.0.0.1:${port}`, databaseUrl: world.databaseUrl };
  const services = createServices(testConfig(), stores);
  await services.ready(5_000);
  return services;
}

async function holdsOf(services: Services, productId: number, count: number): Promise<string[]> {
  const placed = await Promise.all(Array.from({ length: count }, () => held(services, productId)));
  expect(placed).not.toContain(null);
  return placed.flatMap((holdId) => holdId ?? []);
}

const ordersOf = (services: Services, holdIds: readonly string[]) =>
  Promise.all(holdIds.map((holdId) => ordered(services, holdId)));
