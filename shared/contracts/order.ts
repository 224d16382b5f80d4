import { Type } from '@sinclair/typebox';
import { ORDER_STATES, type OrderState } from '../lifecycle.ts';
import { PAYMENT_INTENT_ID_LENGTH_MAX } from '../limits.ts';

export const HoldId = Type.String({
  format: 'uuid',
  description: 'The hold id is the capability: who knows it may read, release, order and pay the hold.',
});

export const PaymentIntentId = Type.String({
  minLength: 1,
  maxLength: PAYMENT_INTENT_ID_LENGTH_MAX,
  pattern: '^[!-~]+$',
  description: "The payment provider's id of the payment.",
  examples: ['pi_1'],
});

export const PlaceOrder = Type.Object(
  { hold_id: HoldId, payment_intent_id: PaymentIntentId },
  { additionalProperties: false },
);
export type PlaceOrder = typeof PlaceOrder.static;

export const PlacedOrder = Type.Object({
  order_id: Type.String({ format: 'uuid' }),
  hold_id: Type.String({ format: 'uuid' }),
  status: Type.Unsafe<OrderState>({ type: 'string', enum: [...ORDER_STATES] }),
  quantity: Type.Integer(),
  amount: Type.Number(),
  currency: Type.String(),
  pay_with: Type.String(),
  pay_by: Type.String({ format: 'date-time' }),
});
export type PlacedOrder = typeof PlacedOrder.static;
