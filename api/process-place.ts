/** One of several API processes: whoever serves here now, and meanwhile who comes and who goes. */

import type { Log } from './log.ts';
import type { Addresses, Spawned } from './spawned-process.ts';

/** One that lived for so long is started again at once; one that keeps dying waits longer each time. */
const STEADY_MS = 10_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;

export interface Place {
  /** Of the first process here; null when it ended instead. */
  readonly serving: Promise<Addresses | null>;
  /** @returns whether another process serves here now */
  replace(): Promise<boolean>;
  /** Ends all that live here: one may be coming, and one going. */
  stop(): Promise<void>;
}

export function openPlace(number: number, spawn: (place: number) => Spawned, log: Log): Place {
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
