/** Sales as operators see them: terms and orders from SQL, what is held from Redis as it is now. */

import { and, desc, eq, inArray, isNull, lt, sql as raw } from 'drizzle-orm';
import { orders, products, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { snapshot, statement, type Sql } from '../mysql/transaction.ts';
import type { Sale } from '../products/catalog.ts';
import { liveStock } from '../products/live-stock.ts';
import type { Services } from '../services.ts';
import { isServed } from './sales.ts';

export interface SaleQuery {
  /** Sales older than this one; null begins with the newest. */
  readonly before: number | null;
  readonly limit: number;
  readonly state: SaleState | null;
  readonly productId: number | null;
}

interface Units {
  readonly available: number | null;
  readonly held: number | null;
  readonly ordered: number;
  readonly paid: number;
  /** Given back in SQL, not yet in Redis. */
  readonly returning: number;
}

export interface OperatedSale {
  readonly sale: Sale;
  readonly productName: string;
  /** Redis serves it at SQL's epoch. */
  readonly isArmed: boolean;
  readonly units: Units;
}

/** Newest first. */
export async function listOperatedSales(services: Services, query: SaleQuery): Promise<OperatedSale[]> {
  const { before, limit, state, productId } = query;
  const rows = await statement(services.mysql, (sql) =>
    sql
      .select({ id: sales.id })
      .from(sales)
      .where(
        and(
          before === null ? undefined : lt(sales.id, before),
          state === null ? undefined : eq(sales.state, state),
          productId === null ? undefined : eq(sales.productId, productId),
        ),
      )
      .orderBy(desc(sales.id))
      .limit(limit),
  );
  return lookAt(
    services,
    rows.map(({ id }) => id),
  );
}

export async function findOperatedSale(
  services: Services,
  saleId: number,
): Promise<OperatedSale | undefined> {
  return (await lookAt(services, [saleId]))[0];
}

/** In the order of the ids. */
export async function lookAt(services: Services, saleIds: readonly number[]): Promise<OperatedSale[]> {
  if (saleIds.length === 0) return [];
  // Redis first: a hold that becomes an order in between is counted once, as ordered.
  const stocks = new Map(
    await Promise.all(saleIds.map(async (id) => [id, await liveStock(services, id)] as const)),
  );
  const ledger = await snapshot(services.mysql, (sql) => readLedger(sql, saleIds));
  return saleIds.flatMap((saleId) => {
    const row = ledger.rows.find(({ sale }) => sale.id === saleId);
    if (row === undefined) return [];
    const stock = stocks.get(saleId) ?? null;
    const { sale, productName } = row;
    const isArmed = isServed(sale.state) && stock !== null && stock.epoch === sale.epoch;
    const ordered = ledger.pending(saleId);
    const returning = ledger.returning(saleId);
    // I1: what is committed is pending or paid. Paid orders are many, and need not be counted.
    const paid = sale.committed - ordered;
    const rest = sale.allotment - sale.committed - returning;
    const available = isServed(sale.state) ? (isArmed ? stock.available : null) : rest;
    const held = available === null ? null : Math.max(0, rest - available);
    return [{ sale, productName, isArmed, units: { available, held, ordered, paid, returning } }];
  });
}

async function readLedger(sql: Sql, saleIds: readonly number[]) {
  const ids = [...saleIds];
  const rows = await sql
    .select({ sale: sales, productName: products.name })
    .from(sales)
    .innerJoin(products, eq(products.id, sales.productId))
    .where(inArray(sales.id, ids));
  const pending = await sql
    .select({ saleId: orders.saleId, units: raw<string>`sum(quantity)` })
    .from(orders)
    .where(and(inArray(orders.saleId, ids), eq(orders.state, 'pending')))
    .groupBy(orders.saleId);
  const credits = await sql
    .select({ saleId: stockCredits.saleId, units: raw<string>`sum(units)` })
    .from(stockCredits)
    .where(and(isNull(stockCredits.deliveredAt), inArray(stockCredits.saleId, ids)))
    .groupBy(stockCredits.saleId);
  const unitsIn = (sums: readonly { saleId: number; units: string }[]) => (saleId: number) =>
    Number(sums.find((sum) => sum.saleId === saleId)?.units ?? 0);
  return { rows, pending: unitsIn(pending), returning: unitsIn(credits) };
}
