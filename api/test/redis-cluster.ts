/** A Redis Cluster of real servers on loopback: three masters, and a replica of each. */

import { Redis } from 'ioredis';
import type { RedisAddress } from '../config.ts';
import { shardNameOf } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { freePort } from './matrix/replica.ts';
import { privateRedis, type TestStore } from './stores.ts';
import { until } from './until.ts';

export interface ClusterNode {
  readonly port: number;
  /** As the cluster knows it. */
  readonly id: string;
  /** For commands about the node itself; it may be away. */
  readonly client: Redis;
  /** The server that runs, or ran last. */
  store: TestStore;
}

export interface TestCluster {
  readonly address: RedisAddress;
  readonly masters: readonly ClusterNode[];
  /** In the order of their masters. */
  readonly replicas: readonly ClusterNode[];
  /** Who has the keys of a sale now, as these services know. */
  nodeOf(services: Services, saleId: number): ClusterNode;
  /** Starts it again, with the data that it had. */
  restart(node: ClusterNode): Promise<void>;
  stop(): Promise<void>;
}

const SHARDS = 3;
const SLOTS = 16_384;

/** @param nodeTimeoutMs a master that is silent for so long is replaced by its replica, a second or so later */
export async function startRedisCluster(nodeTimeoutMs = 2_000): Promise<TestCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * SHARDS }, () => startNode(nodeTimeoutMs)));
  const [masters, replicas] = [nodes.slice(0, SHARDS), nodes.slice(SHARDS)];
  for (const [index, { client }] of masters.entries()) {
    const [first, next] = [index, index + 1].map((part) => Math.floor((part * SLOTS) / SHARDS));
    await client.call('CLUSTER', 'ADDSLOTSRANGE', Number(first), Number(next) - 1);
  }
  await joinAll(nodes);
  for (const [index, { client }] of replicas.entries()) {
    await client.call('CLUSTER', 'REPLICATE', masters[index]?.id ?? '');
  }
  await until(async () => (await tellAll(nodes, ['CLUSTER', 'INFO'])).every(saysOf('cluster_state:ok')));
  await until(async () =>
    (await tellAll(replicas, ['INFO', 'replication'])).every(saysOf('master_link_status:up')),
  );
  return {
    address: { clusterNodes: nodes.slice(0, 2).map(({ port }) => `redis://127.0.0.1:${port}`) },
    masters,
    replicas,
    nodeOf(services, saleId) {
      const name = shardNameOf(services.redis, saleId);
      const found = nodes.find(({ port }) => name.endsWith(`:${port}`));
      if (found === undefined) throw new Error(`${name} is no node of this cluster`);
      return found;
    },
    async restart(node) {
      node.store = await privateRedis({ folder: node.store.folder, args: flags(node.port, nodeTimeoutMs) });
    },
    async stop() {
      for (const { client } of nodes) client.disconnect();
      await Promise.all(nodes.map(({ store }) => store.kill()));
    },
  };
}

async function startNode(nodeTimeoutMs: number): Promise<ClusterNode> {
  const port = freePort();
  const store = await privateRedis({ args: flags(port, nodeTimeoutMs) });
  const client = new Redis(store.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  return { port, id: String(await client.call('CLUSTER', 'MYID')), client, store };
}

function flags(port: number, nodeTimeoutMs: number): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    'cluster-enabled': 'yes',
    // Else it is the port and ten thousand, which may be none.
    'cluster-port': String(freePort()),
    'cluster-node-timeout': String(nodeTimeoutMs),
    // The other shards go on while one has no master.
    'cluster-require-full-coverage': 'no',
    'repl-diskless-sync-delay': '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function joinAll(nodes: readonly ClusterNode[]): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  const busPort = String((await first.client.config('GET', 'cluster-port'))[1]);
  for (const { client } of others) {
    await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port, busPort);
  }
  const isKnown = saysOf(`cluster_known_nodes:${nodes.length}`);
  await until(async () => (await tellAll(nodes, ['CLUSTER', 'INFO'])).every(isKnown));
}

function tellAll(nodes: readonly ClusterNode[], [command = '', ...args]: string[]): Promise<string[]> {
  return Promise.all(nodes.map(async ({ client }) => String(await client.call(command, args))));
}

const saysOf = (words: string) => (text: string) => text.includes(words);
