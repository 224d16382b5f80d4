/** Chance that can be had again: the same seed and number make the same choices, whatever happened in between. */

export interface Chance {
  /** 0 <= x < 1 */
  next(): number;
  between(from: number, to: number): number;
  /** @param odds how often each comes up; they need not add up to anything */
  pick<Word extends string>(odds: Readonly<Record<Word, number>>): Word;
}

/** mulberry32, begun at a place of its own for each number. */
export function chanceOf(seed: number, number: number): Chance {
  let state = Math.imul(seed ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (from, to) => from + next() * (to - from),
    pick(odds) {
      const words = Object.keys(odds) as (keyof typeof odds)[];
      let left = next() * words.reduce((sum, word) => sum + odds[word], 0);
      const picked = words.find((word) => (left -= odds[word]) < 0) ?? words.at(-1);
      if (picked === undefined) throw new Error('there is nothing to pick');
      return picked;
    },
  };
}
