/**
 * Applies migrations that are not applied yet. DDL commits statement by statement, so a process killed in the
 * middle leaves a part: the next run finds what is there already and goes on.
 */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseEnvironment, url } from '@flash-sale/shared/environment.ts';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { connectionOptions } from './connection.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Table, column, key or foreign key exists, or what was to be dropped does not: the statement was carried out before.
 * MariaDB reports a foreign key as 1005.
 */
const DONE_BEFORE = new Set([1050, 1060, 1061, 1091, 1826]);

/** One migrator at a time; the others wait and find nothing to do. */
const LOCK_WAIT_S = 60;

const migrationFiles = () => readMigrationFiles({ migrationsFolder: FOLDER });

/** Hashes of the migrations that this version has: a database with others was made by a newer one. */
export const knownMigrations = (): ReadonlySet<string> => new Set(migrationFiles().map(({ hash }) => hash));

/** @returns the number of migrations applied now. */
export async function migrate(databaseUrl: string): Promise<number> {
  const connection = await createConnection(connectionOptions(databaseUrl));
  try {
    await beOnlyMigrator(connection);
    await connection.query(
      'CREATE TABLE IF NOT EXISTS migrations (hash char(64) PRIMARY KEY, applied_at datetime(3) NOT NULL)',
    );
    const applied = await appliedTo(connection);
    const missing = migrationFiles().filter(({ hash }) => !applied.has(hash));
    for (const { sql, hash } of missing) {
      for (const statement of sql) await apply(connection, statement);
      await connection.query('INSERT INTO migrations VALUES (?, utc_timestamp(3))', [hash]);
    }
    return missing.length;
  } finally {
    await connection.end();
  }
}

/** @returns whether a newer version of the program migrated this database. */
export async function isOfNewerVersion(databaseUrl: string): Promise<boolean> {
  const connection = await createConnection(connectionOptions(databaseUrl));
  try {
    const known = knownMigrations();
    return [...(await appliedTo(connection))].some((hash) => !known.has(hash));
  } finally {
    await connection.end();
  }
}

async function appliedTo(connection: Connection): Promise<ReadonlySet<string>> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT hash FROM migrations');
  return new Set(rows.map((row) => String(row['hash'])));
}

async function beOnlyMigrator(connection: Connection): Promise<void> {
  // The name is the server's, which may have several databases of ours.
  const [rows] = await connection.query<RowDataPacket[]>(
    "SELECT GET_LOCK(concat('flash_sale.', crc32(database()), '.migrate'), ?) AS is_ours",
    [LOCK_WAIT_S],
  );
  if (rows[0]?.['is_ours'] === 1) return;
  throw new Error(
    `another process has been migrating this database for ${LOCK_WAIT_S} s; try again when it is done`,
  );
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

if (import.meta.main) {
  const required = 'set it, for example to mysql://user:password@localhost:3306/flash_sale';
  const { DATABASE_URL: databaseUrl } = parseEnvironment(
    { DATABASE_URL: { ...url(['mysql', 'mariadb']), required } },
    process.env,
    (path) => readFileSync(path, 'utf8'),
  );
  if (databaseUrl !== null) console.log(`${await migrate(databaseUrl)} migrations applied`);
}
