/** What must not happen, and did. */

export interface Violation {
  readonly at: number;
  /** I1..I8 of ARCHITECTURE.md; `reply`: not as documented. */
  readonly rule: string;
  readonly says: string;
  /** Ids to look for in the history. */
  readonly about: readonly string[];
}

/** A broken guard breaks thousands of promises; the first ones say enough. */
const KEPT_MAX = 200;

export class Violations {
  readonly list: Violation[] = [];
  count = 0;

  add(rule: string, says: string, about: readonly string[] = [], at = Date.now()): void {
    this.count += 1;
    if (this.list.length < KEPT_MAX) this.list.push({ at, rule, says, about });
  }
}
