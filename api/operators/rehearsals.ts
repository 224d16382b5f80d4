/** Rehearsals are remembered in the audit log alone: who made one, when, and what came of it. */

import { desc, eq } from 'drizzle-orm';
import { auditLog } from '@flash-sale/drizzle/schema.ts';
import type { NewRehearsal } from '@flash-sale/shared/contracts/rehearsal.ts';
import { REHEARSALS_LOOKED_AT_MAX } from '@flash-sale/shared/limits.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { record, type Act } from './audit-log.ts';

/** Found by its index. */
const TARGET = 'rehearsal';
const PASSED = 'rehearsal.passed';
const FAILED = 'rehearsal.failed';

export async function recordRehearsal({ mysql }: Services, rehearsal: NewRehearsal, act: Act): Promise<void> {
  const action = rehearsal.passed ? PASSED : FAILED;
  await transaction(mysql, (sql) => record(sql, act, { action, target: TARGET, after: rehearsal }));
}

/** When the last one that passed was written down; null when none of the latest did. */
export async function lastPassedRehearsal(sql: Sql): Promise<Date | null> {
  const latest = await sql
    .select({ action: auditLog.action, at: auditLog.createdAt })
    .from(auditLog)
    .where(eq(auditLog.target, TARGET))
    .orderBy(desc(auditLog.id))
    .limit(REHEARSALS_LOOKED_AT_MAX);
  return latest.find(({ action }) => action === PASSED)?.at ?? null;
}
