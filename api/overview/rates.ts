/** How fast each sale sells, from counts that only grow: the difference between two looks of this process. */

import { RATES_OVER_MS } from '@flash-sale/shared/limits.ts';

/** Units so far. */
export interface Totals {
  readonly held: number;
  readonly ordered: number;
  readonly paid: number;
}

export interface Rates {
  readonly seconds: number;
  readonly heldPerSecond: number;
  readonly orderedPerSecond: number;
  readonly paidPerSecond: number;
}

interface Sample {
  readonly atMs: number;
  readonly totals: ReadonlyMap<number, Totals>;
}

export class RateMeter {
  /** Oldest first; the first one is as old as the rates look back, or a little older. */
  #samples: Sample[] = [];

  /** @param atMs of a clock that never goes back */
  add(atMs: number, totals: ReadonlyMap<number, Totals>): void {
    this.#samples.push({ atMs, totals });
    const firstNeeded = this.#samples.findLastIndex((sample) => atMs - sample.atMs >= RATES_OVER_MS);
    if (firstNeeded > 0) this.#samples = this.#samples.slice(firstNeeded);
  }

  /** Null until there are two looks a second apart, and after a count went back: Redis was rebuilt from nothing. */
  rates(saleId: number): Rates | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const [before, now] = [first?.totals.get(saleId), last?.totals.get(saleId)];
    if (first === undefined || last === undefined || before === undefined || now === undefined) return null;
    const seconds = (last.atMs - first.atMs) / 1_000;
    if (seconds < 1 || now.held < before.held) return null;
    return {
      seconds: Math.round(seconds),
      heldPerSecond: (now.held - before.held) / seconds,
      orderedPerSecond: (now.ordered - before.ordered) / seconds,
      paidPerSecond: (now.paid - before.paid) / seconds,
    };
  }
}
