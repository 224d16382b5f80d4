/** What the stream of events tells operators, one object per event. `type` says which. */

import { Type, type TSchema } from '@sinclair/typebox';
import {
  ORDER_STATES,
  PAYMENT_DISPOSITIONS,
  REPLAY_STATES,
  SALE_STATES,
  type OrderState,
  type PaymentDisposition,
  type ReplayState,
  type SaleState,
} from '../lifecycle.ts';

const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const word = <Word extends string>(words: readonly Word[]) =>
  Type.Unsafe<Word>({ type: 'string', enum: [...words] });

/** `taken`: units pinned for a payment that came too late or for an operator; ends like a hold. */
const HOLD_CHANGES = [
  'placed',
  'extended',
  'taken',
  'released',
  'expired',
  'ordered',
  'lost',
  'withdrawn',
] as const;
export type HoldChange = (typeof HOLD_CHANGES)[number];

const HOLD_TYPES = HOLD_CHANGES.map((change) => `hold.${change}` as const);
const ORDER_TYPES = ORDER_STATES.map((state) => `order.${state}` as const);
const PAYMENT_TYPES = PAYMENT_DISPOSITIONS.map((disposition) => `payment.${disposition}` as const);

/** What a consumer may ask for with `types`; those that steer the stream itself always come. */
export const EVENT_TYPES = [
  ...HOLD_TYPES,
  'stock.returned',
  'stock.changed',
  'sale.moved',
  'sale.rebuilt',
  ...ORDER_TYPES,
  ...PAYMENT_TYPES,
  'replay.progress',
  'operator.acted',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

const saleId = { sale_id: Type.Integer() };
const maybeSaleId = { sale_id: orNull(Type.Integer()) };
const available = Type.Integer({ description: 'Units that can be held, after everything of that step.' });
const buyer = { buyer_id: orNull(Type.String()) };

const HoldEvent = Type.Object({
  type: word<`hold.${HoldChange}`>(HOLD_TYPES),
  ...saleId,
  hold_id: Type.String({ format: 'uuid' }),
  quantity: Type.Integer(),
  ...buyer,
  expires_at: Type.String({ format: 'date-time' }),
  available,
});

/** Units that SQL gave back: of an ended order, or new ones. */
const StockReturned = Type.Object({
  type: Type.Literal('stock.returned'),
  ...saleId,
  units: Type.Integer(),
  added: Type.Integer({ description: 'How many of the units are new to the sale.' }),
  ...buyer,
  available,
});

const SaleRebuilt = Type.Object({
  type: Type.Literal('sale.rebuilt'),
  ...saleId,
  epoch: Type.Integer(),
  may_have_lost_data: Type.Boolean(),
  allotment: Type.Integer(),
  available,
});

const StockChanged = Type.Object({
  type: Type.Literal('stock.changed'),
  ...saleId,
  change: Type.Integer(),
  allotment: Type.Integer(),
  by: Type.String(),
});

const SaleMoved = Type.Object({
  type: Type.Literal('sale.moved'),
  ...saleId,
  from: word<SaleState>(SALE_STATES),
  to: word<SaleState>(SALE_STATES),
  by: Type.String(),
});

const OrderChanged = Type.Object({
  type: word<`order.${OrderState}`>(ORDER_TYPES),
  ...saleId,
  order_id: Type.String({ format: 'uuid' }),
  hold_id: Type.String({ format: 'uuid' }),
  quantity: Type.Integer(),
  amount: Type.Number(),
  currency: Type.String(),
  ...buyer,
});

const PaymentMade = Type.Object({
  type: word<`payment.${PaymentDisposition}`>(PAYMENT_TYPES),
  ...maybeSaleId,
  order_id: orNull(Type.String({ format: 'uuid' })),
  delivery_id: Type.Integer(),
});

const ReplayProgress = Type.Object({
  type: Type.Literal('replay.progress'),
  sale_id: Type.Null(),
  replay_id: Type.Integer(),
  state: word<ReplayState>(REPLAY_STATES),
  done: Type.Integer(),
  total: Type.Integer(),
});

const OperatorActed = Type.Object({
  type: Type.Literal('operator.acted'),
  ...maybeSaleId,
  actor: Type.String(),
  action: Type.String({ examples: ['sale.restock'] }),
  target: Type.String({ examples: ['sale 7'] }),
  request_id: Type.String(),
});

/** What Redis tells in the steps that make it. */
export type StockEvent = typeof HoldEvent.static | typeof StockReturned.static | typeof SaleRebuilt.static;

/** What is told once SQL has written it. */
export type PublishedEvent =
  | typeof StockChanged.static
  | typeof SaleMoved.static
  | typeof OrderChanged.static
  | typeof PaymentMade.static
  | typeof ReplayProgress.static
  | typeof OperatorActed.static;

const GAP_REASONS = ['trimmed', 'data_lost', 'out_of_order'] as const;
export type GapReason = (typeof GAP_REASONS)[number];

/** About the stream itself. */
const Control = {
  ready: Type.Object({ type: Type.Literal('ready') }, { description: 'First. Events after its id follow.' }),
  heartbeat: Type.Object(
    { type: Type.Literal('heartbeat') },
    { description: 'Everything up to its `at` was told.' },
  ),
  gap: Type.Object(
    { type: Type.Literal('gap'), reason: word<GapReason>(GAP_REASONS), ...maybeSaleId },
    { description: 'Events may be missing here: read the lists again. The stream goes on.' },
  ),
  dropped: Type.Object(
    { type: Type.Literal('dropped') },
    { description: 'The last: this consumer was too slow. Resume after the last id.' },
  ),
};

export type ControlEvent =
  | typeof Control.ready.static
  | typeof Control.heartbeat.static
  | typeof Control.gap.static
  | typeof Control.dropped.static;

export type AnyEvent = StockEvent | PublishedEvent | ControlEvent;

const at = Type.String({ format: 'date-time', description: "By Redis' clock." });

/** The data of each server-sent event. */
export const OperatorsEvent = Type.Union(
  [
    HoldEvent,
    StockReturned,
    SaleRebuilt,
    StockChanged,
    SaleMoved,
    OrderChanged,
    PaymentMade,
    ReplayProgress,
    OperatorActed,
    ...Object.values(Control),
  ].map(({ properties: { type, ...more } }) => Type.Object({ type, at, ...more })),
);
