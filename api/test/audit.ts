/** Checks the invariants exactly, on a quiet sale or a busy one: SQL is frozen for the moment of the look. */

import { and, eq, inArray, isNull, sql as raw } from 'drizzle-orm';
import { buyerUnits, holdOutcomes, orders, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { COMMITTED_ORDER_STATES } from '@flash-sale/shared/lifecycle.ts';
import { transaction } from '../mysql/transaction.ts';
import { auditSale } from '../redis/scripts.ts';
import type { Services } from '../services.ts';

export interface Audit {
  readonly allotment: number;
  readonly available: number;
  readonly held: number;
  /** Pinned and without an outcome. */
  readonly pinned: number;
  /** Credits above the base that Redis has not applied. */
  readonly owed: number;
  readonly committed: number;
  /** I2: 0, always. */
  readonly drift: number;
  /** I1: units of pending and paid orders. */
  readonly ordered: number;
  /** Committed units of known buyers. */
  readonly buyerUnits: number;
}

/** @throws when the sale is not armed at SQL's epoch. */
export function audit({ mysql, redis }: Services, saleId: number): Promise<Audit> {
  return transaction(mysql, async (sql) => {
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId)).for('update');
    if (sale === undefined) throw new Error(`there is no sale ${saleId}`);
    const undelivered = await sql
      .select()
      .from(stockCredits)
      .where(and(eq(stockCredits.saleId, saleId), isNull(stockCredits.deliveredAt)));
    const sums = await auditSale(
      redis,
      saleId,
      undelivered.map(({ id }) => id),
    );
    if (sums.kind === 'not_armed' || sums.epoch !== sale.epoch)
      throw new Error(`sale ${saleId} is not armed`);
    const decided = new Set<string>();
    const pinIds = sums.pins.map(({ holdId }) => holdId);
    if (pinIds.length > 0) {
      const rows = await sql.select().from(holdOutcomes).where(inArray(holdOutcomes.holdId, pinIds));
      for (const { holdId, outcome } of rows) if (outcome === 'ordered') decided.add(holdId);
    }
    const pinned = sum(
      sums.pins.filter(({ holdId }) => !decided.has(holdId)).map(({ quantity }) => quantity),
    );
    const applied = new Set(sums.appliedCreditIds);
    const owed = sum(
      undelivered.filter(({ id, seq }) => seq > sums.baseSeq && !applied.has(id)).map(({ units }) => units),
    );
    const [ordered] = await sql
      .select({ units: raw<string>`coalesce(sum(quantity), 0)` })
      .from(orders)
      .where(and(eq(orders.saleId, saleId), inArray(orders.state, COMMITTED_ORDER_STATES)));
    const [ofBuyers] = await sql
      .select({ units: raw<string>`coalesce(sum(units), 0)` })
      .from(buyerUnits)
      .where(eq(buyerUnits.saleId, saleId));
    const { allotment, committed } = sale;
    const total = sums.available + sums.heldUnits + pinned + owed + committed;
    return {
      allotment,
      available: sums.available,
      held: sums.heldUnits,
      pinned,
      owed,
      committed,
      drift: total - allotment,
      ordered: Number(ordered?.units),
      buyerUnits: Number(ofBuyers?.units),
    };
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
