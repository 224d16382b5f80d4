import { inArray } from 'drizzle-orm';
import { holdOutcomes } from '@flash-sale/drizzle/schema.ts';
import type { Sql } from '../mysql/transaction.ts';
import type { Settlement } from '../redis/hold-scripts.ts';

/** What SQL decided about each of these holds; undecided ones are not among the answers. */
export function outcomesOf(sql: Sql, holdIds: readonly string[]): Promise<Settlement[]> {
  if (holdIds.length === 0) return Promise.resolve([]);
  return sql
    .select({ holdId: holdOutcomes.holdId, outcome: holdOutcomes.outcome })
    .from(holdOutcomes)
    .where(inArray(holdOutcomes.holdId, [...holdIds]));
}
