/**
 * Giving units back (SQL first): one transaction ends the order, lowers `committed` and writes a credit stamped
 * with the sale's seq. Redis applies the credit once; acknowledging it is fenced by the epoch, so that a credit
 * given to an old Redis is not taken for delivered.
 */

import { and, asc, eq, inArray, isNull, ne, sql as raw } from 'drizzle-orm';
import { buyerUnits, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import type { CreditReason } from '@flash-sale/shared/lifecycle.ts';
import { WORKER_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import { applyCredits } from '../redis/sale-scripts.ts';
import type { Services } from '../services.ts';
import { moveOrder } from './move.ts';
import type { Order } from './orders.ts';

const STATE_OF_REASON = { order_expired: 'expired', order_cancelled: 'cancelled' } as const;

/** Ends a pending order that the caller has locked, and gives its units back. */
export async function endPendingOrder(
  sql: Sql,
  order: Order,
  reason: keyof typeof STATE_OF_REASON,
): Promise<void> {
  await moveOrder(sql, order, STATE_OF_REASON[reason]);
  await giveUnits(sql, order, { reason, reference: order.id });
}

/** Gives back the units of an order that stops being one of those that have units. Call it last: it locks the sale's row. */
export async function giveUnits(
  sql: Sql,
  { saleId, quantity, buyerId }: Order,
  why: { reason: Exclude<CreditReason, 'restock'>; reference: string },
): Promise<void> {
  if (buyerId !== null) {
    await sql
      .update(buyerUnits)
      .set({ units: raw`units - ${quantity}` })
      .where(and(eq(buyerUnits.saleId, saleId), eq(buyerUnits.buyerId, buyerId)));
  }
  const [{ insertId: seq }] = await sql
    .update(sales)
    .set({ committed: raw`committed - ${quantity}`, seq: raw`last_insert_id(seq + 1)` })
    .where(eq(sales.id, saleId));
  await sql.insert(stockCredits).values({ saleId, seq, units: quantity, buyerId, ...why });
}

/** Tells Redis of units that SQL gave back. @returns how many credits are delivered for good. */
export async function deliverCredits(services: Services, saleId: number): Promise<number> {
  const credits = await statement(services.mysql, (sql) =>
    sql
      .select()
      .from(stockCredits)
      .where(and(eq(stockCredits.saleId, saleId), isNull(stockCredits.deliveredAt)))
      .orderBy(asc(stockCredits.id))
      .limit(WORKER_BATCH_MAX),
  );
  if (credits.length === 0) return 0;
  const applied = await applyCredits(services.redis, saleId, credits);
  if (applied.kind === 'not_armed') return 0;
  services.reach('give.credited');
  const ids = credits.map(({ id }) => id);
  const [acknowledged] = await statement(services.mysql, (sql) =>
    sql
      .update(stockCredits)
      .set({ deliveredAt: raw`utc_timestamp(3)` })
      // Without a lock on the sale: an epoch that is raised meanwhile belongs to a snapshot that counts these units.
      .where(and(inArray(stockCredits.id, ids), raw`exists (${atEpoch(sql, saleId, applied.epoch)})`)),
  );
  services.reach('give.acknowledged');
  return acknowledged.affectedRows;
}

function atEpoch(sql: Sql, saleId: number, epoch: number) {
  return sql
    .select({ one: raw`1` })
    .from(sales)
    .where(and(eq(sales.id, saleId), eq(sales.epoch, epoch)));
}

/** Sales with credits that Redis has not been told of. One that has ended sells nothing more: nobody need be told. */
export async function salesOwedCredits({ mysql }: Services): Promise<{ id: number }[]> {
  return statement(mysql, (sql) =>
    sql
      .selectDistinct({ id: stockCredits.saleId })
      .from(stockCredits)
      .innerJoin(sales, eq(sales.id, stockCredits.saleId))
      .where(and(isNull(stockCredits.deliveredAt), ne(sales.state, 'ended'))),
  );
}

/** The worker delivers what this does not. */
export function deliverCreditsSoon(services: Services, saleId: number): void {
  deliverCredits(services, saleId).catch(() => {});
}
