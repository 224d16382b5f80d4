/**
 * Real stores for tests: nothing here is faked, nothing needs a port, everything ends with the test process.
 * They start on first use, so a test that needs none pays for none.
 */

import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binaries } from '../embedded/binaries.ts';
import { isSameProcess } from '../embedded/process-identity.ts';
import type { RunningStore, StartOptions } from '../embedded/running-store.ts';

export interface TestStore extends RunningStore {
  /** Give it to another start to go on with the same data, as after a crash. */
  readonly folder: string;
}

export interface TestStoreOptions {
  folder?: string;
  /** Appended to the server's flags; the last one wins. */
  args?: string[];
}

interface Servers {
  redis: boolean;
  mysql: boolean;
}

type Start = (options: StartOptions) => Promise<RunningStore>;

const folders = new Set<string>();
const stores = new Set<RunningStore>();
let shared: Promise<{ url: string }> | undefined;

/** One MariaDB for all test files: `api/test/run.ts` sets TEST_DATABASE_URL, else this process starts its own. */
export function sharedMariaDb(): Promise<{ url: string }> {
  const url = process.env['TEST_DATABASE_URL'];
  shared ??= url ? Promise.resolve({ url }) : privateMariaDb();
  return shared;
}

/** For tests that stop, kill or fill their database. */
export async function privateMariaDb(options: TestStoreOptions = {}): Promise<TestStore> {
  const { startMariaDb } = await import('../embedded/mariadb.ts');
  return open(startMariaDb, { redis: false, mysql: true }, options);
}

export async function privateRedis(options: TestStoreOptions = {}): Promise<TestStore> {
  const { startRedis } = await import('../embedded/redis.ts');
  return open(startRedis, { redis: true, mysql: false }, options);
}

async function open(
  start: Start,
  needs: Servers,
  { folder = newFolder(), args = [] }: TestStoreOptions,
): Promise<TestStore> {
  const binaries = await requireServers(needs);
  const store = await start({ dataDir: join(folder, 'data'), runDir: folder, binaries, args });
  stores.add(store);
  void store.exited.then(() => stores.delete(store));
  return { ...store, folder };
}

/** Finds the servers, or installs them where that is allowed. @throws StoreProblem that says what to do. */
export async function requireServers(needs: Servers): Promise<Binaries> {
  const { requireBinaries } = await import('../embedded/install.ts');
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  return requireBinaries({ ...needs, say, logFile: join(tmpdir(), `flash-sale-install-${process.pid}.log`) });
}

const FOLDER_NAME = 'flash-sale-test-';

function newFolder(): string {
  const room = roomForData();
  if (folders.size === 0) {
    cleanUpHoweverWeEnd();
    removeAbandoned(room);
  }
  const folder = mkdtempSync(join(room, FOLDER_NAME));
  folders.add(folder);
  return folder;
}

/** A run that was killed -9 leaves its data behind, and in memory that would stay. No run takes a day. */
function removeAbandoned(room: string): void {
  for (const name of readdirSync(room).filter((entry) => entry.startsWith(FOLDER_NAME))) {
    const folder = join(room, name);
    const changedMs = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (changedMs < Date.now() - 86_400_000) rmSync(folder, { recursive: true, force: true });
  }
}

const MEMORY = '/dev/shm';
/** Many times what all stores of a run fill, so that a test that fills one takes nothing from anybody. */
const MEMORY_MIN_BYTES = 8 * 1024 ** 3;

/**
 * In memory where there is plenty: tests would wait for the disk more than for anything else. A store that is killed
 * finds there what it wrote, as on a disk. Whoever sets TMPDIR has their data there.
 */
function roomForData(): string {
  if (process.env['TMPDIR'] || !existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return Math.min(bavail * bsize, freemem()) >= MEMORY_MIN_BYTES ? MEMORY : tmpdir();
}

/** Ends every store of this process and removes its data. */
export async function stopStores(): Promise<void> {
  killStores();
  await Promise.all([...stores].map((store) => store.exited));
  removeFolders();
}

function cleanUpHoweverWeEnd(): void {
  process.on('exit', () => {
    killStores();
    removeFolders();
  });
  process.on('SIGHUP', () => process.exit(129));
  process.on('SIGINT', () => process.exit(130));
  process.on('SIGTERM', () => process.exit(143));
}

/** The data goes too, so nobody has to wait for an orderly end. */
function killStores(): void {
  for (const { pid, identity } of stores) {
    if (isSameProcess(pid, identity)) process.kill(pid, 'SIGKILL');
  }
}

function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.clear();
}
