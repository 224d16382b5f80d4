/** An API process that another one starts, from both ends. */

import { join } from 'node:path';
import { API_START_MAX_MS, DRAIN_ANNOUNCE_MAX_MS, DRAIN_MAX_MS } from '@flash-sale/shared/limits.ts';
import { childEnvironment } from './config.ts';
import { PLAIN_FLAG } from './log.ts';

const PROGRAM = join(import.meta.dir, 'server.ts');
const FLAG = '--process';

/** Longer than a process takes to stop by itself. */
const STOP_MAX_MS = DRAIN_ANNOUNCE_MAX_MS + DRAIN_MAX_MS + 3_000;

export interface Addresses {
  readonly url: string;
  readonly opsUrl: string;
}

/** Which of the processes this one is, 1 for the first; null when it is alone. */
export function placeOf(args: readonly string[]): number | null {
  const at = args.indexOf(FLAG);
  return at < 0 ? null : Number(args[at + 1]);
}

/** However it ended, killed -9 too: then there is nobody to answer to, and the next start needs the ports. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(1));
}

/** From now on this process serves. */
export function tellParent(addresses: Addresses): void {
  process.send?.(addresses);
}

export interface Spawning {
  /** For the processes, beside our own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Takes what they say; else it goes where ours goes. */
  readonly write?: (text: string) => void;
  readonly startMaxMs?: number;
}

export interface Spawned {
  /** Null when it ended instead, of itself or because it took too long. */
  readonly serving: Promise<Addresses | null>;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

export function spawnProcess(place: number, port: number, options: Spawning): Spawned {
  const { environment, write, startMaxMs = API_START_MAX_MS } = options;
  const { promise: serving, resolve } = Promise.withResolvers<Addresses | null>();
  const isPlain = write !== undefined && process.stderr.isTTY;
  const command = [process.execPath, PROGRAM, FLAG, String(place), ...(isPlain ? [PLAIN_FLAG] : [])];
  let child: Bun.Subprocess;
  try {
    child = Bun.spawn(command, {
      env: childEnvironment({ ...environment, PORT: String(port) }),
      // Bun sets a terminal that it has back to what it was at its end: the operator's would take no keys any more.
      stdio: write === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'ignore', 'pipe'],
      // In a session of its own ctrl+c reaches us alone, and we tell it.
      detached: true,
      ipc: (message: Addresses) => resolve(message),
    });
  } catch (error) {
    // No memory, or Bun is not where it was: as one that died at once. The others go on.
    return { serving: Promise.resolve(null), ended: Promise.resolve(String(error)), stop: async () => {} };
  }
  const said = write === undefined ? null : handOn(child.stderr as ReadableStream<Uint8Array>, write);
  let isLate = false;
  const lateness = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, startMaxMs);
  void serving.then(() => clearTimeout(lateness));
  const ended = Promise.all([child.exited, said]).then(([code]) =>
    isLate ? `did not serve within ${startMaxMs} ms` : String(child.signalCode ?? `exit code ${code}`),
  );
  void ended.then(() => resolve(null));
  const end = async () => {
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
    await ended;
    clearTimeout(impatience);
  };
  // Told twice it takes us for impatient.
  let ending: Promise<void> | undefined;
  return { serving, ended, stop: () => (ending ??= end()) };
}

async function handOn(said: ReadableStream<Uint8Array>, write: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of said) write(decoder.decode(bytes, { stream: true }));
}
