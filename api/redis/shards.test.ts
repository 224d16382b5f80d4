/** Sales on the shards of a real Redis Cluster, as many processes see them. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Cluster } from 'ioredis';
import { comparePositions, parseId } from '../events/position.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { checkStores, checkStoresOf } from '../sales/store-checks.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { hold, order, ops, pay, send } from '../test/client.ts';
import { EventClient } from '../test/event-client.ts';
import { startRedisCluster, type ClusterNode, type TestCluster } from '../test/redis-cluster.ts';
import { holdRequest } from '../test/script-sales.ts';
import { shortHold } from '../test/settling.ts';
import { until } from '../test/until.ts';
import { createWorldOn, type OneSale, type WorldOf } from '../test/world.ts';
import { extendHold } from './operator-scripts.ts';
import { readHold } from './hold-scripts.ts';
import { placeHolds } from './placement-scripts.ts';
import { SALE_KEY_NAMES, saleKeys } from './keys.ts';
import { holdName } from './hold-name.ts';
import { shardOf } from './shards.ts';

let cluster: TestCluster;
let world: WorldOf<Services>;
/** One on each shard, in the order of the masters. */
let sales: readonly [OneSale, OneSale, OneSale];
beforeAll(async () => {
  // Longer than a busy machine takes to look at a shard that is away.
  cluster = await startRedisCluster(4_000);
  world = await createWorldOn(cluster.address, { workers: true });
  const made = new Map<ClusterNode, OneSale>();
  while (made.size < cluster.masters.length) {
    const sale = await world.sale({ allotment: 1_000 });
    made.set(cluster.nodeOf(world.services, sale.saleId), sale);
  }
  const [first, second, third] = cluster.masters.flatMap((master) => made.get(master) ?? []);
  if (first === undefined || second === undefined || third === undefined) {
    throw new Error('a shard has no sale');
  }
  sales = [first, second, third];
});
afterAll(async () => {
  await world.close();
  await cluster.stop();
});

function connectionTo(saleId: number) {
  const shard = shardOf(world.services.redis, saleId);
  if (shard === undefined) throw new Error(`no connection to the shard of sale ${saleId}`);
  return shard;
}

describe('a sale', () => {
  test('is sold from hold to payment by the shard that has all of its keys', async () => {
    for (const [index, { productId, saleId }] of sales.entries()) {
      const held = await hold(world, productId, { quantity: 2 });
      expect(held.status).toBe(201);
      const { hold_id: holdId } = held.body.data;
      expect((await order(world, holdId, `pi_${saleId}`)).status).toBe(201);
      expect((await pay(world, holdId, `pi_${saleId}`)).status).toBe(200);
      const has = ({ client }: ClusterNode) => client.exists(saleKeys(saleId)).catch(() => 0);
      const found = await Promise.all(cluster.masters.map(has));
      expect(found.map((keys) => keys > 0)).toEqual(cluster.masters.map((_, at) => at === index));
    }
  });

  test('whose script was not answered finds that it ran once: nobody sent it again', async () => {
    const { saleId } = sales[0];
    const { redis } = world.services;
    const request = holdRequest(saleId, { holdId: newHoldId(saleId) });
    await placeHolds(redis, saleId, [request]);
    // The shard knows the script from now on.
    await extendHold(redis, saleId, request.holdId, 1);
    const before = await readHold(redis, saleId, request.holdId);
    if (before.kind !== 'hold') throw new Error(before.kind);
    const other = await world.another();
    const movedBy = async () => {
      const now = await readHold(other.redis, saleId, request.holdId);
      return now.kind === 'hold' ? now.deadlineMs - before.deadlineMs : null;
    };

    connectionTo(saleId)
      .call('CLIENT', 'REPLY', 'OFF')
      .catch(() => {});
    const asked = extendHold(redis, saleId, request.holdId, 10_000).catch((error: unknown) => error);
    await until(async () => (await movedBy()) === 10_000);
    await cluster.nodeOf(world.services, saleId).client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    const lost = await asked;
    expect(lost).toBeInstanceOf(StoreUnavailable);
    expect(lost).toMatchObject({ mayHaveRun: true });
    // Later calls go the same way as one sent again would.
    await until(() => shardOf(redis, saleId)?.status === 'ready');
    for (let i = 0; i < 20; i += 1) await placeHolds(redis, saleId, [holdRequest(saleId)]);
    // The other process lost its connection too, and finds it again in its own time.
    expect(await until(movedBy)).toBe(10_000);
  });

  test('is found where a slot was moved to, without a refusal', async () => {
    const { redis } = world.services;
    if (!(redis instanceof Cluster)) throw new Error('no cluster');
    const [{ productId, saleId }, { saleId: elsewhere }] = sales;
    // As a process that has not heard of the move yet.
    const slot = Number(await connectionTo(saleId).call('CLUSTER', 'KEYSLOT', saleKeys(saleId)[0] ?? ''));
    const other = Number(await connectionTo(saleId).call('CLUSTER', 'KEYSLOT', saleKeys(elsewhere)[0] ?? ''));
    redis.slots[slot] = redis.slots[other] ?? [];
    expect((await hold(world, productId)).status).toBe(201);
  });
});

