/** What was looked at, what it is like, and what to do about it. */

export interface Check {
  readonly name: string;
  /** `no`: it will hardly work. `warn`: it works, but know this. */
  readonly verdict: 'ok' | 'warn' | 'no';
  readonly says: string;
  /** What to do; null where there is nothing to do, or where `says` says it. */
  readonly fix: string | null;
}

export function ok(name: string, says: string): Check {
  return { name, verdict: 'ok', says, fix: null };
}

export function warn(name: string, says: string, fix: string | null = null): Check {
  return { name, verdict: 'warn', says, fix };
}

export function no(name: string, says: string, fix: string | null = null): Check {
  return { name, verdict: 'no', says, fix };
}
