import { Type, type TSchema } from '@sinclair/typebox';
import { SALE_STATES, SALE_VERBS, type SaleState, type SaleVerb } from '../lifecycle.ts';
import {
  ALLOTMENT_MAX,
  HOLD_RATE_MAX,
  HOLD_TTL_DEFAULT_S,
  HOLD_TTL_MAX_S,
  HOLD_TTL_MIN_S,
  PAY_WINDOW_DEFAULT_S,
  PAY_WINDOW_MAX_S,
  PAY_WINDOW_MIN_S,
  SALES_BATCH_MAX,
} from '../limits.ts';
import { ProductId } from './hold.ts';
import { oneOf } from './one-of.ts';
import { Currency, Price } from './operator-product.ts';

const strict = { additionalProperties: false } as const;
const orNull = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Union([schema, Type.Null()], { description });
const instant = Type.String({ format: 'date-time' });

const Instant = Type.String({
  format: 'date-time',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d)$',
  examples: ['2030-01-31T18:00:00Z'],
});
const Closing = { ...Instant, examples: ['2030-01-31T20:00:00Z'] };
const Units = Type.Integer({ minimum: 1, maximum: ALLOTMENT_MAX, examples: [100] });
const Few = { ...Units, examples: [4] };
const Rate = Type.Integer({ minimum: 1, maximum: HOLD_RATE_MAX });

/** Terms that change while the sale is on, too: no promise depends on them. */
export const SaleLimits = Type.Object({
  buyer_limit: orNull(Few, 'Units that one buyer may hold and order; null: no limit.'),
  buyer_rate: orNull(Rate, 'Hold requests of one buyer in a while; null: the default.'),
  address_rate: orNull(Rate, 'Hold requests of one address in a while; null: no limit.'),
});
export type SaleLimits = typeof SaleLimits.static;
export type SaleLimit = keyof SaleLimits;

const WINDOW = {
  opens_at: Type.Optional(Instant),
  closes_at: Type.Optional(orNull(Closing, 'null: it stays open until an operator ends it.')),
};

const TERMS = {
  ...WINDOW,
  price: Type.Optional(Price),
  currency: Type.Optional(Currency),
  hold_ttl: Type.Optional(
    Type.Integer({
      minimum: HOLD_TTL_MIN_S,
      maximum: HOLD_TTL_MAX_S,
      description: `Seconds that a hold lasts unless its buyer asks otherwise; ${HOLD_TTL_DEFAULT_S} when absent.`,
    }),
  ),
  pay_window: Type.Optional(
    Type.Integer({
      minimum: PAY_WINDOW_MIN_S,
      maximum: PAY_WINDOW_MAX_S,
      description: `Seconds to pay after ordering; ${PAY_WINDOW_DEFAULT_S} when absent.`,
    }),
  ),
  ...Type.Partial(SaleLimits).properties,
};

/** A draft. Price and currency are the product's when absent; it may open at once when `opens_at` is. */
export const NewSale = Type.Object({ product_id: ProductId, allotment: Units, ...TERMS }, strict);
export type NewSale = typeof NewSale.static;

/** `scheduled` and `live`: as if it were scheduled or launched right after. */
export const NEW_SALE_STATES = ['draft', 'scheduled', 'live'] as const;
export type NewSaleState = (typeof NEW_SALE_STATES)[number];

export const NewSales = Type.Object(
  {
    sales: Type.Array(
      Type.Object(
        {
          product_id: ProductId,
          allotment: Units,
          ...TERMS,
          state: Type.Optional(oneOf(NEW_SALE_STATES)),
        },
        strict,
      ),
      { minItems: 1, maxItems: SALES_BATCH_MAX },
    ),
  },
  strict,
);
export type NewSales = typeof NewSales.static;

/** Everything while it is a draft; the limits while it is scheduled, live or paused. */
export const EditSale = Type.Object(
  { product_id: Type.Optional(ProductId), allotment: Type.Optional(Units), ...TERMS },
  { ...strict, minProperties: 1 },
);
export type EditSale = typeof EditSale.static;

export const ChangeWindow = Type.Object(WINDOW, { ...strict, minProperties: 1 });
export type ChangeWindow = typeof ChangeWindow.static;

const count = (description: string) => Type.Integer({ description });

export const SaleUnits = Type.Object(
  {
    available: orNull(Type.Integer(), 'null while Redis cannot tell.'),
    held: orNull(Type.Integer(), 'In holds that are no order yet; null while Redis cannot tell.'),
    ordered: count('In orders that wait for their payment.'),
    paid: count('In paid orders.'),
    returning: count('Given back in SQL; Redis is about to be told.'),
  },
  { description: 'Together they are the allotment.' },
);

export const OperatedSale = Type.Object({
  id: Type.Integer(),
  product_id: Type.Integer(),
  product_name: Type.String(),
  state: Type.Unsafe<SaleState>({ type: 'string', enum: [...SALE_STATES] }),
  possible: Type.Array(Type.Unsafe<SaleVerb>({ type: 'string', enum: [...SALE_VERBS] }), {
    description: 'What an operator can do to it now.',
  }),
  allotment: Type.Integer(),
  units: SaleUnits,
  price: Type.Number(),
  currency: Type.String(),
  opens_at: instant,
  closes_at: Type.Union([instant, Type.Null()]),
  ended_at: Type.Union([instant, Type.Null()]),
  hold_ttl: Type.Integer(),
  pay_window: Type.Integer(),
  ...SaleLimits.properties,
  armed: Type.Boolean({ description: 'Redis serves it, and knows its newest terms and state.' }),
  epoch: Type.Integer({ description: 'The number of its latest rebuild.' }),
  created_at: instant,
});
export type OperatedSale = typeof OperatedSale.static;

export const ChangeStock = Type.Object(
  {
    change: Type.Integer({
      minimum: -ALLOTMENT_MAX,
      maximum: ALLOTMENT_MAX,
      examples: [10],
      description: 'Units to add to the sale; negative to take out that many that nobody holds or ordered.',
    }),
  },
  strict,
);
export type ChangeStock = typeof ChangeStock.static;

export const ChangedStock = Type.Object({ sale_id: Type.Integer(), allotment: Type.Integer() });
export type ChangedStock = typeof ChangedStock.static;
