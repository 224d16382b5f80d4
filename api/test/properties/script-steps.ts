/** What may happen to a sale between two looks, as plain data: a counterexample reads as the story it is. */

import fc from 'fast-check';

/** quantity, buyer, idempotency key, fingerprint of the request */
type Wish = [number, string | null, string | null, string];

const WEIGHTS = {
  holdAgain: 2,
  read: 3,
  release: 4,
  pin: 12,
  commit: 12,
  settle: 6,
  listPins: 3,
  settlePin: 4,
  reap: 3,
  readSale: 2,
  endOrder: 5,
  pay: 2,
  applyCredits: 4,
  acknowledge: 4,
  takeLate: 4,
  restock: 1,
  takeOut: 2,
  withdraw: 2,
  move: 1,
  rebuild: 3,
  rebuilder: 7,
  beginAgain: 1,
  flush: 1,
  restart: 1,
  copy: 1,
  restore: 1,
  passDeadline: 5,
  shiftClock: 1,
  endLeases: 2,
  forgetEnded: 1,
} as const;

type Kind = keyof typeof WEIGHTS;

export type ScriptStep = { do: 'hold'; requests: Wish[] } | { do: Kind; nth: number };

const wish: fc.Arbitrary<Wish> = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.constantFrom('ann', 'bob', 'c|y', null, null),
  fc.constantFrom('k1', 'k2', 'k3', 'k4', null, null, null, null),
  fc.constantFrom('f1', 'f1', 'f1', 'f2'),
);

const hold = fc.record({
  do: fc.constant('hold' as const),
  requests: fc.array(wish, { minLength: 1, maxLength: 4 }),
});

const others = Object.entries(WEIGHTS).map(([kind, weight]) => ({
  weight,
  arbitrary: fc.record({ do: fc.constant(kind as Kind), nth: fc.nat(23) }),
}));

const step: fc.Arbitrary<ScriptStep> = fc.oneof({ weight: 14, arbitrary: hold }, ...others);

export interface ScriptStory {
  readonly allotment: number;
  readonly buyerLimit: number | null;
  readonly steps: readonly ScriptStep[];
}

export const scriptStories: fc.Arbitrary<ScriptStory> = fc.record({
  allotment: fc.integer({ min: 1, max: 12 }),
  buyerLimit: fc.constantFrom(null, null, 2, 5),
  steps: fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }),
});
