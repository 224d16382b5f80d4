/** A sale's terms and its moves. SQL decides; Redis learns of every change by a rebuild. */

import { and, eq, sql as raw } from 'drizzle-orm';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES, SALE_MOVES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import {
  ALLOTMENT_MAX,
  HOLD_TTL_DEFAULT_S,
  HOLD_TTL_MAX_S,
  HOLD_TTL_MIN_S,
  PAY_WINDOW_DEFAULT_S,
  PAY_WINDOW_MAX_S,
  PAY_WINDOW_MIN_S,
  PRICE_MINOR_MAX,
} from '@flash-sale/shared/limits.ts';
import { isDuplicateKey, transaction } from '../mysql/transaction.ts';
import { awaitTurn, bySystem, record, type Act } from '../operators/audit-log.ts';
import { findSale } from '../products/catalog.ts';
import type { Services } from '../services.ts';
import { rebuildSale } from './rebuild.ts';

export interface SaleTerms {
  readonly productId: number;
  readonly allotment: number;
  readonly opensAt: Date;
  readonly closesAt?: Date;
  /** The product's price when absent. */
  readonly priceMinor?: number;
  readonly holdTtlMs?: number;
  readonly payWindowMs?: number;
  readonly buyerLimit?: number;
}

/** Writes a draft. @returns its id. @throws RangeError that names the term; Error when there is no such product. */
export async function createSale(
  { mysql }: Services,
  terms: SaleTerms,
  act: Act = bySystem('sales'),
): Promise<number> {
  checkTerms(terms);
  return transaction(mysql, async (sql) => {
    const [product] = await sql.select().from(products).where(eq(products.id, terms.productId));
    if (product === undefined) throw new Error(`there is no product ${terms.productId}`);
    const [{ insertId }] = await sql.insert(sales).values({
      productId: product.id,
      priceMinor: terms.priceMinor ?? product.priceMinor,
      currency: product.currency,
      allotment: terms.allotment,
      opensAt: terms.opensAt,
      closesAt: terms.closesAt ?? null,
      holdTtlMs: terms.holdTtlMs ?? HOLD_TTL_DEFAULT_S * 1_000,
      payWindowMs: terms.payWindowMs ?? PAY_WINDOW_DEFAULT_S * 1_000,
      buyerLimit: terms.buyerLimit ?? null,
    });
    await record(sql, act, { action: 'sale.create', target: `sale ${insertId}`, after: terms });
    return insertId;
  });
}

function checkTerms({ allotment, priceMinor, holdTtlMs, payWindowMs, buyerLimit }: SaleTerms): void {
  const within = (name: string, value: number | undefined, min: number, max: number) => {
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, not ${value}`);
  };
  within('allotment', allotment, 1, ALLOTMENT_MAX);
  within('priceMinor', priceMinor, 0, PRICE_MINOR_MAX);
  within('holdTtlMs', holdTtlMs, HOLD_TTL_MIN_S * 1_000, HOLD_TTL_MAX_S * 1_000);
  within('payWindowMs', payWindowMs, PAY_WINDOW_MIN_S * 1_000, PAY_WINDOW_MAX_S * 1_000);
  within('buyerLimit', buyerLimit, 1, ALLOTMENT_MAX);
}

export type SaleMoved =
  | { kind: 'moved'; from: SaleState; to: SaleState }
  | { kind: 'sale_not_found' }
  | { kind: 'impossible'; from: SaleState; possible: readonly SaleState[] }
  /** The product has another sale that is on. */
  | { kind: 'product_busy' }
  /** Moved in SQL, but the stores are not safe enough to sell from. */
  | { kind: 'refused'; reasons: string[] };

/** Moves a sale by the lifecycle; asking again for the state it is in is fine. @throws StoreUnavailable */
export async function moveSale(
  services: Services,
  saleId: number,
  to: SaleState,
  act: Act = bySystem('sales'),
): Promise<SaleMoved> {
  const sale = await findSale(services.mysql, saleId);
  if (sale === undefined) return { kind: 'sale_not_found' };
  const from = sale.state;
  if (from !== to) {
    if (!SALE_MOVES[from].includes(to)) return { kind: 'impossible', from, possible: SALE_MOVES[from] };
    const written = await writeMove(services, saleId, { from, to }, act);
    if (written === 'product_busy') return { kind: 'product_busy' };
    // Somebody else moved it in between: decide again on what it is now.
    if (written === 'moved_before') return moveSale(services, saleId, to, act);
  }
  const rebuilt = isServed(to) ? await rebuildSale(services, saleId) : null;
  await services.catalog.refresh();
  if (rebuilt?.kind === 'refused') return rebuilt;
  return { kind: 'moved', from, to };
}

async function writeMove(
  { mysql }: Services,
  saleId: number,
  { from, to }: { from: SaleState; to: SaleState },
  act: Act,
) {
  try {
    return await transaction(mysql, async (sql) => {
      await awaitTurn(sql);
      const [{ affectedRows }] = await sql
        .update(sales)
        // Redis is out of date from here on: whoever finds an older epoch there rebuilds, should we die now.
        .set({ state: to, epoch: raw`epoch + 1` })
        .where(and(eq(sales.id, saleId), eq(sales.state, from)));
      if (affectedRows !== 1) return 'moved_before';
      const change = { target: `sale ${saleId}`, before: { state: from }, after: { state: to } };
      await record(sql, act, { action: 'sale.move', ...change });
      return 'written';
    });
  } catch (error) {
    if (isDuplicateKey(error, 'sales_one_on_per_product')) return 'product_busy';
    throw error;
  }
}

function isServed(state: SaleState): boolean {
  return (ARMED_SALE_STATES as readonly SaleState[]).includes(state);
}
