/**
 * One owner per DATA_DIR. The lock is the kernel's (through SQLite, which every Bun has): it ends with its process
 * however that dies, so there is no stale lock to judge and no instant in which two can win. The file is never
 * deleted: a lock on a deleted file would exclude nobody. `owner.json` only tells people who holds it.
 */

import { Database } from 'bun:sqlite';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreProblem } from './problem.ts';

const FILE = 'owner.lock';
/** Two that start at the same instant can refuse each other once; trying again for this long lets one through. */
const BUSY_TIMEOUT_MS = 300;
/** The winner writes who it is right after it wins; the loser gives it this long. */
const OWNER_NAME_WAIT_MS = 200;

/** A lock object that is garbage-collected would let go of its lock. */
const held = new Set<Database>();

export interface OwnerLock {
  release(): void;
}

interface Owner {
  pid: number;
  host: string;
  since: string;
}

export async function takeOwnerLock(dataDir: string): Promise<OwnerLock> {
  const lock = await openLock(dataDir);
  const owner: Owner = { pid: process.pid, host: hostname(), since: localTime() };
  writeFileSync(ownerFile(dataDir), JSON.stringify(owner), { mode: 0o600 });
  held.add(lock);
  return {
    release() {
      if (!held.delete(lock)) return;
      rmSync(ownerFile(dataDir), { force: true });
      lock.close();
    },
  };
}

async function openLock(dataDir: string): Promise<Database> {
  let lock: Database | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    lock = new Database(join(dataDir, FILE), { create: true, readwrite: true });
    lock.run(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    lock.run('begin exclusive');
    return lock;
  } catch (error) {
    lock?.close();
    const code = (error as { code?: string }).code ?? '';
    if (code.startsWith('SQLITE_BUSY')) throw new StoreProblem(await inUse(dataDir));
    throw new StoreProblem(
      `DATA_DIR ${dataDir} cannot be used: ${(error as Error).message}. ${ownershipHint()}`,
    );
  }
}

async function inUse(dataDir: string): Promise<string> {
  const deadline = performance.now() + OWNER_NAME_WAIT_MS;
  let owner = readOwner(dataDir);
  while (!owner && performance.now() < deadline) {
    await Bun.sleep(10);
    owner = readOwner(dataDir);
  }
  const elsewhere = owner && owner.host !== hostname() ? ` on ${owner.host}` : '';
  const who = owner ? `process ${owner.pid}${elsewhere}, since ${owner.since}` : 'another process';
  return [
    `DATA_DIR ${dataDir} is in use by ${who}.`,
    `Use that one, stop it${owner && !elsewhere ? ` (kill ${owner.pid})` : ''}, or start another one beside it:`,
    'DATA_DIR=.flashsale-2 PORT=8002 OPS_PORT=8003 bun start',
  ].join('\n  ');
}

function readOwner(dataDir: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile(dataDir), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function ownerFile(dataDir: string): string {
  return join(dataDir, 'owner.json');
}

function ownershipHint(): string {
  return 'Set DATA_DIR to a folder on a local disk that you can write, or remove this one if another user made it.';
}

function localTime(): string {
  return new Date().toLocaleString('sv-SE');
}
