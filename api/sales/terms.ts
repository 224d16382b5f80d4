/** The terms of a sale: what they may be, what they are when nothing is said, and how they become a row. */

import { sales } from '@flash-sale/drizzle/schema.ts';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import type { SaleLimit } from '@flash-sale/shared/contracts/sale.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { HOLD_TTL_DEFAULT_S, PAY_WINDOW_DEFAULT_S } from '@flash-sale/shared/limits.ts';
import type { Sql } from '../mysql/transaction.ts';
import type { Product, Sale } from '../products/catalog.ts';
import { changePrice } from '../products/price.ts';

/** The column of each limit. */
const LIMIT_COLUMNS = {
  buyer_limit: 'buyerLimit',
  buyer_rate: 'buyerRate',
  address_rate: 'addressRate',
} as const satisfies Record<SaleLimit, keyof Sale>;
export type LimitColumn = (typeof LIMIT_COLUMNS)[SaleLimit];
export const LIMITS = Object.entries(LIMIT_COLUMNS) as [SaleLimit, LimitColumn][];

export interface SaleTerms extends Limits {
  readonly productId: number;
  readonly allotment: number;
  readonly opensAt: Date;
  readonly closesAt?: Date | null;
  /** The product's price when absent. */
  readonly priceMinor?: number;
  /** The product's when absent. */
  readonly currency?: string;
  readonly holdTtlMs?: number;
  readonly payWindowMs?: number;
}

/** Null: no limit, or the default. Absent: as it was, or null. */
export type Limits = { readonly [Column in LimitColumn]?: number | null };

/** As operators write them: money in major units. */
export type WrittenTerms = Omit<SaleTerms, 'priceMinor'> & { readonly price?: number };

export type TermsPriced = { kind: 'terms'; terms: SaleTerms } | { kind: 'invalid'; errors: FieldErrors };

/** What was written about a sale of this product, checked as far as one field depends on another. */
export function priceTerms({ price, ...written }: WrittenTerms, product: Product): TermsPriced {
  const priced = changePrice(product, { price, currency: written.currency });
  if (priced.kind === 'invalid') return priced;
  const windowFault = faultOfWindow(written.opensAt, written.closesAt ?? null);
  if (windowFault !== null) return { kind: 'invalid', errors: windowFault };
  const { priceMinor, currency } = priced;
  return { kind: 'terms', terms: { ...written, priceMinor, currency } };
}

export function faultOfWindow(opensAt: Date, closesAt: Date | null): FieldErrors | null {
  if (closesAt === null || closesAt > opensAt) return null;
  return { closes_at: [`must be after the opening, ${opensAt.toISOString()}`] };
}

/** A sale that was never served has no epoch; a worker arms it when its state is one that Redis serves. */
export async function insertSale(
  sql: Sql,
  product: Product,
  terms: SaleTerms,
  state: SaleState = 'draft',
): Promise<number> {
  const [{ insertId }] = await sql.insert(sales).values({
    priceMinor: product.priceMinor,
    currency: product.currency,
    holdTtlMs: HOLD_TTL_DEFAULT_S * 1_000,
    payWindowMs: PAY_WINDOW_DEFAULT_S * 1_000,
    ...terms,
    productId: product.id,
    state,
  });
  return insertId;
}
