/** Edits a sale: everything while it is a draft; while it is on, only what no promise depends on. */

import { eq, sql as raw } from 'drizzle-orm';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import type { SaleLimit } from '@flash-sale/shared/contracts/sale.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { LOWERED_LIMIT_LEAD_MS } from '@flash-sale/shared/limits.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { record, type Act } from '../operators/audit-log.ts';
import { findSale, type Sale } from '../products/catalog.ts';
import { liveStock } from '../products/live-stock.ts';
import { changePrice } from '../products/price.ts';
import type { SaleStock } from '../redis/sale-scripts.ts';
import type { Services } from '../services.ts';
import { lockSale } from './sale-row.ts';
import { tellRedis, type Told } from './tell-redis.ts';
import { faultOfWindow, LIMITS, type WrittenTerms } from './terms.ts';

export type SaleChanges = { readonly [Term in keyof WrittenTerms]?: WrittenTerms[Term] | undefined };

const LIMITS_CHANGE_IN: readonly SaleState[] = ['scheduled', 'live', 'paused'];

export type SaleEdited =
  | { kind: 'edited'; told: Told }
  | { kind: 'sale_not_found' }
  | { kind: 'product_not_found' }
  | { kind: 'invalid'; errors: FieldErrors }
  /** In this state only `possible` can be edited. */
  | { kind: 'impossible'; state: SaleState; possible: readonly SaleLimit[] }
  /** A lower limit per buyer would break the promise of holds that were granted under the old one. */
  | { kind: 'units_held'; state: SaleState };

type Written = Exclude<SaleEdited, { kind: 'edited' }> | { kind: 'written'; isServed: boolean };

/** @throws StoreUnavailable: it may have been edited; the same Idempotency-Key says so */
export async function editSale(
  services: Services,
  saleId: number,
  changes: SaleChanges,
  act: Act,
): Promise<SaleEdited> {
  // Looked at before the row is locked: no lock waits for the other store.
  const stock = await stockIfLowered(services, saleId, changes);
  const written = await transaction(services.mysql, async (sql): Promise<Written> => {
    const locked = await lockSale(sql, saleId);
    if (locked === undefined) return { kind: 'sale_not_found' };
    const { sale } = locked;
    if (sale.state === 'draft') return editDraft(sql, sale, changes, act);
    return changeLimits(sql, sale, changes, stock, act);
  });
  if (written.kind !== 'written') return written;
  if (!written.isServed) return { kind: 'edited', told: { kind: 'told' } };
  services.reach('sale.changed');
  return { kind: 'edited', told: await tellRedis(services, saleId) };
}

async function editDraft(sql: Sql, sale: Sale, changes: SaleChanges, act: Act): Promise<Written> {
  const { productId = sale.productId, opensAt = sale.opensAt, closesAt = sale.closesAt } = changes;
  const [product] = await sql.select().from(products).where(eq(products.id, productId));
  if (product === undefined) return { kind: 'product_not_found' };
  const { price, ...terms } = changes;
  const priced = changePrice(sale, { price, currency: terms.currency });
  if (priced.kind === 'invalid') return priced;
  const windowFault = faultOfWindow(opensAt, closesAt);
  if (windowFault !== null) return { kind: 'invalid', errors: windowFault };
  const { priceMinor, currency } = priced;
  await write(sql, sale, { ...terms, priceMinor, currency }, act);
  return { kind: 'written', isServed: false };
}

async function changeLimits(
  sql: Sql,
  sale: Sale,
  changes: SaleChanges,
  stock: SaleStock | null,
  act: Act,
): Promise<Written> {
  const { state } = sale;
  const possible = LIMITS_CHANGE_IN.includes(state) ? LIMITS : [];
  const columns: readonly string[] = possible.map(([, column]) => column);
  if (Object.keys(changes).some((term) => !columns.includes(term))) {
    return { kind: 'impossible', state, possible: possible.map(([field]) => field) };
  }
  if (isLowered(sale, changes) && !isNothingHeld(sale, stock)) return { kind: 'units_held', state };
  // Redis is out of date from here on: whoever finds an older epoch there rebuilds, should we die now.
  await write(sql, sale, { ...changes, epoch: raw`epoch + 1` }, act);
  return { kind: 'written', isServed: true };
}

type Columns = { [Column in keyof typeof sales.$inferInsert]?: unknown };

/** Writes what is given, and what of it differed. */
async function write(sql: Sql, sale: Sale, given: Columns, act: Act): Promise<void> {
  await sql
    .update(sales)
    .set(given as Partial<Sale>)
    .where(eq(sales.id, sale.id));
  const [written] = await sql.select().from(sales).where(eq(sales.id, sale.id));
  const names = (Object.keys(given) as (keyof Sale)[]).filter((name) => name !== 'epoch');
  const differing = names.filter((name) => JSON.stringify(written?.[name]) !== JSON.stringify(sale[name]));
  const of = (row: Sale | undefined) => Object.fromEntries(differing.map((name) => [name, row?.[name]]));
  const target = `sale ${sale.id}`;
  await record(sql, act, { action: 'sale.edit', target, before: of(sale), after: of(written) });
}

function isLowered({ buyerLimit: before }: Sale, { buyerLimit: after }: SaleChanges): boolean {
  return after !== undefined && after !== null && (before === null || after < before);
}

async function stockIfLowered(
  services: Services,
  saleId: number,
  changes: SaleChanges,
): Promise<SaleStock | null> {
  const sale = await findSale(services.mysql, saleId);
  if (sale === undefined || sale.state === 'draft' || !isLowered(sale, changes)) return null;
  return liveStock(services, saleId);
}

/**
 * SQL checks the limit once more when a hold becomes an order, and would refuse a hold that is above the lower one
 * though it was promised (I7). So nothing may be held, and nothing may be granted before Redis knows: the epoch says
 * that what was seen there still stands.
 */
function isNothingHeld(sale: Sale, stock: SaleStock | null): boolean {
  if (stock === null || stock.epoch !== sale.epoch || stock.holds + stock.pins > 0) return false;
  if (sale.state === 'paused') return stock.state === 'paused';
  return sale.state === 'scheduled' && stock.opensAtMs - stock.nowMs >= LOWERED_LIMIT_LEAD_MS;
}
