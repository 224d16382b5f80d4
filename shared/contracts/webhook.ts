import { Type, type TSchema } from '@sinclair/typebox';
import {
  ATTEMPT_CAUSES,
  DELIVERY_STATES,
  ORDER_STATES,
  PAYMENT_DISPOSITIONS,
  REPLAY_STATES,
  type AttemptCause,
  type DeliveryState,
  type OrderState,
  type PaymentDisposition,
  type ReplayState,
} from '../lifecycle.ts';
import {
  DELIVERY_EVENT_LENGTH_MAX,
  REPLAY_DELIVERIES_MAX,
  REPLAY_RATE_DEFAULT,
  REPLAY_RATE_MAX,
} from '../limits.ts';
import { oneOf } from './one-of.ts';
import { PAYMENT_EVENTS, type PaymentEvent } from './payment.ts';

/** Who tells of payments: `native` is our own format, signed by Standard Webhooks. */
export const PROVIDERS = ['native', 'stripe'] as const;
export type Provider = (typeof PROVIDERS)[number];

/**
 * What can become of a delivery: what its payment became, else how its order stood afterwards, else what was done with
 * the delivery itself. `recorded`: it is kept, and says nothing about an order.
 */
export const DELIVERY_OUTCOMES = [
  ...PAYMENT_DISPOSITIONS,
  ...ORDER_STATES.filter((state): state is Exclude<OrderState, 'refund_due'> => state !== 'refund_due'),
  'parked',
  'recorded',
] as const;
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number];

/** What is counted of the deliveries that arrive: `other` are the events that are only recorded. */
export const COUNTED_EVENTS = [...PAYMENT_EVENTS, 'other'] as const;
export type CountedEvent = PaymentEvent | 'other';

/** `failed`: recorded, and processed later. `refused`: the signature was not right, so its event is not believed. */
export const COUNTED_OUTCOMES: Readonly<Record<CountedEvent, readonly CountedOutcome[]>> = {
  payment_success: [...PAYMENT_DISPOSITIONS, 'parked', 'failed', 'refused'],
  payment_failed: [...ORDER_STATES, 'unmatched', 'parked', 'failed', 'refused'],
  payment_refunded: ['refunded', 'recorded', 'unmatched', 'parked', 'failed'],
  other: ['recorded', 'failed', 'refused'],
};
export type CountedOutcome = DeliveryOutcome | 'failed' | 'refused';

const strict = { additionalProperties: false } as const;
const instant = Type.String({ format: 'date-time' });
const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const words = <Word extends string>(list: readonly Word[], description?: string) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...list], ...(description ? { description } : {}) });

const Outcome = words<DeliveryOutcome>(DELIVERY_OUTCOMES);
const Fault = Type.String({ description: 'Why it failed.', examples: ['Redis did not answer in time.'] });

const deliveryFields = {
  id: Type.Integer(),
  provider: Type.String({ examples: ['stripe'] }),
  event: Type.String({
    description: 'Ours, or as the provider calls it when it is only recorded.',
    examples: ['payment_success'],
  }),
  state: Type.Unsafe<DeliveryState>({
    type: 'string',
    enum: [...DELIVERY_STATES],
    examples: ['processed'],
  }),
  outcome: orNull(Outcome),
  payment_intent_id: orNull(Type.String({ description: 'null: it is about no payment.' })),
  hold_id: orNull(Type.String({ format: 'uuid' })),
  sender_key: orNull(
    Type.String({ description: "webhook-id, Idempotency-Key or Stripe's event id.", examples: ['msg_1'] }),
  ),
  signature: words<'valid' | 'unsigned'>(
    ['valid', 'unsigned'],
    'Without a secret, and not in production, unsigned deliveries are taken.',
  ),
  received_count: Type.Integer({ description: 'How often it was sent.', examples: [2] }),
  attempts: Type.Integer({ description: 'How often something was made of it.', examples: [2] }),
  received_at: instant,
  last_received_at: instant,
  processed_at: orNull(instant),
  next_attempt_at: Type.Union([instant, Type.Null()], { examples: [null] }),
};

export const DeliveryRow = Type.Object(deliveryFields);
export type DeliveryRow = typeof DeliveryRow.static;

const Attempt = Type.Object({
  at: instant,
  cause: words<AttemptCause>(ATTEMPT_CAUSES),
  outcome: orNull(Outcome),
  fault: Type.Union([Fault, Type.Null()], { examples: [null] }),
  duration_ms: Type.Integer({ examples: [6] }),
});

