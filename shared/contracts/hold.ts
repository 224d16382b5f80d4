import { Type } from '@sinclair/typebox';
import { ORDER_STATES, type OrderState } from '../lifecycle.ts';
import { BUYER_ID_LENGTH_MAX, HOLD_TTL_MAX_S, HOLD_TTL_MIN_S, QUANTITY_MAX } from '../limits.ts';

const strict = { additionalProperties: false } as const;

export const ProductId = Type.Integer({ minimum: 1, maximum: 4_294_967_295, examples: [1] });

export const PlaceHold = Type.Object(
  {
    product_id: ProductId,
    quantity: Type.Integer({ minimum: 1, maximum: QUANTITY_MAX, examples: [2] }),
    ttl: Type.Optional(
      Type.Integer({
        minimum: HOLD_TTL_MIN_S,
        maximum: HOLD_TTL_MAX_S,
        description: 'Seconds until the units return to stock; the sale decides when absent.',
      }),
    ),
    buyer_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: BUYER_ID_LENGTH_MAX,
        pattern: '^[!-~]+$',
        description: "The storefront's id of the buyer; needed when the sale limits units per buyer.",
      }),
    ),
  },
  strict,
);
export type PlaceHold = typeof PlaceHold.static;

export const PlacedHold = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  expires_in_seconds: Type.Integer(),
  expires_at: Type.String({ format: 'date-time' }),
});
export type PlacedHold = typeof PlacedHold.static;

const HoldOrder = Type.Object({
  order_id: Type.String({ format: 'uuid' }),
  status: Type.Unsafe<OrderState>({ type: 'string', enum: [...ORDER_STATES] }),
  amount: Type.Number(),
  currency: Type.String(),
  pay_by: Type.String({ format: 'date-time' }),
});

/** `lost` is not among these states: a lost hold answers 409 `hold_lost`. */
const VISIBLE_HOLD_STATES = ['held', 'ordered', 'released', 'expired'] as const;
export type VisibleHoldState = (typeof VISIBLE_HOLD_STATES)[number];

export const HoldView = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  state: Type.Unsafe<VisibleHoldState>({
    type: 'string',
    enum: [...VISIBLE_HOLD_STATES],
    examples: ['ordered'],
  }),
  quantity: Type.Integer(),
  expires_in_seconds: Type.Integer({ description: '0 when it is not held any more.', examples: [0] }),
  order: Type.Optional(HoldOrder),
});
export type HoldView = typeof HoldView.static;

export const ReleasedHold = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  state: Type.Unsafe<'released' | 'expired'>({ type: 'string', enum: ['released', 'expired'] }),
});
export type ReleasedHold = typeof ReleasedHold.static;
