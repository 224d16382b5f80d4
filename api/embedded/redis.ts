/** A private Redis: one unix socket, no port, append-only file. */

import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findBinaries, redisCommand } from './binaries.ts';
import { logSize, spawnChild } from './child.ts';
import { waitUntilReady } from './ready.ts';
import {
  assertServes,
  type Answer,
  type RunningStore,
  type StartOptions,
  type StoreKind,
} from './running-store.ts';

export const REDIS: StoreKind = {
  name: 'redis',
  folder: 'redis',
  start: startRedis,
  ask: askRedis,
  url: redisUrl,
};

export async function startRedis(options: StartOptions): Promise<RunningStore> {
  const { dataDir, runDir, logFile = join(runDir, 'redis.log') } = options;
  const binaries = options.binaries ?? findBinaries();
  for (const folder of [dataDir, runDir]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(runDir, 'redis.sock');
  const command = [
    redisCommand(binaries, join(runDir, 'bin')),
    ...flags(dataDir, socket),
    ...(options.args ?? []),
  ];
  const logStart = logSize(logFile);
  const child = spawnChild({ command, logFile, setpriv: binaries.setpriv, deathSignal: 'TERM' });
  options.onSpawn?.(child, socket);
  const { version } = await waitUntilReady(
    { name: 'redis', child, socket, logFile, logStart },
    () => askRedis(socket, dataDir),
    options.deadlineMs,
  );
  return { ...child, name: 'redis', version, url: redisUrl(socket), socket, adopted: false };
}

function redisUrl(socket: string): string {
  return `unix://${socket}`;
}

/** Fails unless a Redis answers that has loaded the data of this folder. */
async function askRedis(socket: string, dataDir: string): Promise<Answer> {
  const client = new Redis({
    path: socket,
    lazyConnect: true,
    retryStrategy: () => null,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    autoResendUnfulfilledCommands: false,
  });
  // Failures arrive as rejections; without a listener ioredis prints them too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
    const [info, config] = await Promise.all([client.info('server'), client.config('GET', 'dir')]);
    assertServes((config as string[])[1] ?? '', dataDir);
    return { version: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown' };
  } finally {
    client.disconnect();
  }
}

function flags(dataDir: string, socket: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: realpathSync(dataDir),
    daemonize: 'no',
    logfile: '',
    // Each write reaches the file before its reply, unless a flush to a slow disk is under way: then up to two seconds
    // later. So a killed Redis loses nothing on a healthy disk; a dead machine, a second or two.
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    // An evicted hold would be an oversold unit.
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
