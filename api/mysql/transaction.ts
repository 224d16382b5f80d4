/**
 * The only way to SQL. It owns the connection, because a pool handed to Drizzle leaks a connection when BEGIN
 * fails and hides the first error behind a failing ROLLBACK.
 */

import { sql } from 'drizzle-orm';
import { drizzle, type MySql2Database } from 'drizzle-orm/mysql2';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Pool, PoolConnection } from 'mysql2/promise';
import { SQL_TIMEOUT_MS, TRANSACTION_ATTEMPTS_MAX } from '@flash-sale/shared/limits.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { watchOf, type SqlOperation } from './watch.ts';

export type Sql = MySql2Database;

/** Deadlock, lock wait time-out, snapshot conflict: the transaction was undone and may run again. */
const RETRIED = new Set([1213, 1205, 1020]);

/** Errors of the server itself that say nothing about the statement. */
const UNAVAILABLE = new Set([1040, 1053, 1077, 1129, 1184, 1203, 1226, 1290, 1836, 1927, 3024, 1969]);

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

/**
 * Runs `work` while no other holder of `name` does, on any process; gives up waiting after `waitS` and runs anyway,
 * so it serves economy, never safety. `work` uses connections of its own.
 */
export function exclusively<Result>(
  pool: Pool,
  name: string,
  work: () => Promise<Result>,
  waitS = 2,
): Promise<Result> {
  return onConnection(pool, 'other_work', async (db) => {
    await db.execute(sql`SELECT GET_LOCK(${name}, ${waitS})`);
    try {
      return await work();
    } finally {
      await db.execute(sql`SELECT RELEASE_LOCK(${name})`);
    }
  });
}

/**
 * Runs `work` unless another holder of `name` in this database is at work, on any process. For work that is shorter
 * than SQL_TIMEOUT_MS; like `exclusively`, it serves economy. @returns null when it did not run
 */
export function ifNobodyElse<Result>(
  pool: Pool,
  name: string,
  work: () => Promise<Result>,
): Promise<Result | null> {
  // Names are the server's, not a database's, and short.
  const fullName = sql`concat('flash_sale.', crc32(database()), '.', ${name})`;
  return onConnection(pool, 'other_work', async (db) => {
    const [rows] = await db.execute(sql`SELECT GET_LOCK(${fullName}, 0) AS is_ours`);
    const [row] = rows as unknown as { is_ours: number | null }[];
    if (row?.is_ours !== 1) return null;
    try {
      return await work();
    } finally {
      await db.execute(sql`SELECT RELEASE_LOCK(${fullName})`);
    }
  });
}

/** True when the statement met a row that is already there, under the named key or any. */
export function isDuplicateKey(error: unknown, keyName?: string): boolean {
  const fault = faultOf(error);
  if (fault?.errno !== 1062) return false;
  // The message also holds the value, which is the caller's: only its end names the key.
  return keyName === undefined || new RegExp(`for key '(?:\\w+\\.)?${keyName}'$`).test(String(fault.message));
}

type OnConnection<Result> = (sql: Sql, deadline: Deadline) => Promise<Result>;

async function onConnection<Result>(
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
      const errno = faultOf(error)?.errno;
      if (errno === undefined || !RETRIED.has(errno)) throw error;
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
    const fault = faultOf(error);
    if (error instanceof DeadlinePassed) hungAtMs.set(pool, performance.now());
    if (error instanceof DeadlinePassed || (fault !== undefined && saysNothing(fault))) {
      // A connection that is gone or hangs can not be rolled back; the server does it when the socket closes.
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

interface Fault {
  readonly errno: number;
  readonly message: string;
  /** Set when the server answered. */
  readonly sqlState?: string;
}

function faultOf(error: unknown): Fault | undefined {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (!(cause instanceof Error)) return undefined;
  if ('sqlState' in cause && 'errno' in cause) return cause as Error & Fault;
  // A connection that could not be made or closed under a query says so by its code, and has no state of the server.
  const isOfConnection =
    'fatal' in cause || ('code' in cause && /^(PROTOCOL_|E[A-Z]+$)/.test(String(cause.code)));
  return isOfConnection ? { errno: -1, message: cause.message } : undefined;
}

function saysNothing(fault: Fault): boolean {
  return fault.sqlState === undefined || UNAVAILABLE.has(fault.errno);
}

class DeadlinePassed extends Error {}

/** One deadline for everything that happens on a borrowed connection. */
class Deadline {
  readonly #passed = Promise.withResolvers<never>();
  readonly #ms: number;
  #timer: Timer;

  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = this.#start();
    // Nobody may be waiting when it passes.
    this.#passed.promise.catch(() => {});
  }

  race<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#passed.promise]);
  }

  renew(): void {
    this.end();
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): Timer {
    const pass = () => this.#passed.reject(new DeadlinePassed(`no answer within ${this.#ms} ms`));
    return setTimeout(pass, this.#ms);
  }
}
