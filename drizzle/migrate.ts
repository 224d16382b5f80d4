/**
 * Applies migrations that are not applied yet. DDL commits statement by statement, so a process killed in the
 * middle leaves a part: the next run finds what is there already and goes on.
 */

import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/** Table, column, key or foreign key exists: the statement was carried out before. MariaDB reports a foreign key as 1005. */
const DONE_BEFORE = new Set([1050, 1060, 1061, 1826]);

/** One migrator at a time; the others wait and find nothing to do. */
const LOCK_WAIT_S = 60;

/** @returns the number of migrations applied now. */
export async function migrate(databaseUrl: string): Promise<number> {
  const connection = await connect(databaseUrl);
  try {
    await connection.query('SELECT GET_LOCK(?, ?)', ['flash_sale.migrate', LOCK_WAIT_S]);
    await connection.query(
      'CREATE TABLE IF NOT EXISTS migrations (hash char(64) PRIMARY KEY, applied_at datetime(3) NOT NULL)',
    );
    const [rows] = await connection.query<RowDataPacket[]>('SELECT hash FROM migrations');
    const applied = new Set(rows.map((row) => String(row['hash'])));
    const missing = readMigrationFiles({ migrationsFolder: FOLDER }).filter(({ hash }) => !applied.has(hash));
    for (const { sql, hash } of missing) {
      for (const statement of sql) await apply(connection, statement);
      await connection.query('INSERT INTO migrations VALUES (?, utc_timestamp(3))', [hash]);
    }
    return missing.length;
  } finally {
    await connection.end();
  }
}

async function apply(connection: Connection, statement: string): Promise<void> {
  try {
    await connection.query(statement);
  } catch (error) {
    const { errno, message } = error as { errno?: number; message?: string };
    const isDone = DONE_BEFORE.has(errno ?? 0) || (errno === 1005 && /errno: 121/.test(message ?? ''));
    if (!isDone) throw error;
  }
}

async function connect(databaseUrl: string): Promise<Connection> {
  const { hostname, port, username, password, pathname, searchParams } = new URL(databaseUrl);
  const socketPath = searchParams.get('socketPath');
  return createConnection({
    ...(socketPath === null ? { host: hostname, port: Number(port || 3306) } : { socketPath }),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...(searchParams.has('ssl') ? { ssl: {} } : {}),
  });
}

if (import.meta.main) {
  const databaseUrl = process.env['DATABASE_URL'];
  if (databaseUrl === undefined || databaseUrl === '') {
    console.error('Set DATABASE_URL, for example mysql://user:password@localhost:3306/flash_sale');
    process.exit(1);
  }
  console.log(`${await migrate(databaseUrl)} migrations applied`);
}
