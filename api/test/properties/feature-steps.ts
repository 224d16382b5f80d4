/** What callers, workers, operators and faults may do to a sale, as plain data. */

import fc from 'fast-check';

/** quantity, buyer, idempotency key */
type Wish = [number, string | null, string | null];

const WEIGHTS = {
  holdDies: 1,
  read: 4,
  release: 4,
  order: 16,
  orderOtherIntent: 2,
  orderTwice: 3,
  orderDies: 5,
  pay: 9,
  payExactly: 4,
  payWrong: 3,
  payOtherIntent: 2,
  payTwice: 4,
  payDies: 5,
  payFailed: 5,
  payEarly: 3,
  record: 2,
  inbox: 3,
  expireOrders: 14,
  expireDies: 8,
  deliver: 2,
  deliverTwice: 3,
  deliverDies: 4,
  settler: 5,
  settlerDies: 4,
  restock: 1,
  restockDies: 1,
  shrink: 2,
  shrinkDies: 2,
  endLeases: 3,
  reap: 2,
  move: 3,
  rebuild: 1,
  rebuildTwice: 1,
  rebuildDies: 2,
  keepArmed: 2,
  passDeadline: 6,
  shiftClock: 1,
  forgetEnded: 1,
  flush: 1,
} as const;

/** A process has to start again: dear, so rare. */
const PROCESS_WEIGHTS = { restart: 1, restartEmpty: 1 } as const;

type Kind = keyof typeof WEIGHTS | keyof typeof PROCESS_WEIGHTS;

export type FeatureStep = { do: 'hold'; wishes: Wish[] } | { do: Kind; nth: number };

const wish: fc.Arbitrary<Wish> = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.constantFrom('ann', 'bob', null, null),
  fc.constantFrom('k1', 'k2', 'k3', null, null, null),
);

const hold = fc.record({
  do: fc.constant('hold' as const),
  wishes: fc.array(wish, { minLength: 1, maxLength: 4 }),
});

function weighted(weights: Readonly<Record<string, number>>, times: number) {
  return Object.entries(weights).map(([kind, weight]) => ({
    weight: weight * times,
    arbitrary: fc.record({ do: fc.constant(kind as Kind), nth: fc.nat(23) }),
  }));
}

const step: fc.Arbitrary<FeatureStep> = fc.oneof(
  { weight: 16 * 8, arbitrary: hold },
  ...weighted(WEIGHTS, 8),
  ...weighted(PROCESS_WEIGHTS, 1),
);

export interface FeatureStory {
  readonly allotment: number;
  readonly buyerLimit: number | null;
  readonly steps: readonly FeatureStep[];
}

export const featureStories: fc.Arbitrary<FeatureStory> = fc.record({
  allotment: fc.integer({ min: 1, max: 9 }),
  buyerLimit: fc.constantFrom(null, null, 3),
  steps: fc.array(step, { minLength: 1, maxLength: 80, size: 'max' }),
});
