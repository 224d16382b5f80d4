/** A Redis, its replica and three sentinels that watch them: real servers on loopback. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisAddress } from '../config.ts';
import { findBinaries, redisCommand } from '../embedded/binaries.ts';
import { freePort } from './free-port.ts';
import { privateRedis, requireServers, type TestStore } from './stores.ts';
import { until } from './until.ts';

const NAME = 'flash-sale';
const SENTINELS = 3;
const QUORUM = 2;
/** A master that is silent for so long is replaced. */
const DOWN_AFTER_MS = 800;

interface Watched {
  readonly port: number;
  readonly client: Redis;
  store: TestStore;
}

export interface WatchedRedis {
  readonly address: RedisAddress;
  readonly urls: readonly string[];
  /** Master and replica at the start. */
  readonly first: Watched;
  readonly second: Watched;
  /** Starts it again with the data that it had, as a master that knows nothing of what happened. */
  restart(server: Watched): Promise<void>;
  stop(): Promise<void>;
}

/** @returns when the replica has everything, and the sentinels know of each other */
export async function startWatchedRedis(): Promise<WatchedRedis> {
  await requireServers({ redis: true, mysql: false });
  const first = await startServer([]);
  const second = await startServer(['--replicaof', `127.0.0.1 ${first.port}`]);
  await until(async () => String(await second.client.info('replication')).includes('master_link_status:up'));
  const sentinels = Array.from({ length: SENTINELS }, () => startSentinel(first.port));
  const asked = sentinels.map(({ client }) => client);
  await until(async () => {
    const told = await Promise.all(asked.map((client) => client.call('SENTINEL', 'MASTER', NAME)));
    return told.every((facts) => knows(facts as string[]));
  });
  const urls = sentinels.map(({ port }) => `redis://127.0.0.1:${port}`);
  return {
    address: { sentinels: urls, master: `redis://${NAME}` },
    urls,
    first,
    second,
    async restart(server) {
      server.store = await privateRedis({ folder: server.store.folder, args: flags(server.port) });
    },
    async stop() {
      for (const sentinel of sentinels) await sentinel.stop();
      for (const { client, store } of [first, second]) {
        client.disconnect();
        await store.kill();
      }
    },
  };
}

function knows(facts: readonly string[]): boolean {
  const value = (name: string) => Number(facts[facts.indexOf(name) + 1]);
  return value('num-other-sentinels') === SENTINELS - 1 && value('num-slaves') === 1;
}

const flags = (port: number) => [
  '--port',
  String(port),
  '--bind',
  '127.0.0.1',
  '--repl-diskless-sync-delay',
  '0',
];

async function startServer(more: readonly string[]): Promise<Watched> {
  const port = freePort();
  const store = await privateRedis({ args: [...flags(port), ...more] });
  const client = new Redis(store.url, { retryStrategy: () => 50, maxRetriesPerRequest: 0 });
  client.on('error', () => {});
  return { port, client, store };
}

function startSentinel(masterPort: number) {
  const folder = mkdtempSync(join(tmpdir(), 'flash-sale-sentinel-'));
  const port = freePort();
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${NAME} 20000`,
    ].join('\n'),
  );
  const binaries = findBinaries();
  const command = [redisCommand(binaries, join(folder, 'bin')), file, '--sentinel'];
  const { setpriv } = binaries;
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command, {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  return {
    port,
    client,
    async stop() {
      client.disconnect();
      child.kill('SIGKILL');
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
