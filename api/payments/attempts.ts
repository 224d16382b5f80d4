/** Each time something was made of a delivery, or was tried: for operators, never for decisions. */

import { deliveryAttempts } from '@flash-sale/drizzle/schema.ts';
import type { AttemptCause } from '@flash-sale/shared/lifecycle.ts';
import { insertMany } from '../mysql/insert-many.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

export interface Attempt {
  readonly deliveryId: number;
  readonly cause: AttemptCause;
  /** By `performance.now()`. */
  readonly startedAtMs: number;
}

/** In the transaction that closes the delivery: neither is there without the other. */
export async function recordAttempts(sql: Sql, attempts: readonly Attempt[], outcome: string): Promise<void> {
  const rows = attempts.map((attempt) => ({ ...rowOf(attempt), outcome }));
  await insertMany(sql, deliveryAttempts, rows);
}

/** Not waited for: what failed is told at once, and SQL may be what failed. */
export function recordFailedAttempt({ mysql }: Services, attempt: Attempt, error: unknown): void {
  const row = { ...rowOf(attempt), fault: faultOf(error) };
  statement(mysql, (sql) => sql.insert(deliveryAttempts).values(row)).catch(() => {});
}

function rowOf({ deliveryId, cause, startedAtMs }: Attempt) {
  return { deliveryId, cause, durationMs: Math.round(performance.now() - startedAtMs) };
}

/** In words for operators: an error's own may tell of the inside. */
export function faultOf(error: unknown): string {
  if (!(error instanceof StoreUnavailable)) return 'it failed on our side; the log says why';
  const store = error.store === 'sql' ? 'the database' : 'the stock server';
  const why = typeof error.cause === 'string' ? `: ${error.cause}` : '';
  return `${store} was not available${why}`;
}
