/** The only way to SQL for features: a transaction, a snapshot or single statements, each on a connection of its own. */

import { sql } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { onConnection, type Sql } from './on-connection.ts';

export type { Sql } from './on-connection.ts';

/**
 * Runs `work` in one transaction and commits, or undoes all of it. Retries the whole transaction when the server
 * undid it, so `work` must not have effects outside SQL.
 * @throws StoreUnavailable also when COMMIT was sent and its answer lost: the outcome is then unknown.
 */
export function transaction<Result>(pool: Pool, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  return onConnection(pool, 'transaction', async (db) => {
    await db.execute(sql`START TRANSACTION`);
    const result = await work(db);
    await db.execute(sql`COMMIT`);
    return result;
  });
}

/**
 * Like `transaction`, but all reads see one moment. For reading only. `work` that reads much says after each piece that
 * it goes on, and has the whole SQL_TIMEOUT_MS for the next one.
 */
export function snapshot<Result>(
  pool: Pool,
  work: (sql: Sql, goOn: () => void) => Promise<Result>,
): Promise<Result> {
  return onConnection(pool, 'snapshot', async (db, deadline) => {
    await db.execute(sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`);
    await db.execute(sql`START TRANSACTION WITH CONSISTENT SNAPSHOT`);
    const result = await work(db, () => deadline.renew());
    await db.execute(sql`COMMIT`);
    return result;
  });
}

/** Statements that need no transaction; each commits by itself. */
export function statement<Result>(pool: Pool, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  return onConnection(pool, 'statement', work);
}
