import { Type } from '@sinclair/typebox';
import { HOLD_TTL_MAX_S } from '../limits.ts';

const instant = Type.String({ format: 'date-time' });

/** `pinned`: held, and its order is being written. */
export const LISTED_HOLD_STATES = ['held', 'pinned', 'ordered', 'released', 'expired', 'lost'] as const;
export type ListedHoldState = (typeof LISTED_HOLD_STATES)[number];

export const ListedHold = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  state: Type.Unsafe<ListedHoldState>({ type: 'string', enum: [...LISTED_HOLD_STATES] }),
  quantity: Type.Integer(),
  buyer_id: Type.Union([Type.String(), Type.Null()]),
  expires_at: instant,
  ended_at: Type.Union([instant, Type.Null()]),
});
export type ListedHold = typeof ListedHold.static;

export const HoldPage = Type.Object({
  now: Type.String({ format: 'date-time', description: "By the clock that decides about holds: Redis'." }),
  items: Type.Array(ListedHold),
  next_cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'A page may be short, or empty, although more follow: whoever filters looks at many.',
  }),
});
export type HoldPage = typeof HoldPage.static;

export const ExtendHold = Type.Object(
  {
    seconds: Type.Integer({
      minimum: 1,
      maximum: HOLD_TTL_MAX_S,
      examples: [60],
      description: `Added to the deadline, which is never more than ${HOLD_TTL_MAX_S} s ahead.`,
    }),
  },
  { additionalProperties: false },
);
export type ExtendHold = typeof ExtendHold.static;

export const ExtendedHold = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  expires_in_seconds: Type.Integer(),
  expires_at: instant,
});
export type ExtendedHold = typeof ExtendedHold.static;
