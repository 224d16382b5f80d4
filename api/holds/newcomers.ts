/**
 * Names that this process has not seen for a while. In a crowd that is nearly everybody: only from their second request
 * on must Redis count them. A name is forgotten after one to two windows.
 */
export class Newcomers {
  readonly #windowMs: number;
  #names = new Set<string>();
  #namesBefore = new Set<string>();
  #turnedAtMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** True for the first time. */
  isNew(name: string, nowMs: number = performance.now()): boolean {
    const ageMs = nowMs - this.#turnedAtMs;
    if (ageMs >= this.#windowMs) {
      this.#namesBefore = ageMs < 2 * this.#windowMs ? this.#names : new Set();
      this.#names = new Set();
      this.#turnedAtMs = nowMs;
    }
    const isKnown = this.#names.has(name) || this.#namesBefore.has(name);
    this.#names.add(name);
    return !isKnown;
  }
}
