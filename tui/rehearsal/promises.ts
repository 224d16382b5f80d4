/** Units that are certainly given away at a moment: never more than there are. */

import type { Judge } from './rules.ts';

export function createPromises(units: number, judge: Judge) {
  const given = new Map<string, { readonly units: number; readonly untilMs: number }>();
  let [sum, most] = [0, 0];

  function takeBack(holdId: string): void {
    sum -= given.get(holdId)?.units ?? 0;
    given.delete(holdId);
  }
  /** Their time is looked at when the sum is needed: timers that come late would make it too great. */
  function now(): number {
    const nowMs = performance.now();
    for (const [holdId, { untilMs }] of given) if (untilMs <= nowMs) takeBack(holdId);
    most = Math.max(most, sum);
    return sum;
  }
  return {
    /** The units of a hold, or of its order, are certainly given away from now until then. */
    give(holdId: string, own: number, untilMs: number): void {
      takeBack(holdId);
      given.set(holdId, { units: own, untilMs });
      sum += own;
      if (sum > units && now() > units) {
        judge.breach('promised', `${sum} units were promised at once, of ${units}`);
      }
    },
    takeBack,
    now,
    most: () => most,
  };
}
