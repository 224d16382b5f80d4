/** What commands print: for people a table, for programs JSON, and of both only the fields that were asked for. */

import { ansiOf } from '../look/ansi.ts';
import { dateTime } from '../look/format.ts';
import { asciiOf } from '../look/look.ts';
import { fitLine, lineWidth, span, textOf, type Line, type Span } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { valueAt } from './fields.ts';

export interface Column<Row> {
  /** As `--fields` has it: `units.available`. */
  readonly field: string;
  readonly title: string;
  readonly align?: 'right';
  /** The value as text when absent. Text from outside is made safe here, in one place. */
  cell?(row: Row): string | Span;
}

/** Rows of one kind. */
export interface Shape<Row> {
  /** The field that tells which row it is. */
  readonly id: string;
  /** All that `--fields` knows. */
  readonly fields: readonly string[];
  /** What a table shows unless `--fields` says otherwise; the most important are the first. */
  readonly columns: readonly Column<Row>[];
  /**
   * One of them, for people; its fields one under the other when absent. Its text is safe. Without columns several of
   * them are told like this too.
   */
  tell?(row: Row, width: number): readonly Line[];
}

export interface Format {
  readonly kind: 'table' | 'json' | 'ndjson' | 'quiet';
  /** In their order; null: all for programs, the columns for people. */
  readonly fields: readonly string[] | null;
}

export interface Paper {
  readonly isTty: boolean;
  readonly columns: number;
  readonly isColored: boolean;
  readonly isAscii: boolean;
  write(text: string): void;
}

export interface Out<Row> {
  /** Text as it is. */
  readonly text: (text: string) => void;
  readonly list: (rows: readonly Row[]) => void;
  /** One row: with all of its fields, one under the other. */
  readonly one: (row: Row) => void;
  /** The next row of a stream. */
  readonly next: (row: Row) => void;
}

export function openOut<Row>(shape: Shape<Row>, { kind, fields }: Format, paper: Paper): Out<Row> {
  const line = (text: string) => paper.write(`${text}\n`);
  const pick = (row: Row): unknown =>
    fields === null ? row : Object.fromEntries(fields.map((field) => [field, valueAt(row, field)]));
  const idOf = (row: Row) => safe(textOfValue(valueAt(row, shape.id)));
  const table = openTable(fields === null ? shape.columns : columnsOf(shape, fields));
  const tell = (row: Row): readonly Line[] => {
    const width = paper.isTty ? paper.columns : PIPE_WIDTH;
    const told = fields === null ? shape.tell?.(row, width) : undefined;
    return told ?? factLines(shape, row, fields ?? undefined);
  };
  const hasColumns = fields !== null || shape.columns.length > 0;
  const writeRows = (rows: readonly Row[]) => {
    const lines = hasColumns ? table.lines(rows) : rows.flatMap(tell);
    for (const each of lines) writeLine(each, paper);
  };
  const each = (row: Row): void => {
    if (kind === 'ndjson') line(JSON.stringify(pick(row)));
    else if (kind === 'quiet') line(idOf(row));
    else writeRows([row]);
  };
  return {
    text: (text) => paper.write(text),
    list(rows) {
      if (kind === 'json') line(JSON.stringify(rows.map(pick), null, 2));
      else if (kind === 'table') writeRows(rows);
      else for (const row of rows) each(row);
    },
    one(row) {
      if (kind === 'json') line(JSON.stringify(pick(row), null, 2));
      else if (kind === 'table') for (const each of tell(row)) writeLine(each, paper);
      else each(row);
    },
    next: each,
  };
}

function columnsOf<Row>({ columns }: Shape<Row>, fields: readonly string[]): Column<Row>[] {
  return fields.map((field) => columns.find((column) => column.field === field) ?? { field, title: field });
}

/** Where lines of people's text end when nobody says how wide a line is. */
const PIPE_WIDTH = 100;
const GAP = '  ';

/** Without the parts of objects that have all of their parts shown. */
function topOf({ fields }: Shape<never>): string[] {
  return fields.filter((field) => !fields.some((other) => other.startsWith(`${field}.`)));
}

export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Line[] {
  return openTable(columns).lines(rows);
}

/** The first rows say how wide the columns are; later ones only make them wider, so that a stream stays in line. */
function openTable<Row>(columns: readonly Column<Row>[]) {
  const widths = columns.map(({ title }) => title.length);
  let hasTitles = false;
  const lineOf = (cells: readonly Line[]): Line =>
    cells.flatMap((cell, index) => [
      ...(index === 0 ? [] : [span(GAP)]),
      ...aligned(cell, widths[index] ?? 0, columns[index]?.align),
    ]);
  return {
    lines(rows: readonly Row[]): Line[] {
      const lines = rows.map((row) => columns.map((column) => cellOf(column, row)));
      for (const cells of lines) {
        for (const [index, cell] of cells.entries()) {
          widths[index] = Math.max(widths[index] ?? 0, lineWidth(cell));
        }
      }
      const titles = hasTitles ? [] : [columns.map(({ title }) => [span(title, 'dim')])];
      hasTitles = true;
      return [...titles, ...lines].map(lineOf);
    },
  };
}

function aligned(cell: Line, width: number, align: 'right' | undefined): Line {
  const blanks = span(' '.repeat(Math.max(0, width - lineWidth(cell))));
  return align === 'right' ? [blanks, ...cell] : [...cell, blanks];
}

/** Its fields, one under the other. */
export function factLines<Row>(
  shape: Shape<Row>,
  row: Row,
  fields: readonly string[] = topOf(shape),
): Line[] {
  const width = Math.max(...fields.map((field) => field.length));
  return columnsOf(shape, fields).map((column) => [
    span(column.field.padEnd(width) + GAP, 'dim'),
    ...cellOf(column, row),
  ]);
}

function cellOf<Row>(column: Column<Row>, row: Row): Line {
  const told = column.cell?.(row) ?? textOfValue(valueAt(row, column.field));
  return typeof told === 'string' ? [span(safe(told))] : [{ ...told, text: safe(told.text) }];
}

/** Cut where a terminal ends; a pipe gets all of it. */
function writeLine(line: Line, paper: Paper): void {
  const { isTty, columns, isColored, isAscii } = paper;
  const fitted = isTty && lineWidth(line) > columns ? fitLine(line, columns) : line;
  const plain = isAscii ? fitted.map((piece) => ({ ...piece, text: asciiOf(piece.text) })) : fitted;
  paper.write(`${(isColored ? ansiOf(plain) : textOf(plain)).trimEnd()}\n`);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** For people. */
function textOfValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return INSTANT.test(value) ? dateTime(Date.parse(value)) : value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ') || '-';
  return JSON.stringify(value);
}
