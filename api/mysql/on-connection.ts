/**
 * Borrows connections, and gives them back as they were. By ourselves, because a pool handed to Drizzle leaks a connection
 * when BEGIN fails and hides the first error behind a failing ROLLBACK.
 */

import { drizzle, type MySql2Database } from 'drizzle-orm/mysql2';
import type { Pool, PoolConnection } from 'mysql2/promise';
import { SQL_TIMEOUT_MS, TRANSACTION_ATTEMPTS_MAX } from '@flash-sale/shared/limits.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { Deadline, DeadlinePassed } from './deadline.ts';
import { isUndone, saysNothing } from './faults.ts';
import { watchOf, type SqlOperation } from './watch.ts';

export type Sql = MySql2Database;

type OnConnection<Result> = (sql: Sql, deadline: Deadline) => Promise<Result>;

/** Runs `work` on a connection that nobody else uses, and again when SQL undid it. @throws StoreUnavailable */
export async function onConnection<Result>(
  pool: Pool,
  operation: SqlOperation,
  work: OnConnection<Result>,
): Promise<Result> {
  const startedAtMs = performance.now();
  try {
    return await tryOnConnection(pool, startedAtMs, work);
  } finally {
    watchOf(pool).took(operation, (performance.now() - startedAtMs) / 1_000);
  }
}

async function tryOnConnection<Result>(
  pool: Pool,
  startedAtMs: number,
  work: OnConnection<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnConnection(pool, work);
    } catch (error) {
      if (!isUndone(error)) throw error;
      const isLate = performance.now() - startedAtMs > SQL_TIMEOUT_MS / 2;
      if (isLate || attempt === TRANSACTION_ATTEMPTS_MAX) throw new StoreUnavailable('sql', error);
      // A little apart, so that two transactions that met do not meet again.
      await Bun.sleep(Math.random() * 10 * attempt);
    }
  }
}

async function attemptOnConnection<Result>(pool: Pool, work: OnConnection<Result>): Promise<Result> {
  const deadline = new Deadline(SQL_TIMEOUT_MS);
  const connection = await waitFor(pool, deadline);
  const watch = watchOf(pool);
  watch.inUse += 1;
  try {
    const result = await deadline.race(work(databaseOf(connection), deadline));
    answeredAtMs.set(connection.connection, performance.now());
    pool.releaseConnection(connection);
    return result;
  } catch (error) {
    const isLate = error instanceof DeadlinePassed;
    if (isLate) hungAtMs.set(pool, performance.now());
    if (isLate || saysNothing(error)) {
      // A connection that is gone or hangs cannot be rolled back; the server does it when the socket closes.
      connection.destroy();
      throw new StoreUnavailable('sql', error);
    }
    await undo(pool, connection, deadline);
    throw error;
  } finally {
    watch.inUse -= 1;
    deadline.end();
  }
}

async function waitFor(pool: Pool, deadline: Deadline): Promise<PoolConnection> {
  const watch = watchOf(pool);
  const startedAtMs = performance.now();
  watch.waiting += 1;
  try {
    return await borrow(pool, deadline);
  } finally {
    watch.waiting -= 1;
    watch.took('connection', (performance.now() - startedAtMs) / 1_000);
  }
}

async function borrow(pool: Pool, deadline: Deadline): Promise<PoolConnection> {
  const arriving = pool.getConnection();
  try {
    const connection = await deadline.race(arriving);
    if (!mayHang(pool, connection)) return connection;
    connection.destroy();
    return await borrow(pool, deadline);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    deadline.end();
    // One that arrives after its borrower gave up goes back to the pool.
    arriving.then(
      (late) => pool.releaseConnection(late),
      () => {},
    );
    throw new StoreUnavailable('sql', error);
  }
}

/** When a connection last answered, and when one of its pool last hung. */
const answeredAtMs = new WeakMap<object, number>();
const hungAtMs = new WeakMap<Pool, number>();

/**
 * When the network goes silent under one connection, it has under all that are idle: they are replaced at once,
 * instead of each making a buyer wait for its deadline.
 */
function mayHang(pool: Pool, connection: PoolConnection): boolean {
  const answeredAt = answeredAtMs.get(connection.connection);
  const hungAt = hungAtMs.get(pool);
  return answeredAt !== undefined && hungAt !== undefined && answeredAt < hungAt;
}

async function undo(pool: Pool, connection: PoolConnection, deadline: Deadline): Promise<void> {
  try {
    await deadline.race(connection.query('ROLLBACK'));
    pool.releaseConnection(connection);
  } catch {
    connection.destroy();
  }
}

const databases = new WeakMap<object, Sql>();

function databaseOf(connection: PoolConnection): Sql {
  const key = connection.connection;
  let database = databases.get(key);
  if (database === undefined) {
    database = drizzle(connection, { casing: 'snake_case' });
    databases.set(key, database);
  }
  return database;
}
