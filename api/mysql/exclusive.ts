/**
 * Work of which one process does one of a name at a time. For economy, never for safety: a process that hangs does not keep
 * the others for ever.
 */

import { sql } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { onConnection, type Sql } from './on-connection.ts';

/** Whoever waited so long begins all the same. */
const WAIT_MAX_S = 2;

/** Runs `work` while no other holder of `name` does. It uses connections of its own. */
export function exclusively<Result>(pool: Pool, name: string, work: () => Promise<Result>): Promise<Result> {
  return onConnection(pool, 'other_work', async (db) => {
    await take(db, name, WAIT_MAX_S);
    return untilDone(db, name, work);
  });
}

/** Runs `work`, shorter than SQL_TIMEOUT_MS, unless another holder of `name` does. @returns null when it did not run */
export function ifNobodyElse<Result>(
  pool: Pool,
  name: string,
  work: () => Promise<Result>,
): Promise<Result | null> {
  return onConnection(pool, 'other_work', async (db) =>
    (await take(db, name, 0)) ? untilDone(db, name, work) : null,
  );
}

async function take(db: Sql, name: string, waitS: number): Promise<boolean> {
  const [rows] = await db.execute(sql`SELECT GET_LOCK(${nameHere(name)}, ${waitS}) AS is_ours`);
  const [row] = rows as unknown as { is_ours: number | null }[];
  return row?.is_ours === 1;
}

async function untilDone<Result>(db: Sql, name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } finally {
    await db.execute(sql`SELECT RELEASE_LOCK(${nameHere(name)})`);
  }
}

/** Such names are the server's, which may have several databases of ours, and of 64 characters at the most. */
function nameHere(name: string) {
  return sql`concat('flash_sale.', crc32(database()), '.', ${name})`;
}
