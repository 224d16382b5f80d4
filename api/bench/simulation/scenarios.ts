/** What is simulated for SCALING.md. */

import { HOLDS_LINE } from '@flash-sale/shared/limits.ts';
import type { Terms } from './installation.ts';

export const SEED = 20_261_126;
/** Of the machine that the bench was recorded on. */
export const BENCH_CORES = 2;
const AS_IT_IS = {
  parts: 1,
  sqlCores: 4,
  soldOutKnownUs: 0,
  callsAtOnce: HOLDS_LINE.atOnce,
  seed: SEED,
};
/** As if any number of calls of a process to a sale could be under way. */
const NOT_LINED_UP = { ...AS_IT_IS, callsAtOnce: null };

const crowd = (buyers: number, unitsOf: number) => ({ buyers, units: buyers / unitsOf });

/** One sale, and a unit for every tenth buyer. */
export const SIZES: readonly Terms[] = [
  { ...AS_IT_IS, ...crowd(10_000, 10), processes: 1 },
  ...[1, 2, 4, 8].map((processes) => ({ ...AS_IT_IS, ...crowd(100_000, 10), processes })),
  ...[4, 8].map((processes) => ({ ...NOT_LINED_UP, ...crowd(100_000, 10), processes })),
  ...[16, 32, 64].map((processes) => ({ ...AS_IT_IS, ...crowd(1_000_000, 10), processes })),
  { ...NOT_LINED_UP, ...crowd(1_000_000, 10), processes: 32 },
];

const HOT_SALE = { ...AS_IT_IS, processes: 64 };
const PARTS = [1, 2, 4, 8];

/** One sale, a million buyers: what one shard carries, and what parts of the sale bring. */
export const HOT: readonly Terms[] = [
  ...[0, 5_000].flatMap((soldOutKnownUs) =>
    PARTS.map((parts) => ({ ...HOT_SALE, ...crowd(1_000_000, 10), parts, soldOutKnownUs })),
  ),
  // Nobody is refused.
  ...PARTS.map((parts) => ({ ...HOT_SALE, ...crowd(1_000_000, 1), parts })),
];

/** To the digits that mean something. */
export function rounded<Figures extends object>(figures: Figures): Figures {
  const entries = Object.entries(figures).map(([name, value]) => [
    name,
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value,
  ]);
  return Object.fromEntries(entries) as Figures;
}
