/** What SQL wrote down about a hold: the one decision, and the order if there is one. */

import { eq } from 'drizzle-orm';
import { holdOutcomes, orders } from '@flash-sale/drizzle/schema.ts';
import type { HoldOutcome } from '@flash-sale/shared/lifecycle.ts';
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
