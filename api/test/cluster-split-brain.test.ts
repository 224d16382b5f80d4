// An old master that lives on, cut off from its cluster, and API processes that still talk to it.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { placeHold } from '../holds/holds.ts';
import { placeOrder } from '../orders/orders.ts';
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

function orAway(error: unknown): null {
  if (error instanceof StoreUnavailable) return null;
  throw error;
}

const saysOf = async ({ client }: ClusterNode, section: string) => String(await client.info(section));

test('what an isolated master promises becomes no order beyond the allotment, and after healing all adds up (I1, I2, I7, I8)', async () => {
  const { saleId, productId } = await world.sale({ allotment: 40 });
  const other = await elsewhere(saleId);
  const old = cluster.nodeOf(world.services, saleId);
  const replica = cluster.replicas[cluster.masters.indexOf(old)];
  if (replica === undefined) throw new Error('the sale is not on a master');
  const cutOff = createServices(testConfig(), {
    redis: `redis://127.0.0.1:${old.port}`,
    databaseUrl: world.databaseUrl,
  });
  await cutOff.ready(5_000);
  const before = await Promise.all(Array.from({ length: 10 }, () => held(cutOff, productId)));
  expect(before).not.toContain(null);
  // Everything so far has arrived.
  await until(async () => (await saysOf(old, 'replication')).includes('lag=0'));

  const heal = await cluster.isolate(old);
  const promised: string[] = [];
  const orders: string[] = [];
  // Both sides sell, as much as they can, until the others have another master and some time longer.
  let isOver = false;
  const sellAt = async (services: Services) => {
    while (!isOver) {
      const holdId = await held(services, productId);
      if (holdId === null) await Bun.sleep(20);
      else {
        promised.push(holdId);
        orders.push(await ordered(services, holdId));
      }
    }
  };
  const selling = [sellAt(cutOff), sellAt(world.services)];
  await until(async () => (await saysOf(replica, 'replication')).includes('role:master'), 20_000);
  await until(() => held(world.services, other.productId));
  await until(async () => orders.filter((kind) => kind === 'created').length >= 30, 20_000);
  // Whoever was promised a unit before the cut, and asks at the side that is cut off, too.
  for (const holdId of before) orders.push(await ordered(cutOff, holdId ?? ''));
  isOver = true;
  await Promise.all(selling);
  expect(orders.filter((kind) => kind === 'created').length).toBeLessThanOrEqual(40);

  await heal();
  await until(async () => (await saysOf(old, 'replication')).includes('master_link_status:up'), 20_000);
  // It is a replica now, and sells nothing more.
  expect(await held(cutOff, productId)).toBeNull();
  await settle(world.services, saleId);
  const end = await until(async () => {
    const seen = await audit(world.services, saleId);
    return seen.pinned === 0 && seen.drift === 0 ? seen : null;
  });
  expect(end.committed).toBe(end.ordered);
  expect(end.committed).toBe(orders.filter((kind) => kind === 'created').length);
  await cutOff.close();
}, 60_000);

/** A sale of another shard. */
async function elsewhere(saleId: number) {
  const node = cluster.nodeOf(world.services, saleId);
  for (;;) {
    const other = await world.sale({ allotment: 1_000 });
    if (cluster.nodeOf(world.services, other.saleId) !== node) return other;
  }
}
