/**
 * All of our tables as SQL, a statement a line, as of one moment, while the API goes on. Whoever carries out the lines
 * gets the same rows, or none when the end is missing, and sales at an epoch that no Redis has ever seen.
 */

import { getTableName, is } from 'drizzle-orm';
import { MySqlTable } from 'drizzle-orm/mysql-core';
import { escape, escapeId, type Connection, type QueryOptions, type RowDataPacket } from 'mysql2';
import * as schema from '@flash-sale/drizzle/schema.ts';
import { BACKUP_STATEMENT_LENGTH } from '@flash-sale/shared/limits.ts';

/** What a backup says about itself. */
export interface BackupHead {
  /** By the clock of SQL; what came later is not in it. */
  readonly takenAt: string;
  /** Hashes of the migrations that had been applied. */
  readonly migrations: readonly string[];
  readonly tables: readonly string[];
}

/** Of the schema, and the migrator's own. Others of the same database are none of our business. */
export const OUR_TABLES: readonly string[] = [
  ...Object.values(schema)
    .filter((table) => is(table, MySqlTable))
    .map((table) => getTableName(table)),
  'migrations',
].sort();

const SESSION =
  "SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0";

/**
 * Redis may be ahead of what is restored: it has sold units at epochs that SQL forgets. The time in milliseconds is
 * beyond all of them, also beyond those that followed an earlier restore. So each sale is counted anew from SQL, and
 * what an older epoch vouched for becomes no order.
 */
export const FORGET_REDIS =
  'UPDATE sales SET epoch = greatest(epoch + 1, cast(unix_timestamp(now(3)) * 1000 AS unsigned)), ' +
  'armed_epoch = if(armed_epoch = 0, 0, epoch)';

/** @param connection used for nothing else until the last line */
export async function* dump(connection: Connection): AsyncGenerator<string> {
  const sql = connection.promise();
  const rows = async <Row>(query: string, values: unknown[] = []) =>
    (await sql.query<(Row & RowDataPacket)[]>(query, values))[0];
  // A connection that is lost while nobody asks it anything says so here, and to whoever asks next.
  connection.on('error', () => {});
  await sql.query(SESSION);
  // Before the snapshot: what came after it was not in any case.
  const [moment] = await rows<{ now: string }>(
    "SELECT concat(left(date_format(utc_timestamp(3), '%Y-%m-%dT%T.%f'), 23), 'Z') AS now",
  );
  await sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await sql.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
  const existing = await rows<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = database() AND table_name IN (?)',
    [OUR_TABLES],
  );
  const tables = existing.map(({ name }) => name).sort();
  const hashes = tables.includes('migrations')
    ? await rows<{ hash: string }>('SELECT hash FROM migrations')
    : [];
  yield headLine({ takenAt: moment?.now ?? '', migrations: hashes.map(({ hash }) => hash), tables });

  yield `${SESSION};`;
  for (const table of tables) {
    const [made] = await rows<Record<'Create Table', string>>(`SHOW CREATE TABLE ${escapeId(table)}`);
    yield `${String(made?.['Create Table']).replaceAll('\n', ' ')};`;
  }
  yield 'START TRANSACTION;';
  for (const table of tables) yield* inserts(connection, table, await columnsOf(rows, table));
  if (tables.includes('sales')) yield `${FORGET_REDIS};`;
  yield 'COMMIT;';
  await sql.query('COMMIT');
}

type Rows = <Row>(query: string, values?: unknown[]) => Promise<Row[]>;

interface Column {
  readonly name: string;
  readonly type: string;
}

/** Without those that SQL computes. */
function columnsOf(rows: Rows, table: string): Promise<Column[]> {
  return rows<Column>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = database() AND table_name = ? AND coalesce(generation_expression, '') = ''
     ORDER BY ordinal_position`,
    [table],
  );
}

async function* inserts(connection: Connection, table: string, columns: Column[]): AsyncGenerator<string> {
  const names = columns.map(({ name }) => escapeId(name)).join(', ');
  const types = columns.map(({ type }) => type);
  const insert = `INSERT INTO ${escapeId(table)} (${names}) VALUES `;
  // As bytes, as SQL has them: no number, date or text is understood on the way.
  const query = { sql: `SELECT ${names} FROM ${escapeId(table)}`, rowsAsArray: true, typeCast: false };
  let line = '';
  for await (const row of streamOf(connection, query)) {
    const values = row.map((value, at) => literal(value, types[at] ?? ''));
    line += `${line === '' ? insert : ','}(${values.join(',')})`;
    if (line.length < BACKUP_STATEMENT_LENGTH) continue;
    yield `${line};`;
    line = '';
  }
  if (line !== '') yield `${line};`;
}

/** @throws when the connection is lost among the rows, of which mysql2 does not tell its own stream */
async function* streamOf(
  connection: Connection,
  query: QueryOptions,
): AsyncGenerator<readonly (Buffer | null)[]> {
  const rows = connection.query(query).stream();
  const end = (error: Error) => void rows.destroy(error);
  connection.on('error', end);
  try {
    yield* rows;
  } finally {
    connection.off('error', end);
  }
}

function literal(value: Buffer | null, type: string): string {
  if (value === null) return 'NULL';
  if (/binary|blob/.test(type)) return `x'${value.toString('hex')}'`;
  return /int/.test(type) ? value.toString() : escape(value.toString());
}

const HEAD = '-- Flash Sale, a backup: ';

function headLine(head: BackupHead): string {
  return HEAD + JSON.stringify(head);
}

/** @returns null when this line is not how a backup begins */
export function readHead(line: string): BackupHead | null {
  return line.startsWith(HEAD) ? (JSON.parse(line.slice(HEAD.length)) as BackupHead) : null;
}
