import { eq, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { Sql } from '../mysql/transaction.ts';
import type { Sale } from '../products/catalog.ts';

export interface LockedSale {
  readonly sale: Sale;
  /** By the SQL clock. */
  readonly now: Date;
}

/** Locks a sale's row until the end of the transaction. Orders wait for it: decide, write, and be gone. */
export async function lockSale(sql: Sql, saleId: number): Promise<LockedSale | undefined> {
  const rows = await sql
    .select({ sale: sales, now: raw<Date>`utc_timestamp(3)`.mapWith(sales.opensAt) })
    .from(sales)
    .where(eq(sales.id, saleId))
    .for('update');
  return rows[0];
}
