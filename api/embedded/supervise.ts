/** Starts a store again whenever it ends by itself: the sale goes on without anybody's help. */

import type { Child } from './child.ts';
import type { RunningStore } from './running-store.ts';

const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;
/** A store that ran this long starts again at once; one that keeps ending waits longer each time. */
const STEADY_MS = 10_000;

export interface Supervised {
  pid(): number;
  stop(): Promise<void>;
}

export function supervise(
  first: RunningStore,
  start: (onSpawn: (child: Child) => void) => Promise<RunningStore>,
  say: (line: string) => void,
): Supervised {
  const { name } = first;
  const stopped = Promise.withResolvers<void>();
  let stopping = false;
  let child: Child = first;
  let starting = false;
  let failures = 0;

  const untilStarted = async (): Promise<void> => {
    while (!stopping) {
      const pauseMs = failures === 0 ? 0 : Math.min(PAUSE_FIRST_MS * 2 ** (failures - 1), PAUSE_MAX_MS);
      await Promise.race([Bun.sleep(pauseMs), stopped.promise]);
      failures += 1;
      if (stopping) return;
      starting = true;
      try {
        await start((spawned) => (child = spawned));
        return;
      } catch (error) {
        if (!stopping) say(`${name} does not start again, trying on: ${(error as Error).message}`);
      } finally {
        starting = false;
      }
    }
  };

  const watch = async (): Promise<void> => {
    while (!stopping) {
      const startedAt = performance.now();
      const how = await child.exited;
      if (stopping) return;
      if (performance.now() - startedAt > STEADY_MS) failures = 0;
      say(`${name} ended by itself (${how}); starting it again`);
      await untilStarted();
    }
  };

  const watching = watch();
  return {
    pid: () => child.pid,
    async stop() {
      stopping = true;
      stopped.resolve();
      await (starting ? child.kill() : child.stop());
      await watching;
      // A start that was under way may have spawned after the stop above.
      await child.stop();
    },
  };
}
