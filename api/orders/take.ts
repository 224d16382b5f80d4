/**
 * The SQL half of taking units (Redis first, SQL decides): one outcome row, the units of the buyer and of the sale,
 * together or not at all. The last lock is the sale's row, the hottest.
 */

import { and, eq, gt, inArray, sql as raw } from 'drizzle-orm';
import { buyerUnits, holdOutcomes, sales } from '@flash-sale/drizzle/schema.ts';
import { ORDERABLE_SALE_STATES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { insertMany } from '../mysql/insert-many.ts';
import type { Sql } from '../mysql/transaction.ts';

/** Of one pin. */
export interface UnitsTaken {
  readonly quantity: number;
  readonly buyerId: string | null;
}

/** Whose units they are, and the epoch of the Redis that vouched for them. */
export interface TakenFrom {
  readonly saleId: number;
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

/** Writes that pins became orders. @throws a duplicate key error when one of the holds has an outcome. */
export async function writeOrdered(
  sql: Sql,
  saleId: number,
  written: readonly { readonly holdId: string; readonly orderId: string }[],
): Promise<void> {
  const rows = written.map((ids) => ({ ...ids, saleId, outcome: 'ordered' as const }));
  await insertMany(sql, holdOutcomes, rows);
}

/** Counts the units as committed, all or none. Call it last in the transaction. @throws TakeRefused */
export async function commitUnits(
  sql: Sql,
  { saleId, epoch }: TakenFrom,
  taken: readonly UnitsTaken[],
): Promise<void> {
  await commitBuyerUnits(sql, saleId, taken);
  const quantity = taken.reduce((sum, one) => sum + one.quantity, 0);
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

async function commitBuyerUnits(sql: Sql, saleId: number, taken: readonly UnitsTaken[]): Promise<void> {
  const unitsOf = new Map<string, number>();
  for (const { buyerId, quantity } of taken) {
    if (buyerId !== null) unitsOf.set(buyerId, (unitsOf.get(buyerId) ?? 0) + quantity);
  }
  if (unitsOf.size === 0) return;
  // In one order for everybody, so that two transactions do not wait for each other.
  const buyers = [...unitsOf.keys()].sort();
  await sql
    .insert(buyerUnits)
    .values(buyers.map((buyerId) => ({ saleId, buyerId, units: unitsOf.get(buyerId) ?? 0 })))
    .onDuplicateKeyUpdate({ set: { units: raw`${buyerUnits.units} + values(${buyerUnits.units})` } });
  // The rows are locked by us now, so what is read here is what will be committed.
  const [beyond] = await sql
    .select({ buyerId: buyerUnits.buyerId })
    .from(buyerUnits)
    .innerJoin(sales, eq(sales.id, buyerUnits.saleId))
    .where(
      and(
        eq(buyerUnits.saleId, saleId),
        inArray(buyerUnits.buyerId, buyers),
        gt(buyerUnits.units, sales.buyerLimit),
      ),
    )
    .limit(1);
  if (beyond !== undefined) throw new TakeRefused('gate');
}
