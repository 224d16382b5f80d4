/**
 * Redis and MariaDB as private processes of ours, for a machine without either running: one call opens them, one
 * folder holds them, and a kill -9 of anything at any instant leaves nothing that the next start cannot put right.
 */

import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { type Binaries, redisCommand } from './binaries.ts';
import type { Child } from './child.ts';
import { adoptFormer, endUnwanted } from './former.ts';
import { requireBinaries } from './install.ts';
import { MARIADB } from './mariadb.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { StoreProblem } from './problem.ts';
import { REDIS } from './redis.ts';
import type { RunningStore, StoreKind, StoreName } from './running-store.ts';
import { type StoreRecord, openRecord } from './store-record.ts';
import { type Supervised, supervise } from './supervise.ts';

/** New tables and logs take 85 MB; after that there is to be room for what is written. */
const ROOM_FIRST_MIN_BYTES = 150_000_000;
const ROOM_MIN_BYTES = 20_000_000;

export interface OpenOptions {
  dataDir: string;
  redis: boolean;
  mysql: boolean;
  say: (line: string) => void;
  /** Start a store again when it ends by itself; true unless told otherwise. */
  restart?: boolean;
  /** Replaces the places where the servers are looked for (PATH syntax). */
  searchPath?: string;
}

export interface EmbeddedStores {
  redisUrl?: string;
  databaseUrl?: string;
  pids(): Partial<Record<StoreName, number>>;
  /** Ends both cleanly; a second call waits for the first. */
  stop(): Promise<void>;
}

interface Context {
  dataDir: string;
  binaries: Binaries;
  record: StoreRecord;
  say: (line: string) => void;
  restart: boolean;
}

/** @throws StoreProblem, whose message is meant for the user, when DATA_DIR is in use or a store cannot be had */
export async function openEmbeddedStores(options: OpenOptions): Promise<EmbeddedStores> {
  const dataDir = resolve(options.dataDir);
  const kinds = [...(options.redis ? [REDIS] : []), ...(options.mysql ? [MARIADB] : [])];
  if (kinds.length === 0) return { pids: () => ({}), stop: async () => undefined };
  const lock = await takeOwnerLock(dataDir);
  try {
    const context = await prepare(dataDir, options);
    await endUnwanted(context.record.former, kinds);
    const opened = await openAll(kinds, context);
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await Promise.all(opened.map(({ supervised }) => supervised.stop()));
      context.record.remove();
      lock.release();
    };
    const urlOf = (name: StoreName) => opened.find(({ store }) => store.name === name)?.store.url;
    const [redis, database] = [urlOf('redis'), urlOf('mariadb')];
    return {
      ...(redis && { redisUrl: redis }),
      ...(database && { databaseUrl: database }),
      pids: () => Object.fromEntries(opened.map(({ store, supervised }) => [store.name, supervised.pid()])),
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function prepare(dataDir: string, options: OpenOptions): Promise<Context> {
  const { say, redis, mysql, searchPath, restart = true } = options;
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  requireRoom(dataDir);
  const binaries = await requireBinaries({
    redis,
    mysql,
    say,
    logFile: join(logs, 'install.log'),
    searchPath,
  });
  if (redis) binaries.redisServer = redisCommand(binaries, join(dataDir, 'bin'));
  return { dataDir, binaries, record: openRecord(dataDir), say, restart };
}

/** Half-made tables would say so in their own, longer way. */
function requireRoom(dataDir: string): void {
  const needed = existsSync(join(dataDir, MARIADB.folder)) ? ROOM_MIN_BYTES : ROOM_FIRST_MIN_BYTES;
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize >= needed) return;
  const [free, wanted] = [bavail * bsize, needed].map((bytes) => Math.floor(bytes / 1_000_000));
  throw new StoreProblem(
    `The disk of DATA_DIR ${dataDir} is full: ${free} MB are free, ${wanted} MB are needed. Make room, or set DATA_DIR to a folder on another disk.`,
  );
}

interface Opened {
  store: RunningStore;
  supervised: Supervised;
}

/** All or nothing: when one cannot be had, the others are stopped. */
async function openAll(kinds: StoreKind[], context: Context): Promise<Opened[]> {
  const results = await Promise.allSettled(kinds.map((kind) => open(kind, context)));
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = results.find((result) => result.status === 'rejected');
  if (!failed) return opened;
  await Promise.all(opened.map(({ supervised }) => supervised.stop()));
  context.record.remove();
  throw failed.reason;
}

async function open(kind: StoreKind, context: Context): Promise<Opened> {
  const former = context.record.former[kind.name];
  const adopted = former && (await adoptFormer(kind, former, join(context.dataDir, kind.folder)));
  if (adopted) context.say(line(adopted, context, `adopted (pid ${adopted.pid})`));
  const store = adopted ?? (await start(kind, context, 'started'));
  if (!context.restart) return { store, supervised: { pid: () => store.pid, stop: () => store.stop() } };
  const startAgain = (onSpawn: (child: Child) => void) => start(kind, context, 'started again', onSpawn);
  return { store, supervised: supervise(store, startAgain, context.say) };
}

async function start(
  kind: StoreKind,
  context: Context,
  verb: string,
  onSpawn?: (child: Child) => void,
): Promise<RunningStore> {
  const startedAt = performance.now();
  const { dataDir, binaries, record, say } = context;
  let prepared = '';
  const store = await kind.start({
    dataDir: join(dataDir, kind.folder),
    runDir: record.runDir,
    logFile: join(dataDir, 'logs', `${kind.name}.log`),
    binaries,
    onPrepared: (ms) => (prepared = `, prepared in ${duration(ms)} (first start)`),
    onSpawn(child, socket) {
      const { pid, identity, diesWithOwner } = child;
      record.write(kind.name, { pid, identity, diesWithOwner, socket });
      onSpawn?.(child);
    },
  });
  say(line(store, context, `${verb} in ${duration(performance.now() - startedAt)}${prepared}`));
  return store;
}

function line(store: { name: StoreName; version: string }, { dataDir }: Context, what: string): string {
  const folder = join(dataDir, store.name === 'redis' ? REDIS.folder : MARIADB.folder);
  const near = relative(process.cwd(), folder);
  return `${store.name.padEnd(8)} ${store.version.padEnd(8)} ${what}   ${near.startsWith('..') ? folder : near}`;
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
