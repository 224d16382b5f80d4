/**
 * The SQL half of taking units (Redis first, SQL decides): one outcome row, the units of the buyer and of the sale,
 * together or not at all. The last lock is the sale's row, the hottest.
 */

import { and, eq, inArray, sql as raw } from 'drizzle-orm';
import { buyerUnits, holdOutcomes, sales } from '@flash-sale/drizzle/schema.ts';
import { ORDERABLE_SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import type { Sql } from '../mysql/transaction.ts';

export interface UnitsTaken {
  readonly saleId: number;
  readonly quantity: number;
  readonly buyerId: string | null;
  /** The epoch of the Redis that vouched for the units. */
  readonly epoch: number;
}

type RefusalReason = 'epoch' | 'stopped' | 'gate';

/** Undoes the transaction it is thrown in. */
export class TakeRefused extends Error {
  override readonly name = 'TakeRefused';
  /**
   * `epoch`: the sale was rebuilt meanwhile, ask Redis again. `stopped`: its state lets nothing become an order.
   * `gate`: there are no units, whatever Redis says; only possible after Redis lost data.
   */
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason) {
    super(`SQL refuses to take units (${reason})`);
    this.reason = reason;
  }
}

/** Writes that a pin became an order. @throws a duplicate key error when the hold has an outcome. */
export async function writeOrdered(
  sql: Sql,
  holdId: string,
  orderId: string,
  taken: UnitsTaken,
): Promise<void> {
  await sql.insert(holdOutcomes).values({ holdId, saleId: taken.saleId, outcome: 'ordered', orderId });
}

/** Counts the units as committed. Call it last in the transaction. @throws TakeRefused */
export async function commitUnits(sql: Sql, { saleId, quantity, buyerId, epoch }: UnitsTaken): Promise<void> {
  if (buyerId !== null) await commitBuyerUnits(sql, saleId, buyerId, quantity);
  const [{ affectedRows }] = await sql
    .update(sales)
    .set({ committed: raw`committed + ${quantity}`, seq: raw`seq + 1` })
    .where(
      and(
        eq(sales.id, saleId),
        eq(sales.epoch, epoch),
        inArray(sales.state, ORDERABLE_SALE_STATES),
        raw`committed + ${quantity} <= allotment`,
      ),
    );
  if (affectedRows === 1) return;
  const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId));
  if (sale?.epoch !== epoch) throw new TakeRefused('epoch');
  const isOrderable = (ORDERABLE_SALE_STATES as readonly SaleState[]).includes(sale.state);
  throw new TakeRefused(isOrderable ? 'gate' : 'stopped');
}

async function commitBuyerUnits(sql: Sql, saleId: number, buyerId: string, quantity: number): Promise<void> {
  await sql
    .insert(buyerUnits)
    .values({ saleId, buyerId, units: quantity })
    .onDuplicateKeyUpdate({ set: { units: raw`units + ${quantity}` } });
  // The row is locked by us now, so what is read here is what will be committed.
  const [row] = await sql
    .select({ units: buyerUnits.units, limit: sales.buyerLimit })
    .from(buyerUnits)
    .innerJoin(sales, eq(sales.id, buyerUnits.saleId))
    .where(and(eq(buyerUnits.saleId, saleId), eq(buyerUnits.buyerId, buyerId)));
  if (row !== undefined && row.limit !== null && row.units > row.limit) throw new TakeRefused('gate');
}
