/**
 * What time it is for the server (Redis' clock decides over holds), by a local clock that nobody sets:
 * `performance.now()`. All local times here are of that clock.
 */

import { CLOCK_SAMPLE_KEPT_MS, CLOCK_STEP_MS } from '@flash-sale/shared/terminal-limits.ts';

interface ClockSample {
  /** The `now` of a reply. */
  readonly serverMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
}

interface Estimate {
  /** Server's clock minus local clock. */
  readonly offsetMs: number;
  /** The true offset is within this; Infinity: it may be any amount larger. */
  readonly withinMs: number;
  readonly atMs: number;
}

export interface ServerClock {
  /** A question and its answer: the server's time lies between both. */
  asked(sample: ClockSample): void;
  /** An event that tells its time: the server's clock is at least there. */
  heard(serverMs: number, receivedMs: number): void;
  /** Never runs backwards by little. null: nothing is known yet. */
  serverNow(localMs: number): number | null;
  /** How wrong that can be; Infinity until an answer has come. */
  uncertaintyMs(): number;
}

export function serverClock(): ServerClock {
  /** The oldest is the most exact; each later one is here to take over when those before it are too old. */
  let estimates: Estimate[] = [];
  let toldMs = -Infinity;

  return {
    asked({ serverMs, sentMs, receivedMs }) {
      const withinMs = (receivedMs - sentMs) / 2;
      const next = { offsetMs: serverMs - (sentMs + receivedMs) / 2, withinMs, atMs: receivedMs };
      const [best] = estimates;
      // Both cannot be right: the local clock stood still (suspended), or another Redis took over.
      const isContradiction =
        best !== undefined && Math.abs(next.offsetMs - best.offsetMs) > withinMs + best.withinMs;
      const kept = isContradiction
        ? []
        : estimates.filter((one) => one.withinMs < withinMs && receivedMs - one.atMs <= CLOCK_SAMPLE_KEPT_MS);
      estimates = [...kept, next];
    },

    heard(serverMs, receivedMs) {
      const atLeastMs = serverMs - receivedMs;
      const [best] = estimates;
      const isKnown =
        best !== undefined &&
        atLeastMs <= best.offsetMs + (Number.isFinite(best.withinMs) ? best.withinMs : 0);
      if (!isKnown) estimates = [{ offsetMs: atLeastMs, withinMs: Infinity, atMs: receivedMs }];
    },

    serverNow(localMs) {
      const [best] = estimates;
      if (best === undefined) return null;
      const nowMs = localMs + best.offsetMs;
      const isSmallStepBack = nowMs < toldMs && toldMs - nowMs <= CLOCK_STEP_MS;
      if (!isSmallStepBack) toldMs = nowMs;
      return toldMs;
    },

    uncertaintyMs: () => estimates[0]?.withinMs ?? Infinity,
  };
}
