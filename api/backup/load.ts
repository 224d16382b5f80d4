/** Carries out a backup: all of its rows in one transaction. */

import { createConnection, escapeId } from 'mysql2';
import type { Connection as PromiseConnection, RowDataPacket } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { isOfNewerVersion, knownMigrations, migrate } from '@flash-sale/drizzle/migrate.ts';
import { StoreProblem } from '../embedded/problem.ts';
import { OUR_TABLES } from './dump.ts';
import { checkBackup, linesOf } from './file.ts';

export interface Loaded {
  /** What came later is lost. */
  readonly takenAt: string;
  /** By this version, which is newer than the backup. */
  readonly migrations: number;
}

/**
 * Nothing is touched unless the file is whole and the database is empty, or may be replaced. Whoever is killed leaves
 * tables without rows, and may begin again.
 * @throws StoreProblem
 */
export async function load(databaseUrl: string, file: string, mayReplace: boolean): Promise<Loaded> {
  const { head } = await checkBackup(file);
  const known = knownMigrations();
  if (!head.migrations.every((hash) => known.has(hash))) {
    throw new StoreProblem(`${file} was made by a newer version than this one: restore it with that.`);
  }
  const connection = createConnection(connectionOptions(databaseUrl));
  const sql = connection.promise();
  try {
    const tables = await existing(sql, [...new Set([...OUR_TABLES, ...head.tables])]);
    await refuseCompany(sql);
    // Tables that we do not know would keep their rows, and be taken for current by the version that knows them.
    if (tables.includes('migrations') && (await isOfNewerVersion(databaseUrl))) {
      throw new StoreProblem(
        'A newer version has used this database. To go back, drop the database, create it anew, and restore into that.',
      );
    }
    if (!mayReplace) await refuseRows(sql, tables);
    await sql.query('SET SESSION foreign_key_checks = 0');
    if (tables.length > 0) await sql.query(`DROP TABLE ${tables.map((table) => escapeId(table)).join(', ')}`);
    for await (const line of linesOf(file)) if (!line.startsWith('--')) await sql.query(line);
  } finally {
    await sql.end();
  }
  return { takenAt: head.takenAt, migrations: await migrate(databaseUrl) };
}

async function existing(sql: PromiseConnection, names: readonly string[]): Promise<string[]> {
  const [rows] = await sql.query<RowDataPacket[]>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name IN (?)',
    [names],
  );
  return rows.map((row) => String(row['name']));
}

/** SQL needs a moment to notice that whoever was connected has ended. */
const LEAVING_MAX_MS = 2_000;
const LOOK_AGAIN_MS = 50;

/** Those that this user of SQL may see. Whom it does not see sells nothing wrong, but may meet tables that are not there. */
async function refuseCompany(sql: PromiseConnection): Promise<void> {
  for (const sinceMs = performance.now(); ; await Bun.sleep(LOOK_AGAIN_MS)) {
    const [rows] = await sql.query<RowDataPacket[]>(
      'SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()',
    );
    if (rows.length === 0) return;
    if (performance.now() - sinceMs < LEAVING_MAX_MS) continue;
    throw new StoreProblem(
      `The database is in use by ${rows.length} other connections. Stop every API and worker process first.`,
    );
  }
}

async function refuseRows(sql: PromiseConnection, tables: readonly string[]): Promise<void> {
  for (const table of tables.filter((name) => name !== 'migrations')) {
    const [rows] = await sql.query<RowDataPacket[]>(`SELECT 1 FROM ${escapeId(table)} LIMIT 1`);
    if (rows.length === 0) continue;
    throw new StoreProblem(
      `The database is not empty: ${table} has rows. --replace deletes all that Flash Sale has in it; back that up first.`,
    );
  }
}
