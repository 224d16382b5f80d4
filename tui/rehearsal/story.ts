/** What each buyer is going to do. */

import { HOLD_TTL_MIN_S } from '@flash-sale/shared/limits.ts';
import { chanceOf } from './chance.ts';

/** Of the rehearsal's sale: long enough for people with a reason, short enough to see units come back. */
export const HOLD_TTL_S = 10;
export const PAY_WINDOW_S = 5;
export const BUYER_LIMIT = 2;

const MANNERS = {
  /** Holds, orders, pays. */
  keen: 50,
  /** Takes time for each step. */
  slow: 14,
  /** Presses each button twice, at once. */
  'clicks twice': 10,
  /** Does not believe the first answer, and asks again. */
  'asks again': 8,
  /** Closes the page while it loads, and comes back. */
  'hangs up': 6,
  /** Holds, and is not seen again. */
  abandons: 7,
  releases: 5,
} as const;
type Manner = keyof typeof MANNERS;

const PAYMENTS = {
  'on time': 60,
  /** The provider tells of it again, under the same and under another delivery id. */
  twice: 12,
  /** The provider is faster than the order. */
  'before the order': 8,
  late: 8,
  'wrong amount': 5,
  /** Somebody else tells of it first, with a signature of their own. */
  forged: 4,
  failed: 3,
} as const;
type Payment = keyof typeof PAYMENTS;

export interface Story {
  readonly number: number;
  readonly manner: Manner;
  readonly payment: Payment;
  readonly quantity: number;
  /** How often they look again when there is nothing; forever while the rehearsal goes on: Infinity. */
  readonly looksAgain: number;
  /** Between two looks. */
  readonly pauseMs: number;
  /** Between two steps. */
  readonly thinkMs: number;
  readonly hangUpAfterMs: number;
  /** Shorter than the sale's, for whoever will not come back. */
  readonly ttlS: number | null;
}

/** How often they look again when there is nothing. */
const LOOKS = { never: 60, sometimes: 34, 'until it is over': 6 } as const;

export function storyOf(seed: number, number: number): Story {
  const chance = chanceOf(seed, number);
  const looks = chance.pick(LOOKS);
  // Who has waited so long takes it and pays: so units that come back at the end are sold as well.
  const isPersistent = looks === 'until it is over';
  const manner = isPersistent ? 'keen' : chance.pick(MANNERS);
  return {
    number,
    manner,
    payment: isPersistent ? 'on time' : chance.pick(PAYMENTS),
    quantity: Number(chance.pick({ 1: 4, 2: 1 })),
    looksAgain: { never: 0, sometimes: 3, 'until it is over': Infinity }[looks],
    pauseMs: chance.between(400, 1_200),
    thinkMs: manner === 'slow' ? chance.between(800, 2_000) : chance.between(5, 200),
    hangUpAfterMs: chance.between(0.5, 8),
    ttlS: manner === 'abandons' ? HOLD_TTL_MIN_S : null,
  };
}
