export type Store = 'redis' | 'sql';

/**
 * A store did not answer, or not in time: the outcome of the call is unknown. Callers never guess; they tell the
 * buyer to try again, and ids decided by the caller make that safe.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly store: Store;
  /** False when the call was never sent. */
  readonly mayHaveRun: boolean;

  constructor(store: Store, cause: unknown, mayHaveRun = true) {
    super(typeof cause === 'string' ? `${store} is not available: ${cause}` : `${store} is not available`, {
      cause,
    });
    this.store = store;
    this.mayHaveRun = mayHaveRun;
  }
}

/** For what a worker does later if it cannot be done now: `.catch(unlessAway)`. @throws whatever is not about a store */
export function unlessAway(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}
