import { Type, type TSchema } from '@sinclair/typebox';
import { SALE_STATES, type SaleState } from '../lifecycle.ts';

const instant = Type.String({ format: 'date-time' });
const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** They add up to the allotment. */
export const UnitsView = Type.Object({
  allotment: Type.Integer(),
  available: Type.Integer(),
  held: orNull(Type.Integer({ description: 'Held, or being ordered; null while Redis cannot tell.' })),
  ordered: Type.Integer({ description: 'In orders that are not paid yet.' }),
  paid: Type.Integer(),
  returning: Type.Integer({ description: 'Given back, and on their way to Redis.' }),
});
export type UnitsView = typeof UnitsView.static;

export const RatesView = Type.Object({
  seconds: Type.Integer({ description: 'Over how long they were measured.', examples: [10] }),
  held_per_second: Type.Number({ description: 'Units.', examples: [12.5] }),
  ordered_per_second: Type.Number({ examples: [8.1] }),
  paid_per_second: Type.Number({ examples: [7.9] }),
});
export type RatesView = typeof RatesView.static;

export const SaleOverview = Type.Object({
  sale_id: Type.Integer(),
  product_id: Type.Integer(),
  name: Type.String(),
  state: Type.Unsafe<SaleState>({ type: 'string', enum: [...SALE_STATES] }),
  opens_at: instant,
  closes_at: orNull(instant),
  armed: Type.Boolean({
    description: 'False: Redis sells nothing of it now, and units come from SQL alone.',
  }),
  units: UnitsView,
  sell_through: Type.Number({
    description: 'Ordered and paid units, as a part of the allotment.',
    examples: [0.42],
  }),
  oldest_hold_expires_at: orNull(instant),
  rates: orNull(RatesView),
  sold_out_in_seconds: orNull(
    Type.Integer({ description: 'At this rate; null while it does not sell.', examples: [4] }),
  ),
  audit: orNull(
    Type.Object({
      at: instant,
      is_right: Type.Boolean(),
      drift: Type.Integer({ description: 'Units that do not add up: 0, always.', examples: [0] }),
    }),
  ),
});
export type SaleOverview = typeof SaleOverview.static;

const StoreView = Type.Object({
  answers: Type.Boolean({
    description: 'Of a Redis Cluster one shard is enough: `faults` names the others.',
  }),
  milliseconds: orNull(Type.Number({ description: 'How long it took to answer.', examples: [0.4] })),
});

export const Overview = Type.Object({
  at: instant,
  sales: Type.Array(SaleOverview),
  refunds_due: orNull(Type.Integer({ description: 'Payments that are owed back.', examples: [1] })),
  deliveries_waiting: orNull(
    Type.Integer({ description: 'Webhook deliveries received or parked.', examples: [0] }),
  ),
  orders_expire_again_at: orNull(
    Type.String({
      description: 'Order expiry is paused until then, after an outage.',
      examples: ['2026-11-27T09:01:00.000Z'],
    }),
  ),
  stores: Type.Object({
    redis: StoreView,
    sql: StoreView,
    clock_skew_ms: orNull(
      Type.Integer({ description: "How far Redis' clock is ahead of SQL's.", examples: [2] }),
    ),
    faults: Type.Array(Type.String(), {
      description: 'Why no sale would be armed on these stores.',
      examples: [[]],
    }),
  }),
  preflight: Type.Object(
    {
      workers_quiet_ms: orNull(
        Type.Integer({
          description: 'Since a worker last looked for orders to expire; null: none ever did.',
          examples: [420],
        }),
      ),
      webhooks_are_signed: Type.Boolean({
        description: 'False: anybody who reaches the API can report a payment.',
      }),
      rehearsed_at: orNull(
        Type.String({
          description: 'When a rehearsal last passed; null: none of the latest did.',
          examples: ['2026-11-27T08:30:00.000Z'],
        }),
      ),
    },
    { description: 'What is looked at before a launch, beside the stores.' },
  ),
});
export type Overview = typeof Overview.static;
