/**
 * The cluster of docker-compose.yml, formed of real servers that have the settings of its nodes: at once, again, and after
 * whatever an installation meets. Containers are not started here; only addresses and ports are others.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { connectRedis, redisReady } from '../redis/connect.ts';
import { freePort } from '../test/free-port.ts';
import { privateRedis, type TestStore } from '../test/stores.ts';
import { until } from '../test/until.ts';
import { formCluster } from './form-cluster.ts';
import { writeSecrets } from './secrets.ts';

interface TestNode {
  readonly port: number;
  readonly busPort: number;
  readonly client: Redis;
  store: TestStore;
}

const BUSY_MS = 30_000;

let password: string;
/** Of our processes, who are no admins there. */
let appAccess: string;
let settings: string[];
let nodes: TestNode[];
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
  writeSecrets(folder, 'cluster');
  password = readFileSync(join(folder, 'redis/password'), 'utf8').trim();
  const [app = ''] = readFileSync(join(folder, 'app/redis-cluster-nodes'), 'utf8').split(',');
  appAccess = `${new URL(app).username}:${new URL(app).password}`;
  const lines = readFileSync(join(folder, 'redis/redis.conf'), 'utf8').trim().split('\n');
  rmSync(folder, { recursive: true });
  // The fixture looks at a server without a password: that one is set as soon as it runs.
  settings = lines
    .map((line) => line.split(' '))
    .filter(([name]) => name !== 'requirepass')
    .flatMap(([name, ...value]) => [`--${name}`, ...value]);
  nodes = await Promise.all(Array.from({ length: 6 }, startNode));
}, 120_000);
afterAll(async () => {
  for (const { client } of nodes) client.disconnect();
  await Promise.all(nodes.map(({ store }) => store.kill()));
});

async function startNode(): Promise<TestNode> {
  const [port, busPort] = [freePort(), freePort()];
  const store = await startServer(port, busPort);
  const client = new Redis(`redis://:${password}@127.0.0.1:${port}`, {
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
  });
  client.on('error', () => {});
  return { port, busPort, client, store };
}

async function startServer(port: number, busPort: number, folder?: string): Promise<TestStore> {
  const address = ['--port', `${port}`, '--bind', '127.0.0.1', '--cluster-port', `${busPort}`];
  const store = await privateRedis({
    ...(folder !== undefined && { folder }),
    // No other copy is waited for: that only saves work.
    args: [...settings, ...address, '--repl-diskless-sync-delay', '0'],
  });
  const inside = new Redis({ path: new URL(store.url).pathname });
  await inside.config('SET', 'requirepass', password);
  inside.disconnect();
  return store;
}

async function restart(node: TestNode, folder?: string): Promise<void> {
  await node.store.kill();
  node.store = await startServer(node.port, node.busPort, folder);
}

/** Who has which slots, and who copies whom, by port: each as it says of itself. */
async function shape(): Promise<Record<number, string>> {
  const rows = await Promise.all(
    nodes.map(async ({ port, client }) => {
      const table = String(await client.call('CLUSTER', 'NODES'));
      const own = table.split('\n').find((line) => line.includes('myself')) ?? '';
      const [id, , , masterId, , , , , slots] = own.split(' ');
      return { port, id, masterId, slots };
    }),
  );
  const ports = new Map(rows.map(({ id, port }) => [id, port]));
  return Object.fromEntries(
    rows.map(({ port, slots, masterId }) => [port, slots ?? `copies ${ports.get(masterId)}`]),
  );
}

const urls = (access = `:${password}`) => nodes.map(({ port }) => `redis://${access}@127.0.0.1:${port}`);
const form = (withinMs = BUSY_MS) => formCluster(urls(), withinMs);

/** As the service does. @returns what it says */
async function runTask(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-cluster-'));
  const file = join(folder, 'redis-cluster-nodes');
  writeFileSync(file, `${urls().join(',')}\n`);
  const script = join(import.meta.dir, 'form-cluster.ts');
  const child = Bun.spawn([process.execPath, script, file], { stdout: 'pipe', stderr: 'inherit' });
  const [said] = await Promise.all([child.stdout.text(), child.exited]);
  rmSync(folder, { recursive: true });
  return said;
}

test('six empty nodes become three masters, each with a replica', async () => {
  // Ended after its first step, and begun again.
  expect(await form(0).then(() => 'nothing', String)).toContain('is not known yet');
  expect(await runTask()).toBe('6 nodes are a cluster\n');
  const [first, second, third, ...replicas] = nodes.map(({ port }) => port);
  expect(await shape()).toEqual({
    [Number(first)]: '0-5461',
    [Number(second)]: '5462-10922',
    [Number(third)]: '10923-16383',
    ...Object.fromEntries(replicas.map((port, index) => [port, `copies ${[first, second, third][index]}`])),
  });
});

test('our processes get in, and do nothing but sell', async () => {
  const redis = connectRedis({ clusterNodes: urls(appAccess) });
  await redisReady(redis, BUSY_MS);
  const shards = redis instanceof Redis ? [] : redis.nodes('master');
  expect(await Promise.all(shards.map((shard) => shard.ping()))).toEqual(['PONG', 'PONG', 'PONG']);
  const resets = shards.map((shard) => shard.call('CLUSTER', 'RESET').catch(String));
  for (const answer of await Promise.all(resets)) expect(answer).toContain('NOPERM');
  redis.disconnect();
});

test(
  'again changes nothing: as it was, after a restart, and after a master was replaced',
  async () => {
    const before = await shape();
    await form();
    expect(await shape()).toEqual(before);

    const [first, , , replica] = nodes;
    if (first === undefined || replica === undefined) throw new Error('there are six');
    await restart(first, first.store.folder);
    await form();
    expect(await shape()).toEqual(before);

    await replica.client.call('CLUSTER', 'FAILOVER', 'FORCE');
    await until(async () => (await replica.client.info('replication')).includes('role:master'), BUSY_MS);
    await until(async () => (await first.client.info('replication')).includes('role:slave'), BUSY_MS);
    await form();
    expect(await shape()).toEqual({
      ...before,
      [replica.port]: String(before[first.port]),
      [first.port]: `copies ${replica.port}`,
    });
  },
  3 * BUSY_MS,
);

test(
  'a node that lost its data is taken in again, as a replica of the shard that has none',
  async () => {
    const before = await shape();
    const lost = nodes[4];
    if (lost === undefined) throw new Error('there are six');
    await restart(lost);
    await form();
    expect(await shape()).toEqual(before);
  },
  3 * BUSY_MS,
);

test(
  'who is missing is told',
  async () => {
    const lost = nodes[5];
    if (lost === undefined) throw new Error('there are six');
    await lost.store.kill();
    const said = await form(0).then(() => 'nothing', String);
    expect(said).toContain(`The cluster is not complete: 127.0.0.1:${lost.port} does not answer: `);
    await restart(lost, lost.store.folder);
    await form();
  },
  3 * BUSY_MS,
);
