/** What SQL wrote down about a hold: the one decision, and the order if there is one. */

import { eq } from 'drizzle-orm';
import { holdOutcomes, orders } from '@flash-sale/drizzle/schema.ts';
import type { HoldOutcome, VoidOutcome } from '@flash-sale/shared/lifecycle.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { statement } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';

export type HoldOrder = typeof orders.$inferSelect;

export interface Outcome {
  readonly outcome: HoldOutcome;
  readonly order: HoldOrder | null;
}

export async function readOutcome({ mysql }: Services, holdId: string): Promise<Outcome | null> {
  const rows = await statement(mysql, (sql) =>
    sql
      .select({ outcome: holdOutcomes.outcome, order: orders })
      .from(holdOutcomes)
      .leftJoin(orders, eq(orders.id, holdOutcomes.orderId))
      .where(eq(holdOutcomes.holdId, holdId)),
  );
  return rows[0] ?? null;
}

/**
 * Writes that a pinned hold became nothing, unless something was written before. An INSERT that meets another
 * transaction's row waits for it, so the answer is final. @returns the outcome that stands.
 */
export async function voidHold(
  { mysql, reach }: Services,
  hold: { holdId: string; saleId: number },
  outcome: VoidOutcome,
): Promise<HoldOutcome> {
  try {
    await statement(mysql, (sql) => sql.insert(holdOutcomes).values({ ...hold, outcome }));
    reach('pin.voided');
    return outcome;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const [row] = await statement(mysql, (sql) =>
      sql
        .select({ outcome: holdOutcomes.outcome })
        .from(holdOutcomes)
        .where(eq(holdOutcomes.holdId, hold.holdId)),
    );
    if (row === undefined) throw error;
    return row.outcome;
  }
}
