/** What this folder's tests share. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { type Connection, createConnection } from 'mysql2/promise';
import { type Binaries, findBinaries } from './binaries.ts';
import { prepareMariaDbData } from './mariadb-data.ts';
import { processIdentity } from './process-identity.ts';
import type { StoreName } from './running-store.ts';

/** Small files: the tests copy and start many. */
const SMALL = ['--innodb-log-file-size=4M'];

export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a call that must fail says. */
export async function messageOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it did not fail',
    (error: Error) => error.message,
  );
}

export async function until<Found>(look: () => Found | undefined | false, withinMs = 15_000): Promise<Found> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${look.toString()}`);
    await Bun.sleep(5);
  }
}

/** A data folder of MariaDB that one process bootstraps once and every test copies. */
export function mariaDbTemplate(): {
  make(): Promise<void>;
  copyTo(dir: string): Promise<void>;
  remove(): void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'embedded-template-'));
  const template = join(folder, 'mysql');
  return {
    async make() {
      await prepareMariaDbData(template, { args: SMALL });
    },
    async copyTo(dir) {
      mkdirSync(join(dir, '..'), { recursive: true });
      await cp(template, dir, { recursive: true, errorOnExist: true, force: false });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface Owner {
  pid: number;
  lines(): string;
  kill(): Promise<void>;
  exited: Promise<number>;
}

/** Another process that opens both stores and keeps them until it is killed. */
export function spawnOwner(dataDir: string, searchPath?: string): Owner {
  const script = `
    const { openEmbeddedStores } = await import(${JSON.stringify(join(import.meta.dir, 'stores.ts'))})
    const options = ${JSON.stringify({ dataDir, redis: true, mysql: true, searchPath })}
    await openEmbeddedStores({ ...options, say: console.log })
    console.log('open')
    setInterval(() => {}, 1000)`;
  const out = join(dataDir, '..', `owner-${Bun.randomUUIDv7()}.log`);
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: Bun.file(out), stderr: 'inherit' });
  return {
    pid: child.pid,
    lines: () => readFileSync(out, 'utf8'),
    exited: child.exited,
    async kill() {
      child.kill('SIGKILL');
      await child.exited;
    },
  };
}

export function recordedPids(dataDir: string): Partial<Record<StoreName, number>> {
  const record = JSON.parse(readFileSync(join(dataDir, 'stores.json'), 'utf8'));
  return { redis: record.redis?.pid, mariadb: record.mariadb?.pid };
}

export function isRunning(pid: number): boolean {
  return processIdentity(pid) !== undefined;
}

/** A search path with the servers but without setpriv: how macOS looks to us. */
export function searchPathWithoutSetpriv(folder: string): string {
  const { redisServer, redisCheckRdb, mariadbd, installDb } = findBinaries();
  const programs: Partial<Binaries> = { redisServer, redisCheckRdb, mariadbd, installDb } as Binaries;
  const path = join(folder, 'programs');
  mkdirSync(path);
  for (const program of Object.values(programs)) {
    if (program) symlinkSync(program, join(path, program.slice(program.lastIndexOf('/') + 1)));
  }
  return path;
}

export async function withRedis<Result>(
  url: string | undefined,
  ask: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = new Redis({ path: new URL(url ?? '').pathname, lazyConnect: true });
  redis.on('error', () => undefined);
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

export async function withMariaDb<Result>(
  url: string | undefined,
  ask: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await createConnection(url ?? '');
  try {
    return await ask(connection);
  } finally {
    connection.destroy();
  }
}
