/** How long things took, in a fixed number of buckets however many there were: each is at most 6 % wide. */

/** Buckets within a doubling. */
const STEPS = 16;
const DOUBLINGS = 24;
/** In milliseconds; what is faster counts as this. */
const LEAST = 1 / 64;

export interface Bucket {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Histogram {
  add(ms: number): void;
  /** Milliseconds; 0 when there is nothing. */
  quantiles(): Quantiles;
  /** One bucket per doubling, from the first that has something to the last. */
  doublings(): Bucket[];
}

export function createHistogram(): Histogram {
  const counts = new Float64Array(STEPS * DOUBLINGS);
  let [count, max] = [0, 0];
  const quantile = (part: number): number => {
    let left = Math.ceil(count * part);
    for (const [index, inBucket] of counts.entries()) {
      left -= inBucket;
      // No value is beyond the greatest, however wide its bucket is.
      if (left <= 0 && inBucket > 0) return round(Math.min(max, endOf(index)));
    }
    return 0;
  };
  return {
    add(ms) {
      const index = Math.min(counts.length - 1, Math.floor(Math.log2(Math.max(1, ms / LEAST)) * STEPS));
      counts[index] = (counts[index] ?? 0) + 1;
      count += 1;
      max = Math.max(max, ms);
    },
    quantiles: () => ({
      count,
      p50: quantile(0.5),
      p95: quantile(0.95),
      p99: quantile(0.99),
      max: round(max),
    }),
    doublings() {
      const all = Array.from({ length: DOUBLINGS }, (_, doubling) => {
        const inside = counts.subarray(doubling * STEPS, (doubling + 1) * STEPS);
        return {
          fromMs: LEAST * 2 ** doubling,
          toMs: LEAST * 2 ** (doubling + 1),
          count: inside.reduce((sum, one) => sum + one, 0),
        };
      });
      const has = ({ count: some }: Bucket) => some > 0;
      return all.slice(all.findIndex(has), all.findLastIndex(has) + 1);
    },
  };
}

function endOf(index: number): number {
  return LEAST * 2 ** ((index + 1) / STEPS);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
