/**
 * Several API processes of one host on one port: the kernel gives each connection to one of them (SO_REUSEPORT,
 * https://lwn.net/Articles/542629/). The parent serves nobody. It starts them, starts again what died, and replaces
 * them one by one.
 */

import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import type { Config } from './config.ts';
import { unsharedPort } from './http/port.ts';
import type { Log } from './log.ts';
import { openPlace, type Place } from './process-place.ts';
import { spawnProcess, type Addresses, type Spawning } from './spawned-process.ts';

const PORT_MAX = 65_535;

export interface Processes {
  /**
   * Of each, when all serve. Metrics are of one, everything else is the same at all.
   * @throws when a port is taken, or a process does not come to serve: then none is left
   */
  readonly serving: Promise<readonly Addresses[]>;
  /** Ends all, also while they start or are replaced. */
  stop(): Promise<void>;
}

/** Each of them tells its own metrics, so each has a port of its own: the first OPS_PORT, the others those after it. */
export function opsPortOf({ OPS_PORT }: Pick<Config, 'OPS_PORT'>, place: number | null): number {
  return OPS_PORT === 0 ? 0 : OPS_PORT + (place ?? 1) - 1;
}

/**
 * From now on SIGUSR2 replaces them, one after the other, each when its successor serves; one that has none stays.
 * Nothing is started before all ports are known to be free.
 */
export function openProcesses(config: Config, log: Log, options: Spawning = {}): Processes {
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
