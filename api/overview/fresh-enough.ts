import { perProcess } from '../per-process.ts';
import type { Services } from '../services.ts';

/**
 * One answer for everybody who asks within `ageMaxMs` of it, failures too; whoever asks while it is being found waits
 * for that one, so a store that hangs is asked once.
 */
export function freshEnough<Answer>(
  ageMaxMs: number,
  find: (services: Services) => Promise<Answer>,
): (services: Services) => Promise<Answer> {
  const latestOf = perProcess(() => ({ answer: null as Promise<Answer> | null, foundAtMs: 0 }));
  return (services) => {
    const latest = latestOf(services);
    if (latest.answer !== null && performance.now() - latest.foundAtMs <= ageMaxMs) return latest.answer;
    latest.foundAtMs = Number.POSITIVE_INFINITY;
    latest.answer = find(services).finally(() => {
      latest.foundAtMs = performance.now();
    });
    return latest.answer;
  };
}
