/** The states of a sale, a hold, an order, a payment and a delivery, and the only moves between them. */

export const SALE_STATES = ['draft', 'scheduled', 'live', 'paused', 'draining', 'ended', 'halted'] as const;
export type SaleState = (typeof SALE_STATES)[number];

export const SALE_MOVES: Readonly<Record<SaleState, readonly SaleState[]>> = {
  draft: ['scheduled', 'live'],
  scheduled: ['live', 'halted', 'draining'],
  live: ['paused', 'draining', 'halted'],
  paused: ['live', 'draining', 'halted'],
  draining: ['ended', 'halted'],
  ended: [],
  halted: ['paused', 'draining'],
};

/** What operators do to a sale. `draining` becomes `ended` by itself, when nothing of the sale can move any more. */
export const SALE_VERBS = ['schedule', 'launch', 'pause', 'resume', 'end', 'halt'] as const;
export type SaleVerb = (typeof SALE_VERBS)[number];

export const VERB_MOVES: Readonly<Record<SaleVerb, { from: readonly SaleState[]; to: SaleState }>> = {
  schedule: { from: ['draft'], to: 'scheduled' },
  launch: { from: ['draft', 'scheduled'], to: 'live' },
  pause: { from: ['live', 'halted'], to: 'paused' },
  resume: { from: ['paused'], to: 'live' },
  end: { from: ['scheduled', 'live', 'paused', 'halted'], to: 'draining' },
  halt: { from: ['scheduled', 'live', 'paused', 'draining'], to: 'halted' },
};

export function possibleVerbs(state: SaleState): SaleVerb[] {
  return SALE_VERBS.filter((verb) => VERB_MOVES[verb].from.includes(state));
}

/**
 * Sales that Redis serves. The others sell nothing and are never armed.
 * `scheduled` is served too: its window opens by Redis time, so that no worker has to be alive at the opening.
 */
export const ARMED_SALE_STATES = [
  'scheduled',
  'live',
  'paused',
  'draining',
  'halted',
] as const satisfies readonly SaleState[];

/** Sales whose holds may become orders. A hold proves that the sale had opened, so `scheduled` is among them. */
export const ORDERABLE_SALE_STATES = [
  'scheduled',
  'live',
  'paused',
  'draining',
] as const satisfies readonly SaleState[];

/**
 * What SQL can write down about a pin, once. `ordered`: a hold, or the take of a late payment, was sold. `withdrawn`:
 * the take of an operator who lowers the allotment left the sale. The others void the pin: its units are free again.
 */
export const HOLD_OUTCOMES = ['ordered', 'withdrawn', 'released', 'expired', 'lost'] as const;
export type HoldOutcome = (typeof HOLD_OUTCOMES)[number];

export const ORDER_STATES = ['pending', 'paid', 'expired', 'cancelled', 'refund_due', 'refunded'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

export const ORDER_MOVES: Readonly<Record<OrderState, readonly OrderState[]>> = {
  pending: ['paid', 'expired', 'cancelled'],
  paid: ['refund_due'],
  // Money that arrives late takes the units again if they are free, else it is owed back.
  expired: ['paid', 'refund_due'],
  cancelled: ['paid', 'refund_due'],
  refund_due: ['refunded'],
  refunded: [],
};

/** The rest of the outcomes. */
export type VoidOutcome = Exclude<HoldOutcome, 'ordered' | 'withdrawn'>;

/** Orders that consume units of their sale: their quantities add up to the sale's `committed`. */
export const COMMITTED_ORDER_STATES = ['pending', 'paid'] as const satisfies readonly OrderState[];

export const PAYMENT_DISPOSITIONS = [
  'applied',
  'late_applied',
  'refund_due',
  'unmatched',
  'mismatch',
] as const;
export type PaymentDisposition = (typeof PAYMENT_DISPOSITIONS)[number];

export const DELIVERY_STATES = ['received', 'parked', 'processed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why something was made of a delivery: it arrived, a worker found it, an operator asked. */
export const ATTEMPT_CAUSES = ['arrival', 'worker', 'replay'] as const;
export type AttemptCause = (typeof ATTEMPT_CAUSES)[number];

export const REPLAY_STATES = ['running', 'done', 'stopped'] as const;
export type ReplayState = (typeof REPLAY_STATES)[number];

export const CREDIT_REASONS = ['order_expired', 'order_cancelled', 'order_refunded', 'restock'] as const;
export type CreditReason = (typeof CREDIT_REASONS)[number];

export const OPERATOR_ROLES = ['viewer', 'operator', 'admin'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];
