/**
 * A token bucket per name (https://en.wikipedia.org/wiki/Token_bucket), per process: it slows a program down that
 * asks in a loop, and is no limit to rely on. Names that have their whole burst again are forgotten.
 */
export class Pace {
  readonly #burst: number;
  readonly #perMs: number;
  readonly #fullAtMs = new Map<string, number>();

  constructor(burst: number, perSecond: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1_000;
  }

  /** Takes one of the name's tokens. @returns 0, or how long to wait when none is left. */
  waitMs(name: string, nowMs: number = performance.now()): number {
    const fullAtMs = Math.max(this.#fullAtMs.get(name) ?? 0, nowMs) + 1 / this.#perMs;
    const overdrawn = (fullAtMs - nowMs) * this.#perMs - this.#burst;
    if (overdrawn > 1e-9) return overdrawn / this.#perMs;
    this.#forgetFull(nowMs);
    this.#fullAtMs.set(name, fullAtMs);
    return 0;
  }

  /** Two looks per call keep the map near the size of what is in use. */
  #forgetFull(nowMs: number): void {
    let looks = 0;
    for (const [name, fullAtMs] of this.#fullAtMs) {
      if (looks === 2) return;
      looks += 1;
      // Put at the end when it is still in use, so that every name has its turn.
      this.#fullAtMs.delete(name);
      if (fullAtMs > nowMs) this.#fullAtMs.set(name, fullAtMs);
    }
  }
}
