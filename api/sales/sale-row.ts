import { eq, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { Sql } from '../mysql/transaction.ts';
import { awaitTurn } from '../operators/audit-log.ts';
import type { Sale } from '../products/catalog.ts';

export interface LockedSale {
  readonly sale: Sale;
  /** By the SQL clock. */
  readonly now: Date;
}

/**
 * Locks a sale's row for an operator's change, when it is its turn to write. Orders wait for the row: decide, write, and
 * be gone.
 */
export async function lockSale(sql: Sql, saleId: number): Promise<LockedSale | undefined> {
  await awaitTurn(sql);
  const rows = await sql
    .select({ sale: sales, now: raw<Date>`utc_timestamp(3)`.mapWith(sales.opensAt) })
    .from(sales)
    .where(eq(sales.id, saleId))
    .for('update');
  return rows[0];
}