export const DeliveryView = Type.Object({
  ...deliveryFields,
  headers: Type.Record(Type.String(), Type.String(), {
    description: 'As received, without credentials.',
    examples: [{ 'content-type': 'application/json', 'webhook-id': 'msg_1' }],
  }),
  body: Type.String({
    description: 'The bytes that were signed.',
    examples: ['{"hold_id":"00000001-6f0e-8a3c-9d51-2b7c04e1f8a6","payment_intent_id":"pi_1"}'],
  }),
  latest_attempts: Type.Array(Attempt, { description: 'Newest first.' }),
  payment: orNull(
    Type.Object({
      provider: Type.String(),
      disposition: words<PaymentDisposition>(PAYMENT_DISPOSITIONS),
      amount: orNull(Type.Number()),
      currency: orNull(Type.String()),
      delivery_id: Type.Integer({ description: 'The delivery that it was made of.' }),
      at: instant,
    }),
  ),
  order: orNull(
    Type.Object({
      order_id: Type.String({ format: 'uuid' }),
      hold_id: Type.String({ format: 'uuid' }),
      sale_id: Type.Integer(),
      state: words<OrderState>(ORDER_STATES),
      quantity: Type.Integer(),
      amount: Type.Number(),
      currency: Type.String(),
      payment_intent_id: Type.String(),
      refund_reference: orNull(Type.String()),
    }),
  ),
});
export type DeliveryView = typeof DeliveryView.static;

const text = (description: string, maxLength = 255) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[!-~]+$', description });

export const DeliveryFilter = Type.Object(
  {
    state: Type.Optional(oneOf(DELIVERY_STATES)),
    provider: Type.Optional(oneOf(PROVIDERS)),
    outcome: Type.Optional(oneOf(DELIVERY_OUTCOMES)),
    event: Type.Optional(text('For example: payment_success', DELIVERY_EVENT_LENGTH_MAX)),
    q: Type.Optional(
      text('The beginning of an intent or a hold id, or the id of a delivery; else that of a sender key.'),
    ),
  },
  strict,
);
export type DeliveryFilter = typeof DeliveryFilter.static;

const replayTerms = {
  dry_run: Type.Optional(Type.Boolean({ description: 'Only says what would happen.', examples: [true] })),
  per_second: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: REPLAY_RATE_MAX,
      description: `Deliveries per second at most; ${REPLAY_RATE_DEFAULT} when absent.`,
      examples: [REPLAY_RATE_DEFAULT],
    }),
  ),
};

export const ReplayTerms = Type.Object(replayTerms, strict);
export type ReplayTerms = typeof ReplayTerms.static;

export const OrderReplay = Type.Object(
  {
    ids: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 2 ** 48 }), {
        minItems: 1,
        maxItems: REPLAY_DELIVERIES_MAX,
        description: 'These deliveries; else those that match the filter.',
      }),
    ),
    filter: Type.Optional(DeliveryFilter),
    ...replayTerms,
  },
  { ...strict, examples: [{ ids: [1], dry_run: true }] },
);
export type OrderReplay = typeof OrderReplay.static;

export const ReplayView = Type.Object({
  id: Type.Integer(),
  state: Type.Unsafe<ReplayState>({ type: 'string', enum: [...REPLAY_STATES], examples: ['done'] }),
  actor: Type.String(),
  dry_run: Type.Boolean({ examples: [false] }),
  per_second: Type.Integer({ examples: [REPLAY_RATE_DEFAULT] }),
  asked: Type.Object(
    { ids: Type.Optional(Type.Integer()), filter: Type.Optional(DeliveryFilter) },
    { description: 'How many ids, or the filter.', examples: [{ ids: 3 }] },
  ),
  total: Type.Integer({ examples: [3] }),
  done: Type.Integer({ description: 'Failed ones too.', examples: [3] }),
  changed: Type.Integer({
    description: 'Deliveries whose order or payment changed, or would.',
    examples: [1],
  }),
  failed: Type.Integer({ examples: [0] }),
  rate: Type.Number({
    description: 'Deliveries per second: of the last seconds, or of all when it is over.',
    examples: [84.5],
  }),
  created_at: instant,
  finished_at: orNull(instant),
});
export type ReplayView = typeof ReplayView.static;

export const ReplayItemView = Type.Object({
  delivery_id: Type.Integer(),
  state: Type.Unsafe<'waiting' | 'done' | 'failed'>({
    type: 'string',
    enum: ['waiting', 'done', 'failed'],
    examples: ['done'],
  }),
  outcome: orNull(
    words<DeliveryOutcome | 'late'>(
      [...DELIVERY_OUTCOMES, 'late'],
      '`late`, in a dry run: paid again if its units are free.',
    ),
  ),
  changed: orNull(Type.Boolean({ description: 'Whether it changed anything, or would.', examples: [false] })),
  fault: Type.Union([Fault, Type.Null()], { examples: [null] }),
  says: Type.String({ examples: ['Nothing changed: it was applied before.'] }),
  done_at: orNull(instant),
});
export type ReplayItemView = typeof ReplayItemView.static;

export const StripeReceipt = Type.Object({
  outcome: words<DeliveryOutcome | 'received'>(
    [...DELIVERY_OUTCOMES, 'received'],
    '`received`: it is recorded, and applied as soon as that is possible.',
  ),
});
export type StripeReceipt = typeof StripeReceipt.static;
