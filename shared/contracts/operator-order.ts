import { Type } from '@sinclair/typebox';
import {
  ORDER_STATES,
  PAYMENT_DISPOSITIONS,
  type OrderState,
  type PaymentDisposition,
} from '../lifecycle.ts';
import { REFUND_REFERENCE_LENGTH_MAX } from '../limits.ts';

const instant = Type.String({ format: 'date-time' });
const orNull = <Schema extends ReturnType<typeof Type.String | typeof Type.Number>>(schema: Schema) =>
  Type.Union([schema, Type.Null()]);
const Disposition = Type.Unsafe<PaymentDisposition>({ type: 'string', enum: [...PAYMENT_DISPOSITIONS] });

/** What operators do to an order. */
const ORDER_VERBS = ['cancel', 'refunded'] as const;
export type OrderVerb = (typeof ORDER_VERBS)[number];

export const OperatedOrder = Type.Object({
  order_id: Type.String({ format: 'uuid' }),
  hold_id: Type.String({ format: 'uuid' }),
  sale_id: Type.Integer(),
  buyer_id: orNull(Type.String()),
  quantity: Type.Integer(),
  amount: Type.Number(),
  currency: Type.String(),
  payment_intent_id: Type.String(),
  state: Type.Unsafe<OrderState>({ type: 'string', enum: [...ORDER_STATES] }),
  possible: Type.Array(Type.Unsafe<OrderVerb>({ type: 'string', enum: [...ORDER_VERBS] }), {
    description: 'What an operator can do to it now.',
  }),
  pay_by: instant,
  refund_reference: orNull(Type.String()),
  created_at: instant,
  updated_at: instant,
});
export type OperatedOrder = typeof OperatedOrder.static;

const TIMELINE_EVENTS = [
  'ordered',
  'delivery',
  'payment',
  'expired',
  'cancelled',
  'refunded',
  'operator',
] as const;
export type TimelineEvent = (typeof TIMELINE_EVENTS)[number];

export const TimelineEntry = Type.Object({
  at: instant,
  event: Type.Unsafe<TimelineEvent>({ type: 'string', enum: [...TIMELINE_EVENTS] }),
  says: Type.String({ description: 'For people.', examples: ['10 EUR: applied'] }),
  delivery_id: Type.Optional(Type.Integer()),
  payment_intent_id: Type.Optional(Type.String()),
  disposition: Type.Optional(Disposition),
  actor: Type.Optional(Type.String()),
});
export type TimelineEntry = typeof TimelineEntry.static;

export const OrderHistory = Type.Composite([
  OperatedOrder,
  Type.Object({ timeline: Type.Array(TimelineEntry, { description: 'Oldest first.' }) }),
]);
export type OrderHistory = typeof OrderHistory.static;

export const MarkRefunded = Type.Object(
  {
    reference: Type.String({
      minLength: 1,
      maxLength: REFUND_REFERENCE_LENGTH_MAX,
      pattern: '^[!-~]+$',
      examples: ['re_1'],
      description: "The payment provider's id of the refund.",
    }),
  },
  { additionalProperties: false },
);
export type MarkRefunded = typeof MarkRefunded.static;

/** A payment whose money is owed back, or went back. */
export const OwedPayment = Type.Object({
  provider: Type.String(),
  payment_intent_id: Type.String(),
  disposition: Disposition,
  amount: orNull(Type.Number()),
  currency: orNull(Type.String()),
  refund_reference: Type.Union([Type.String(), Type.Null()], { description: 'Null while it is owed.' }),
  delivery_id: Type.Integer(),
  created_at: instant,
  order: Type.Union([OperatedOrder, Type.Null()], {
    description: 'The order that it was meant for, which may have been paid by another intent.',
  }),
});
export type OwedPayment = typeof OwedPayment.static;
