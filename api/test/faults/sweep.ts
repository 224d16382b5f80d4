/**
 * Was ever more promised than there is? Every promise is an interval in real time in which it certainly stood: from
 * when its holder had heard of it until it could first have ended. One pass over the sorted ends says whether at
 * some instant the certain promises exceeded the bound. No order of events has to be guessed, so what it finds is
 * never a false alarm.
 */

export interface Promised {
  readonly id: string;
  readonly units: number;
  /** Milliseconds; the promise stands at `from` and no longer at `to`. */
  readonly from: number;
  readonly to: number;
}

export interface Swept {
  /** The most that was certainly promised at once. */
  readonly peak: number;
  readonly peakAt: number | null;
  /** The first instant above the bound, and who was promised units then. */
  readonly excess: { at: number; units: number; ids: string[] } | null;
}

/** O(n log n). */
export function sweep(promised: readonly Promised[], bound: number): Swept {
  // What ends at an instant makes room for what begins at it.
  const ends = promised
    .filter(({ from, to }) => from < to)
    .flatMap((promise) => [
      { at: promise.from, units: promise.units, promise },
      { at: promise.to, units: -promise.units, promise },
    ])
    .sort((a, b) => a.at - b.at || a.units - b.units);
  const standing = new Set<Promised>();
  let units = 0;
  let peak = 0;
  let peakAt: number | null = null;
  let excess: Swept['excess'] = null;
  for (const end of ends) {
    units += end.units;
    if (end.units > 0) standing.add(end.promise);
    else standing.delete(end.promise);
    if (units > peak) [peak, peakAt] = [units, end.at];
    if (units > bound && excess === null) {
      excess = { at: end.at, units, ids: [...standing].map(({ id }) => id) };
    }
  }
  return { peak, peakAt, excess };
}
