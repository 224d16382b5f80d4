/**
 * DATA_DIR/stores.json: which processes the current owner started. After the owner is killed -9, the next one finds
 * here what may still be alive, and touches nothing else.
 */

import { lstatSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from './child.ts';
import type { StoreName } from './running-store.ts';

export type StoreEntry = Pick<Child, 'pid' | 'identity' | 'diesWithOwner'> & { socket: string };

export interface StoreRecord {
  runDir: string;
  former: Partial<Record<StoreName, StoreEntry>>;
  /** Synchronous, so that no store runs unrecorded while the event loop is elsewhere. */
  write(name: StoreName, entry: StoreEntry): void;
  remove(): void;
}

type Stored = { runDir?: string } & Partial<Record<StoreName, StoreEntry>>;

/** macOS allows 103 bytes for a socket's path, Linux 107. */
const SOCKET_PATH_BYTES = 103;

export function openRecord(dataDir: string): StoreRecord {
  const file = join(dataDir, 'stores.json');
  const [stored, former] = [read(file), recordedStores(dataDir)];
  const runDir = stored.runDir && isOurPrivateFolder(stored.runDir) ? stored.runDir : makeRunDir();
  const current: Stored = { ...stored, runDir };
  const save = (): void => {
    writeFileSync(`${file}.new`, JSON.stringify(current, undefined, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  save();
  return {
    runDir,
    former,
    write(name, entry) {
      current[name] = entry;
      save();
    },
    remove() {
      rmSync(file, { force: true });
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

/** What the owner of this folder, if there is one, says that it runs. */
export function recordedStores(dataDir: string): StoreRecord['former'] {
  const { redis, mariadb } = read(join(dataDir, 'stores.json'));
  return { ...(redis && { redis }), ...(mariadb && { mariadb }) };
}

/** Not in DATA_DIR: its path may be too long, and not every file system has sockets. Not in XDG_RUNTIME_DIR: that
 * goes away when its user logs out, with the API still running. */
function makeRunDir(): string {
  const name = 'flashsale-';
  const fits = (folder: string): boolean =>
    Buffer.byteLength(join(folder, `${name}XXXXXX`, 'redis.sock')) <= SOCKET_PATH_BYTES;
  return mkdtempSync(join(fits(tmpdir()) ? tmpdir() : '/tmp', name));
}

/** A folder of the same name that somebody else made in /tmp since must not get our sockets. */
function isOurPrivateFolder(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return (
    found !== undefined &&
    found.isDirectory() &&
    found.uid === process.getuid?.() &&
    (found.mode & 0o077) === 0
  );
}

function read(file: string): Stored {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Stored;
  } catch {
    return {};
  }
}
