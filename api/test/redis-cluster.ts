/** A Redis Cluster of real servers on loopback: three masters, and a replica of each. */

import { Redis } from 'ioredis';
import type { RedisAddress } from '../config.ts';
import { shardNameOf, slotOf } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { openBusRelay, type BusRelay } from './bus-relay.ts';
import { freePort } from './free-port.ts';
import { privateRedis, type TestStore } from './stores.ts';
import { until } from './until.ts';

export interface ClusterNode {
  readonly port: number;
  /** As the cluster knows it. */
  readonly id: string;
  /** Through which the other nodes reach it. */
  readonly bus: BusRelay;
  /** From where it reaches them: an address that no other node has. */
  readonly busAddress: string;
  /** For commands about the node itself; it may be away. */
  readonly client: Redis;
  readonly settings: NodeSettings;
  /** The server that runs, or ran last. */
  store: TestStore;
}

export interface TestCluster {
  readonly address: RedisAddress;
  readonly urls: readonly string[];
  readonly masters: readonly ClusterNode[];
  /** In the order of their masters. */
  readonly replicas: readonly ClusterNode[];
  /** Who has the keys of a sale now, as these services know. */
  nodeOf(services: Services, saleId: number): ClusterNode;
  /** Moves the slot of a sale to another master, key by key, as an operator of the cluster does. */
  moveSlot(services: Services, saleId: number): Promise<void>;
  /** Cuts it off from the other nodes; its clients reach it as before. @returns ends that */
  isolate(node: ClusterNode): Promise<() => Promise<void>>;
  /** How many of the other nodes are masters. */
  mastersBut(node: ClusterNode): Promise<number>;
  /** Starts it again, with the data that it had. */
  restart(node: ClusterNode): Promise<void>;
  stop(): Promise<void>;
}

const SHARDS = 3;
const SLOTS = 16_384;

/** @param nodeTimeoutMs a master that is silent for so long is replaced by its replica, a second or so later */
export async function startRedisCluster(nodeTimeoutMs = 2_000): Promise<TestCluster> {
  const nodes = await Promise.all(
    Array.from({ length: 2 * SHARDS }, (_, number) => startNode(nodeTimeoutMs, number)),
  );
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
  const urls = nodes.slice(0, 2).map(({ port }) => `redis://127.0.0.1:${port}`);
  const nodeOf = (services: Services, saleId: number) => {
    const name = shardNameOf(services.redis, saleId);
    const found = nodes.find(({ port }) => name.endsWith(`:${port}`));
    if (found === undefined) throw new Error(`${name} is no node of this cluster`);
    return found;
  };
  return {
    address: { clusterNodes: urls },
    urls,
    masters,
    replicas,
    nodeOf,
    moveSlot: (services, saleId) => moveSlot(nodes, nodeOf(services, saleId), slotOf(saleId)),
    isolate: (node) => isolate(nodes, node),
    async mastersBut(node) {
      const others = nodes.filter((other) => other !== node);
      return (await tellAll(others, ['INFO', 'replication'])).filter(saysOf('role:master')).length;
    },
    async restart(node) {
      node.store = await privateRedis({ folder: node.store.folder, args: flags(node.settings) });
    },
    async stop() {
      for (const { client, bus } of nodes) {
        client.disconnect();
        bus.close();
      }
      await Promise.all(nodes.map(({ store }) => store.kill()));
    },
  };
}

/** Ports that were free a moment ago may be somebody else's by now. */
const STARTS_MAX = 3;

async function startNode(nodeTimeoutMs: number, number: number, starts = 1): Promise<ClusterNode> {
  try {
    return await tryNode(nodeTimeoutMs, number);
  } catch (error) {
    if (starts === STARTS_MAX) throw error;
    return startNode(nodeTimeoutMs, number, starts + 1);
  }
}

async function tryNode(nodeTimeoutMs: number, number: number): Promise<ClusterNode> {
  const [port, busPort] = [freePort(), freePort()];
  const bus = await openBusRelay(busPort);
  const busAddress = `127.0.0.${10 + number}`;
  const settings = { port, busPort, relayPort: bus.port, busAddress, nodeTimeoutMs };
  const store = await privateRedis({ args: flags(settings) });
  const client = new Redis(store.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  const id = String(await client.call('CLUSTER', 'MYID'));
  return { port, id, bus, busAddress, client, store, settings };
}

interface NodeSettings {
  readonly port: number;
  readonly busPort: number;
  readonly relayPort: number;
  readonly busAddress: string;
  readonly nodeTimeoutMs: number;
}

function flags({ port, busPort, relayPort, busAddress, nodeTimeoutMs }: NodeSettings): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    'bind-source-addr': busAddress,
    // To it, such an address is not this machine's; no other machine reaches the one that it listens on.
    'protected-mode': 'no',
    'cluster-enabled': 'yes',
    // Else it is the port and ten thousand, which may be none.
    'cluster-port': String(busPort),
    'cluster-announce-ip': '127.0.0.1',
    'cluster-announce-port': String(port),
    'cluster-announce-bus-port': String(relayPort),
    'cluster-node-timeout': String(nodeTimeoutMs),
    // The other shards go on while one has no master.
    'cluster-require-full-coverage': 'no',
    'repl-diskless-sync-delay': '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** https://redis.io/docs/latest/commands/cluster-setslot/ */
async function moveSlot(nodes: readonly ClusterNode[], from: ClusterNode, slot: number): Promise<void> {
  const lines = String(await from.client.call('CLUSTER', 'NODES')).split('\n');
  const isMaster = ({ id }: ClusterNode) =>
    lines.some((line) => line.startsWith(id) && / master - .* connected \d/.test(line));
  const to = nodes.find((node) => node !== from && isMaster(node));
  if (to === undefined) throw new Error('there is no other master');
  await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
  await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
  for (;;) {
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[];
    if (keys.length === 0) break;
    await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'REPLACE', 'KEYS', ...keys);
  }
  for (const { client } of [to, from]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
}

async function isolate(nodes: readonly ClusterNode[], node: ClusterNode): Promise<() => Promise<void>> {
  const others = nodes.filter((other) => other !== node);
  node.bus.refuse(() => true);
  for (const { bus } of others) bus.refuse((address) => address === node.busAddress);
  // Replicas come as clients do; the connections of clients that are there stay.
  await node.client.config('SET', 'requirepass', 'cut off');
  await node.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
  return async () => {
    for (const { bus } of nodes) bus.refuse(() => false);
    await node.client.config('SET', 'requirepass', '');
  };
}

async function joinAll(nodes: readonly ClusterNode[]): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  for (const { client } of others) {
    await client.call('CLUSTER', 'MEET', '127.0.0.1', first.port, first.bus.port);
  }
  const isKnown = saysOf(`cluster_known_nodes:${nodes.length}`);
  await until(async () => (await tellAll(nodes, ['CLUSTER', 'INFO'])).every(isKnown));
}

function tellAll(nodes: readonly ClusterNode[], [command = '', ...args]: string[]): Promise<string[]> {
  return Promise.all(nodes.map(async ({ client }) => String(await client.call(command, args))));
}

const saysOf = (words: string) => (text: string) => text.includes(words);
