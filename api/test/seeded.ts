/** Chance that can be had again: a failing run prints its seed, and the seed makes the same run. */
export interface Chance {
  /** 0 <= x < 1 */
  next(): number;
  /** from..to, both included */
  integer(from: number, to: number): number;
  pick<Item>(items: readonly Item[]): Item;
}

/** The number that the environment variable names, else a new one. */
export function seedFrom(variable: string): number {
  const given = process.env[variable];
  return given ? Number(given) : (crypto.getRandomValues(new Uint32Array(1))[0] as number);
}

/** mulberry32: small, and good enough to choose the next step of a test. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return { next, integer, pick: (items) => items[integer(0, items.length - 1)] as (typeof items)[number] };
}
