/** Finishes what a dead process left pinned: SQL is asked, or made, to say what became of the hold. */

import { WORKER_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { voidHold } from '../holds/outcome.ts';
import { statement } from '../mysql/transaction.ts';
import { listOverduePins, settleHolds, type Settlement } from '../redis/hold-scripts.ts';
import { outcomesOf } from '../sales/outcomes.ts';
import type { Services } from '../services.ts';

/** Settles pins of one sale whose lease is over. @returns how many were looked at. */
export async function settleOverduePins(services: Services, saleId: number): Promise<number> {
  const overdue = await listOverduePins(services.redis, saleId, WORKER_BATCH_MAX);
  if (overdue.kind === 'not_armed' || overdue.pins.length === 0) return 0;

  const holdIds = overdue.pins.map(({ holdId }) => holdId);
  const settlements: Settlement[] = await statement(services.mysql, (sql) => outcomesOf(sql, holdIds));
  const decided = new Set(settlements.map(({ holdId }) => holdId));
  for (const { holdId, deadlineMs } of overdue.pins) {
    // Before its deadline the buyer may still come back and finish.
    if (decided.has(holdId) || deadlineMs > overdue.nowMs) continue;
    settlements.push({ holdId, outcome: await voidHold(services, { holdId, saleId }, 'expired') });
  }
  if (settlements.length > 0) await settleHolds(services.redis, saleId, settlements);
  return overdue.pins.length;
}