describe('the stores of a sale', () => {
  test('are those of its shard: what another one forgets does not stop it', async () => {
    const [forgetful, { saleId }] = sales;
    const { client, port } = cluster.nodeOf(world.services, forgetful.saleId);
    await client.config('SET', 'appendonly', 'no');
    try {
      expect(await rebuildSale(world.services, forgetful.saleId)).toMatchObject({ kind: 'refused' });
      expect(await rebuildSale(world.services, saleId)).toMatchObject({ kind: 'armed' });
      const { reasons } = await checkStores(world.services);
      expect(reasons).toEqual([`Redis 127.0.0.1:${port} keeps no append-only file: set "appendonly yes"`]);
    } finally {
      await client.config('SET', 'appendonly', 'yes');
    }
    await until(async () => (await checkStoresOf(world.services, forgetful.saleId)).reasons.length === 0);
    expect(await rebuildSale(world.services, forgetful.saleId)).toMatchObject({ kind: 'armed' });
  });
});

describe('events', () => {
  test('of all shards come in one order, each once', async () => {
    const client = await EventClient.open(world);
    await until(() => client.of('ready').length === 1);
    const replies = await Promise.all(
      Array.from({ length: 90 }, (_, i) => hold(world, sales[i % 3]?.productId ?? 0)),
    );
    const made = replies.map(({ body }) => body.data.hold_id);
    const seen = () => client.of('hold.placed').map(({ data }) => data.hold_id);
    await until(() => made.every((holdId) => seen().includes(holdId)));
    const told = client.of('hold.placed').flatMap(({ id }) => parseId(id)?.position ?? []);
    expect(told).toEqual(told.toSorted(comparePositions));
    expect(new Set(seen()).size).toBe(seen().length);
    expect(client.of('gap')).toEqual([]);
    await client.cut();
  });
});

describe('while a shard hangs', () => {
  test('units of the others come back as ever: its row of a worker keeps no turn of theirs waiting (I8)', async () => {
    const [alive, , hung] = sales;
    const node = cluster.nodeOf(world.services, hung.saleId);
    const deadlines = saleKeys(alive.saleId)[SALE_KEY_NAMES.indexOf('deadlines')] as string;
    const { client } = cluster.nodeOf(world.services, alive.saleId);
    process.kill(node.store.pid, 'SIGSTOP');
    try {
      for (let i = 0; i < 3; i += 1) {
        const holdId = await shortHold(world.services, alive.saleId, 300);
        // Nobody else looks at this sale: it is the worker that ends the hold.
        await Bun.sleep(300);
        await until(async () => (await client.zscore(deadlines, holdName(holdId))) === null, 600);
      }
    } finally {
      process.kill(node.store.pid, 'SIGCONT');
    }
    await until(async () => (await hold(world, hung.productId)).status === 201);
  }, 30_000);
});

describe('while a shard has no master', () => {
  test('its sales are refused, the others are sold, told and looked at as ever; then it sells again', async () => {
    const [alive, , lost] = sales;
    const dead = cluster.nodeOf(world.services, lost.saleId);
    const client = await EventClient.open(world);
    await until(() => client.of('ready').length === 1);
    const placedIn = (saleId: number) =>
      client.of('hold.placed').filter(({ data }) => data.sale_id === saleId).length;

    await dead.store.kill();
    const refused = await until(async () => {
      const reply = await hold(world, lost.productId);
      return reply.status === 503 ? reply : null;
    });
    expect(refused.body.code).toBe('unavailable');
    expect((await hold(world, alive.productId)).status).toBe(201);
    expect((await ops(world, 'GET', '/health/ready')).status).toBe(200);
    const { reasons } = await checkStores(world.services);
    expect(reasons).toEqual([`Redis 127.0.0.1:${dead.port} does not answer, and its sales are not served`]);
    expect((await send(world, 'GET', `/api/products/${lost.productId}`)).body.data['stock_is_estimate']).toBe(
      true,
    );
    expect(await rebuildSale(world.services, alive.saleId)).toMatchObject({ kind: 'armed' });
    await until(() => client.of('gap').length > 0);
    await hold(world, alive.productId);
    await until(() => placedIn(alive.saleId) > 0);

    await until(async () => (await hold(world, lost.productId)).status === 201, 20_000);
    // What happened to it before its shard was read again is part of the gap.
    await until(async () => {
      await hold(world, lost.productId);
      return placedIn(lost.saleId) > 0;
    });
    await cluster.restart(dead);
    await until(async () => (await checkStores(world.services)).reasons.length === 0);
    await client.cut();
  }, 40_000);
});

test('a cluster that was away as a whole is found again, and all of its sales sell (I8)', async () => {
  const nodes = [...cluster.masters, ...cluster.replicas];
  await Promise.all(nodes.map(({ store }) => store.kill()));
  expect((await hold(world, sales[0].productId)).status).toBe(503);
  await Promise.all(nodes.map((node) => cluster.restart(node)));
  for (const { productId } of sales) {
    await until(async () => (await hold(world, productId)).status === 201, 30_000);
  }
}, 60_000);
