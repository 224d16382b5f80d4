import { Type } from '@sinclair/typebox';
import { SALE_STATES, type SaleState } from '../lifecycle.ts';

export const SaleView = Type.Object({
  id: Type.Integer(),
  state: Type.Unsafe<SaleState>({ type: 'string', enum: [...SALE_STATES] }),
  opens_at: Type.String({ format: 'date-time' }),
  closes_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
  hold_ttl_seconds: Type.Integer(),
  pay_window_seconds: Type.Integer(),
  buyer_limit: Type.Union([Type.Integer(), Type.Null()]),
});
export type SaleView = typeof SaleView.static;

export const StockView = Type.Object({
  total_stock: Type.Integer({ description: "The sale's allotment." }),
  available_stock: Type.Integer(),
  is_sold_out: Type.Boolean(),
  stock_is_estimate: Type.Optional(
    Type.Literal(true, { description: 'Present while live stock is out of reach: holds are not counted.' }),
  ),
});
export type StockView = typeof StockView.static;

export const ProductView = Type.Composite([
  Type.Object({
    id: Type.Integer(),
    name: Type.String(),
    description: Type.String(),
    price: Type.Number(),
    currency: Type.String(),
  }),
  StockView,
  Type.Object({ sale: Type.Union([SaleView, Type.Null()]) }),
]);
export type ProductView = typeof ProductView.static;
