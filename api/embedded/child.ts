/**
 * A store as a child process. It runs in a session of its own, so that ctrl+c in the terminal reaches only the API,
 * which still needs its stores to finish. On Linux the kernel ends it when the API is killed -9.
 */

import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { SERVER_FOLDERS } from './binaries.ts';
import { endProcess, isSameProcess, processIdentity } from './process-identity.ts';

/** Larger logs are put aside at the next start, once. */
const LOG_LIMIT_BYTES = 4_000_000;
const STOP_GRACE_MS = 15_000;
/** A killed process can linger while the disk finishes its last write. */
const AFTER_KILL_MS = 5_000;
const ADOPTED_POLL_MS = 100;

export interface Child {
  pid: number;
  identity: string;
  diesWithOwner: boolean;
  /** Resolves, with how it ended, when the process is gone. */
  exited: Promise<string>;
  /** Lets it end in its own way, within limits. */
  stop(): Promise<void>;
  /** For one that is not ready yet: MariaDB that is told to stop while it starts never does. */
  kill(): Promise<void>;
}

export interface SpawnOptions {
  command: string[];
  logFile: string;
  setpriv: string | undefined;
  /** What it gets when the API dies. */
  deathSignal: 'TERM' | 'KILL';
}

/** The death signal is tied to the thread that spawns: call this on the main thread, never in a Worker. */
export function spawnChild({ command, logFile, setpriv, deathSignal }: SpawnOptions): Child {
  const log = openLog(logFile);
  const watched = setpriv ? [setpriv, '--pdeathsig', deathSignal, '--', ...command] : command;
  const child = Bun.spawn(watched, {
    stdin: 'ignore',
    stdout: log,
    stderr: log,
    detached: true,
    cwd: '/',
    // Not the API's environment: that holds its secrets.
    env: CHILD_ENVIRONMENT,
  });
  closeSync(log);
  // A script that forgets to stop a store can still end; the store then ends with it.
  child.unref();
  const identity = processIdentity(child.pid) ?? '';
  const exited = child.exited.then((code) => String(child.signalCode ?? `exit code ${code}`));
  return {
    pid: child.pid,
    identity,
    diesWithOwner: setpriv !== undefined,
    exited,
    async stop() {
      child.ref();
      child.kill('SIGTERM');
      if (await resolvesWithin(exited, STOP_GRACE_MS)) return;
      child.kill('SIGKILL');
      await resolvesWithin(exited, AFTER_KILL_MS);
    },
    async kill() {
      child.ref();
      child.kill('SIGKILL');
      await resolvesWithin(exited, AFTER_KILL_MS);
    },
  };
}

/** A process that a former run of ours started and that still lives. */
export function adoptChild(pid: number, identity: string): Child {
  const { promise: exited, resolve } = Promise.withResolvers<string>();
  const watch = setInterval(() => {
    if (isSameProcess(pid, identity)) return;
    clearInterval(watch);
    resolve('ended');
  }, ADOPTED_POLL_MS);
  watch.unref();
  const end = async (graceMs: number): Promise<void> => {
    await endProcess(pid, identity, graceMs);
    clearInterval(watch);
    resolve('ended');
  };
  return {
    pid,
    identity,
    diesWithOwner: false,
    exited,
    stop: () => end(STOP_GRACE_MS),
    kill: () => end(0),
  };
}

export const CHILD_ENVIRONMENT = { PATH: SERVER_FOLDERS.join(':'), LC_ALL: 'C', TZ: 'UTC' };

export function logSize(logFile: string): number {
  return statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
}

/** @returns a file descriptor */
export function openLog(logFile: string): number {
  if (logSize(logFile) > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.old`);
  return openSync(logFile, 'a', 0o600);
}

async function resolvesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true), timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
