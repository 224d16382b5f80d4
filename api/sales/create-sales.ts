/** Creates sales: one, or many at once, all or none. */

import { inArray, sql as raw } from 'drizzle-orm';
import { products, sales } from '@flash-sale/drizzle/schema.ts';
import type { FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import type { NewSaleState } from '@flash-sale/shared/contracts/sale.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, record, type Act } from '../operators/audit-log.ts';
import type { Product } from '../products/catalog.ts';
import type { Services } from '../services.ts';
import { tellRedis } from './tell-redis.ts';
import { insertSale, priceTerms, type SaleTerms, type WrittenTerms } from './terms.ts';

export interface NewSale {
  /** Without a time of opening, the sale may open as soon as it is launched. */
  readonly terms: Omit<WrittenTerms, 'opensAt'> & { readonly opensAt?: Date };
  readonly state: NewSaleState;
}

/** What is wrong with the sale of that number, counted from 0. */
export interface SaleFault {
  readonly index: number;
  readonly code: 'bad_request' | 'product_not_found' | 'product_busy';
  readonly errors: FieldErrors;
}

export type SalesCreated = { kind: 'created'; saleIds: number[] } | { kind: 'refused'; faults: SaleFault[] };

/** @throws StoreUnavailable: they may have been created, all of them; the same Idempotency-Key says so */
export async function createSales(
  services: Services,
  newSales: readonly NewSale[],
  act: Act,
): Promise<SalesCreated> {
  let writing = 0;
  try {
    const created = await transaction(services.mysql, async (sql): Promise<SalesCreated> => {
      const checked = await check(sql, newSales);
      if (checked.kind === 'refused') return checked;
      // Before the first row, as whoever launches a sale does: both may want to be the one that is on.
      await awaitTurn(sql);
      const saleIds: number[] = [];
      for (const { product, terms, state } of checked.drafts) {
        writing = saleIds.length;
        saleIds.push(await insertSale(sql, product, terms, state));
      }
      await recordAll(sql, act, saleIds, checked.drafts);
      return { kind: 'created', saleIds };
    });
    if (created.kind === 'created') await arm(services, created.saleIds, newSales);
    return created;
  } catch (error) {
    if (!isDuplicateKey(error, 'sales_one_on_per_product')) throw error;
    return { kind: 'refused', faults: [busy(writing)] };
  }
}

interface Draft {
  readonly product: Product;
  readonly terms: SaleTerms;
  readonly state: NewSaleState;
}

/** Everything that is wrong with any of them is told at once. */
async function check(
  sql: Sql,
  newSales: readonly NewSale[],
): Promise<{ kind: 'checked'; drafts: Draft[] } | Extract<SalesCreated, { kind: 'refused' }>> {
  const productIds = newSales.map(({ terms }) => terms.productId);
  const rows = await sql
    .select({ product: products, now: raw<Date>`utc_timestamp(3)`.mapWith(sales.opensAt) })
    .from(products)
    .where(inArray(products.id, productIds));
  const known = new Map(rows.map(({ product, now }) => [product.id, { product, now }]));
  const on = await soldNow(sql, productIds);
  const faults: SaleFault[] = [];
  const drafts: Draft[] = [];
  for (const [index, newSale] of newSales.entries()) {
    const found = known.get(newSale.terms.productId);
    if (found === undefined) {
      faults.push({ index, code: 'product_not_found', errors: { product_id: ['names no product'] } });
      continue;
    }
    const draft = draftOf(newSale, found.product, found.now);
    if ('errors' in draft) faults.push({ index, code: 'bad_request', errors: draft.errors });
    else if (draft.state !== 'draft' && draft.terms.opensAt <= found.now && on.has(found.product.id)) {
      faults.push(busy(index));
    } else drafts.push(draft);
  }
  return faults.length > 0 ? { kind: 'refused', faults } : { kind: 'checked', drafts };
}

function draftOf({ terms, state }: NewSale, product: Product, now: Date): Draft | { errors: FieldErrors } {
  const opensAt = terms.opensAt ?? now;
  const priced = priceTerms({ ...terms, opensAt }, product);
  if (priced.kind === 'invalid') return { errors: priced.errors };
  const { closesAt = null } = priced.terms;
  if (state !== 'draft' && closesAt !== null && closesAt <= now) {
    return { errors: { closes_at: ['must be in the future'] } };
  }
  const isAhead = state === 'live' && opensAt > now;
  return { product, terms: isAhead ? { ...priced.terms, opensAt: now } : priced.terms, state };
}

/** Products whose sale is on. Whoever launches one meanwhile is met by the unique key. */
async function soldNow(sql: Sql, productIds: readonly number[]): Promise<Set<number | null>> {
  const rows = await sql
    .select({ productId: sales.sellingProductId })
    .from(sales)
    .where(inArray(sales.sellingProductId, [...productIds]));
  return new Set(rows.map(({ productId }) => productId));
}

function busy(index: number): SaleFault {
  const errors = { product_id: ['has another sale that is on'] };
  return { index, code: 'product_busy', errors };
}

/** One row each, so that a sale's history begins with its own terms; the key of the request is in the last one. */
async function recordAll(
  sql: Sql,
  act: Act,
  saleIds: readonly number[],
  drafts: readonly Draft[],
): Promise<void> {
  for (const [index, { terms, state }] of drafts.entries()) {
    const isLast = index === drafts.length - 1;
    await record(sql, isLast ? act : { ...act, once: null }, {
      action: 'sale.create',
      target: `sale ${saleIds[index]}`,
      after: { ...terms, state },
    });
  }
}

/** Those that are to be served are armed; what this does not reach, a worker or the first buyer does. */
async function arm(
  services: Services,
  saleIds: readonly number[],
  newSales: readonly NewSale[],
): Promise<void> {
  services.reach('sale.changed');
  for (const [index, { state }] of newSales.entries()) {
    const saleId = saleIds[index];
    if (state === 'draft' || saleId === undefined) continue;
    if ((await tellRedis(services, saleId)).kind !== 'told') return;
  }
}
