/**
 * Several API processes of one host on one port: the kernel gives each connection to one of them (SO_REUSEPORT,
 * https://lwn.net/Articles/542629/). The parent serves nobody. It starts them, starts again what died, and replaces
 * them one by one.
 */

import { join } from 'node:path';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { DRAIN_ANNOUNCE_MAX_MS, DRAIN_MAX_MS } from '@flash-sale/shared/limits.ts';
import { childEnvironment, type Config } from './config.ts';
import { unsharedPort } from './http/port.ts';
import type { Log } from './log.ts';

const PROGRAM = join(import.meta.dir, 'server.ts');
const FLAG = '--process';

/** One that lived for so long is started again at once; one that keeps dying waits longer each time. */
const STEADY_MS = 10_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;

const PORT_MAX = 65_535;

/** Longer than a process takes to stop by itself. */
const STOP_MAX_MS = DRAIN_ANNOUNCE_MAX_MS + DRAIN_MAX_MS + 3_000;

export interface Addresses {
  readonly url: string;
  readonly opsUrl: string;
}

export interface Processes {
  readonly url: string;
  /** Of each process: metrics are its own, everything else is the same at all. */
  readonly opsUrls: readonly string[];
  stop(): Promise<void>;
}

/** Which of the processes this one is, 1 for the first; null when it is alone. */
export function placeOf(args: readonly string[]): number | null {
  const at = args.indexOf(FLAG);
  return at < 0 ? null : Number(args[at + 1]);
}

/** Each of them tells its own metrics, so each has a port of its own: the first OPS_PORT, the others those after it. */
export function opsPortOf({ OPS_PORT }: Pick<Config, 'OPS_PORT'>, place: number | null): number {
  return OPS_PORT === 0 ? 0 : OPS_PORT + (place ?? 1) - 1;
}

/** However it ended: killed -9 too. */
export function untilParentEnds(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  process.on('disconnect', () => resolve('its parent ended'));
  return promise;
}

/** From now on this process serves. */
export function tellParent(addresses: Addresses): void {
  process.send?.(addresses);
}

interface Options {
  /** For the processes, beside our own. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Takes what they say; else it goes where ours goes. */
  readonly write?: (text: string) => void;
}

/**
 * From now on SIGUSR2 replaces them, one after the other, each when its successor serves; one that has none stays.
 * @throws when the port is taken, or a process does not come to serve
 */
export async function startProcesses(config: Config, log: Log, options: Options = {}): Promise<Processes> {
  const { HOST, PORT, OPS_HOST, OPS_PORT, API_PROCESSES } = config;
  if (opsPortOf(config, API_PROCESSES) > PORT_MAX) {
    throw new EnvironmentError(
      `OPS_PORT: there are not ${API_PROCESSES - 1} ports after it; set a smaller one`,
    );
  }
  if (PORT !== 0 && OPS_PORT !== 0 && PORT >= OPS_PORT && PORT <= opsPortOf(config, API_PROCESSES)) {
    throw new EnvironmentError(
      `PORT: ${PORT} is one of the ports for operators (OPS_PORT and the ones after it); set another one`,
    );
  }
  const places: Place[] = [];
  let areServing = false;
  const replaceAll = async () => {
    for (const place of places) await place.replace();
    log.info('each API process was replaced, or said why not', { processes: places.length });
  };
  // Before all else, because nobody listening to it is killed by it. Who is just starting is new.
  process.on('SIGUSR2', () => void (areServing && replaceAll()));
  const port = await unsharedPort(HOST, 'PORT', PORT);
  const spawn = (place: number) => {
    try {
      return spawnProcess(place, port, options);
    } catch (error) {
      // No memory, or Bun is not where it was: as one that died at once. The others go on.
      return stillborn(error);
    }
  };
  const addresses: Addresses[] = [];
  const stop = async () => void (await Promise.all(places.map((place) => place.stop())));
  // All of them before anybody serves.
  for (let number = 1; number <= API_PROCESSES; number += 1) {
    await unsharedPort(OPS_HOST, 'OPS_PORT', opsPortOf(config, number));
  }
  while (places.length < API_PROCESSES) {
    const place = openPlace(places.length + 1, spawn, log);
    places.push(place);
    const listening = await place.listening;
    if (listening === null) {
      await stop();
      throw new Error(`Process ${places.length} of ${API_PROCESSES} did not start; what it said is above.`);
    }
    addresses.push(listening);
  }
  areServing = true;
  return {
    url: addresses[0]?.url ?? '',
    opsUrls: addresses.map(({ opsUrl }) => opsUrl),
    stop,
  };
}

interface Place {
  /** Of the first process here; null when it ended instead. */
  readonly listening: Promise<Addresses | null>;
  replace(): Promise<void>;
  stop(): Promise<void>;
}

function openPlace(number: number, spawn: (place: number) => Spawned, log: Log): Place {
  let current = spawn(number);
  let isStopping = false;
  const isOurs = (process: Spawned) => !isStopping && process === current;

  const keepOne = async (process: Spawned) => {
    for (let failures = 0; ;) {
      const startedAtMs = performance.now();
      const how = await process.ended;
      if (!isOurs(process)) return;
      failures = performance.now() - startedAtMs > STEADY_MS ? 0 : failures + 1;
      log.error('an API process ended by itself and is started again', { place: number, how });
      if (failures > 0) await Bun.sleep(Math.min(PAUSE_FIRST_MS * 2 ** (failures - 1), PAUSE_MAX_MS));
      if (!isOurs(process)) return;
      process = spawn(number);
      current = process;
    }
  };
  const { listening } = current;
  void keepOne(current);

  return {
    listening,
    async replace() {
      if (isStopping) return;
      const next = spawn(number);
      const isListening = (await next.listening) !== null;
      if (isStopping) return next.stop();
      if (!isListening) {
        log.error('an API process was not replaced: its successor did not start', { place: number });
        return;
      }
      const before = current;
      current = next;
      void keepOne(next);
      await before.stop();
    },
    async stop() {
      isStopping = true;
      await current.stop();
    },
  };
}

interface Spawned {
  readonly listening: Promise<Addresses | null>;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

function spawnProcess(place: number, port: number, { environment, write }: Options): Spawned {
  const { promise: listening, resolve } = Promise.withResolvers<Addresses | null>();
  const child = Bun.spawn([process.execPath, PROGRAM, FLAG, String(place)], {
    env: childEnvironment({ ...environment, PORT: String(port) }),
    // Bun sets a terminal that it has back to what it was at its end: the operator's would take no keys any more.
    stdio: write === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'ignore', 'pipe'],
    ipc: (message: Addresses) => resolve(message),
  });
  if (write !== undefined) void handOn(child.stderr as ReadableStream<Uint8Array>, write);
  const ended = child.exited.then((code) => String(child.signalCode ?? `exit code ${code}`));
  void ended.then(() => resolve(null));
  return {
    listening,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MAX_MS);
      await ended;
      clearTimeout(impatient);
    },
  };
}

function stillborn(error: unknown): Spawned {
  return {
    listening: Promise.resolve(null),
    ended: Promise.resolve(String(error)),
    stop: () => Promise.resolve(),
  };
}

async function handOn(said: ReadableStream<Uint8Array>, write: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of said) write(decoder.decode(bytes, { stream: true }));
}
