import type { Log } from '../log.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

/** One turn of work: bounded, safe to run in any number of processes at once. Returns how much it did. */
export type RunOnce = () => Promise<number>;

export interface Loop {
  /** Resolves when the turn that is running is over. */
  stop(): Promise<void>;
}

const BACKOFF_MAX_MS = 2_000;

/** Runs turns until stopped: at once while there is work, else after `periodMs`; slower while a store is away. */
export function startLoop(log: Log, name: string, periodMs: number, runOnce: RunOnce): Loop {
  let isStopping = false;
  let wake = (): void => {};
  // Not a race with a promise of the end: that one would remember every pause there ever was.
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    let failures = 0;
    while (!isStopping) {
      let pauseMs = periodMs;
      try {
        const count = await runOnce();
        failures = 0;
        if (count > 0) pauseMs = 0;
      } catch (error) {
        failures += 1;
        pauseMs = Math.min(BACKOFF_MAX_MS, Math.max(periodMs, 50) * 2 ** Math.min(failures, 8));
        if (error instanceof StoreUnavailable) log.debug(`${name}: a store is away`, { error });
        else log.error(`${name} failed and will run again`, { error });
      }
      if (!isStopping) await pause(pauseMs);
    }
  };
  const running = run();
  return {
    async stop() {
      isStopping = true;
      wake();
      await running;
    },
  };
}
