/**
 * Several API processes of one host on one port: the kernel gives each connection to one of them (SO_REUSEPORT,
 * https://lwn.net/Articles/542629/). The parent serves nobody. It starts them, starts again what died, and replaces
 * them one by one.
 */

import { join } from 'node:path';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { API_START_MAX_MS, DRAIN_ANNOUNCE_MAX_MS, DRAIN_MAX_MS } from '@flash-sale/shared/limits.ts';
import { childEnvironment, type Config } from './config.ts';
import { unsharedPort } from './http/port.ts';
import { PLAIN_FLAG, type Log } from './log.ts';

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
  /**
   * Of each, when all serve. Metrics are of one, everything else is the same at all.
   * @throws when a port is taken, or a process does not come to serve: then none is left
   */
  readonly serving: Promise<readonly Addresses[]>;
  /** Ends all, also while they start or are replaced. */
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

/** However it ended, killed -9 too: then there is nobody to answer to, and the next start needs the ports. */
export function endWithParent(): void {
  process.on('disconnect', () => process.exit(1));
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
  readonly startMaxMs?: number;
}

/**
 * From now on SIGUSR2 replaces them, one after the other, each when its successor serves; one that has none stays.
 * Nothing is started before all ports are known to be free.
 */
export function openProcesses(config: Config, log: Log, options: Options = {}): Processes {
  const places: Place[] = [];
  let isStopping = false;
  const stop = async () => {
    isStopping = true;
    await Promise.all(places.map((place) => place.stop()));
  };

  let isAsked = false;
  let isBusy = true;
  // Asked meanwhile they are replaced once more: the first of them may have missed what changed.
  const replaceAsAsked = async () => {
    isBusy = true;
    while (isAsked && !isStopping) {
      isAsked = false;
      let replaced = 0;
      for (const place of places) replaced += (await place.replace()) ? 1 : 0;
      if (!isStopping) log.info('API processes were replaced', { replaced, processes: places.length });
    }
    isBusy = false;
  };
  process.on('SIGUSR2', () => {
    isAsked = true;
    if (!isBusy) void replaceAsAsked();
  });

  const start = async () => {
    const port = await portToShare(config);
    const spawn = (place: number) => spawnProcess(place, port, options);
    const serving: Addresses[] = [];
    while (serving.length < config.API_PROCESSES && !isStopping) {
      const place = openPlace(places.length + 1, spawn, log);
      places.push(place);
      const addresses = await place.serving;
      if (addresses !== null) serving.push(addresses);
      else if (!isStopping) {
        await stop();
        throw new EnvironmentError(
          `Process ${places.length} of ${config.API_PROCESSES} did not start; what it said is above.`,
        );
      }
    }
    void replaceAsAsked();
    return serving;
  };
  return { serving: start(), stop };
}

/** @returns the port to share. @throws when one that they need is taken, or is needed twice */
async function portToShare(config: Config): Promise<number> {
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
  const port = await unsharedPort(HOST, 'PORT', PORT);
  for (let number = 1; number <= API_PROCESSES; number += 1) {
    await unsharedPort(OPS_HOST, 'OPS_PORT', opsPortOf(config, number));
  }
  return port;
}

interface Place {
  /** Of the first process here; null when it ended instead. */
  readonly serving: Promise<Addresses | null>;
  /** @returns whether another process serves here now */
  replace(): Promise<boolean>;
  /** Ends all that live here: one may be coming, and one going. */
  stop(): Promise<void>;
}

function openPlace(number: number, spawn: (place: number) => Spawned, log: Log): Place {
  const living = new Set<Spawned>();
  let isStopping = false;
  const begin = () => {
    const process = spawn(number);
    living.add(process);
    void process.ended.then(() => living.delete(process));
    return process;
  };

  const first = begin();
  let current = first;
  const keep = async (process: Spawned, failuresBefore = 0) => {
    current = process;
    const startedAtMs = performance.now();
    const how = await process.ended;
    const failures = performance.now() - startedAtMs > STEADY_MS ? 0 : failuresBefore + 1;
    if (failures > 0) await Bun.sleep(Math.min(PAUSE_FIRST_MS * 2 ** (failures - 1), PAUSE_MAX_MS));
    // By now we heard it too when somebody told all of us to stop.
    if (isStopping || process !== current) return;
    log.error('an API process ended by itself and is started again', { place: number, how });
    void keep(begin(), failures);
  };
  void keep(first);

  return {
    serving: first.serving,
    async replace() {
      if (isStopping) return false;
      const next = begin();
      const isServing = (await next.serving) !== null;
      if (isStopping) return false;
      if (!isServing) {
        const how = await next.ended;
        log.error('an API process was not replaced: its successor did not start', { place: number, how });
        return false;
      }
      const before = current;
      void keep(next);
      await before.stop();
      return true;
    },
    async stop() {
      isStopping = true;
      await Promise.all([...living].map((process) => process.stop()));
    },
  };
}

interface Spawned {
  /** Null when it ended instead, of itself or because it took too long. */
  readonly serving: Promise<Addresses | null>;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

function spawnProcess(place: number, port: number, options: Options): Spawned {
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
