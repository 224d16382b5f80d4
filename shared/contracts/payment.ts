import { Type } from '@sinclair/typebox';
import {
  ORDER_STATES,
  PAYMENT_DISPOSITIONS,
  type OrderState,
  type PaymentDisposition,
} from '../lifecycle.ts';
import { HoldId, PaymentIntentId } from './order.ts';

/** What a payment provider can tell us of an intent. */
export const PAYMENT_EVENTS = ['payment_success', 'payment_failed', 'payment_refunded'] as const;
export type PaymentEvent = (typeof PAYMENT_EVENTS)[number];

export const PaymentNotice = Type.Object(
  {
    hold_id: HoldId,
    payment_intent_id: PaymentIntentId,
    amount: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1e12, description: 'Major units, compared with the order.' }),
    ),
    currency: Type.Optional(Type.String({ pattern: '^[A-Z]{3}$', examples: ['USD'] })),
  },
  { additionalProperties: false },
);
export type PaymentNotice = typeof PaymentNotice.static;

export const PaymentReceipt = Type.Object({
  hold_id: Type.String({ format: 'uuid' }),
  order_id: Type.String({ format: 'uuid' }),
  status: Type.Unsafe<OrderState>({
    type: 'string',
    enum: [...ORDER_STATES],
    description: "The order's state.",
  }),
  payment: Type.Unsafe<PaymentDisposition | null>({
    anyOf: [{ type: 'string', enum: [...PAYMENT_DISPOSITIONS] }, { type: 'null' }],
    description: 'What became of the money; null when none came or it is still being decided.',
  }),
});
export type PaymentReceipt = typeof PaymentReceipt.static;

/**
 * A Stripe event, of whatever kind: https://docs.stripe.com/api/events. Stripe adds fields as it likes, so the rest is
 * not looked at.
 */
export const StripeEvent = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 255, pattern: '^[!-~]+$', examples: ['evt_1'] }),
  type: Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[!-~]+$',
    examples: ['payment_intent.succeeded'],
  }),
  data: Type.Optional(
    Type.Object({ object: Type.Optional(Type.Object({}, { description: 'What the event is about.' })) }),
  ),
});
export type StripeEvent = typeof StripeEvent.static;
