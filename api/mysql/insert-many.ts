/**
 * Inserts many rows at once: the bulk insert of mysql2, with the names of Drizzle's tables. Drizzle's own makes dozens of
 * objects for each value, ten times the work, and what is written in batches is what there is most of.
 */

import { getTableColumns, getTableName, sql as raw, type SQL } from 'drizzle-orm';
import { toSnakeCase } from 'drizzle-orm/casing';
import type { MySqlTable } from 'drizzle-orm/mysql-core';
import { format } from 'mysql2';
import type { Sql } from './transaction.ts';

/** As mysql2's `raw` makes it. It is put into the statement as it is. */
interface Expression {
  toSqlString(): string;
}

type Value = string | number | null | Buffer | Expression;

/** A row of a table. Times are expressions, because SQL's clock decides. */
type Row<Table extends MySqlTable> = {
  readonly [Column in keyof Table['$inferInsert']]:
    | Exclude<Table['$inferInsert'][Column], Date | SQL>
    | (Date extends Table['$inferInsert'][Column] ? Expression : never);
};

/** @param rows at least one, and each with the columns of the first */
export async function insertMany<Table extends MySqlTable>(
  sql: Sql,
  table: Table,
  rows: readonly Row<Table>[],
): Promise<void> {
  const first = rows[0] ?? {};
  const columns = Object.entries(getTableColumns(table)).filter(([key]) => key in first);
  const names = columns.map(([key]) => `\`${toSnakeCase(key)}\``).join(', ');
  const values = rows.map((row) =>
    columns.map(([key, column]) => {
      const value = row[key as keyof Row<Table>] as Value;
      // A column of our own making has a form of its own in SQL.
      return column.dataType === 'custom' && value !== null
        ? (column.mapToDriverValue(value) as Value)
        : value;
    }),
  );
  const statement = format(`insert into \`${getTableName(table)}\` (${names}) values ?`, [values]);
  await sql.execute(raw.raw(statement));
}
