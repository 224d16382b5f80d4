/**
 * What was loaded of a list of which the API has more: its newest part, and what the API found for the filter. Both are
 * without holes from the newest row on, so that what is shown is never a sample.
 */

export interface Part<Row> {
  /** Newest first. */
  readonly rows: readonly Row[];
  readonly isRead: boolean;
  /** The cursor of the page after the last row; null: there is none. */
  readonly older: string | null;
}

export interface ServerList<Row> {
  readonly newest: Part<Row>;
  /** For the filter with that query; null when there is nothing in the filter that the API can look for. */
  readonly found: (Part<Row> & { readonly query: string }) | null;
  /** `new`: something was told that is not in here yet. `lost`: older rows may be wrong too. */
  readonly behind: 'no' | 'new' | 'lost';
  /** Why the API could not be read; empty when it could. */
  readonly fault: string;
  readonly isReading: boolean;
}

export const NOTHING = { rows: [], isRead: false, older: null };

export const NOT_READ: ServerList<never> = {
  newest: NOTHING,
  found: null,
  behind: 'no',
  fault: '',
  isReading: false,
};

export interface Page<Row> {
  readonly items: readonly Row[];
  readonly next_cursor: string | null;
}

/** What the kinds of rows differ in. */
export interface Kind<Row> {
  idOf(row: Row): string;
  /** Negative when the first is the newer one. */
  compare(one: Row, other: Row): number;
  /** Of two looks at the same row the later one. */
  later(known: Row, read: Row): Row;
}

/** A first page before what was known; what was known stays only where the page reaches it. */
export function withNewest<Row>(kind: Kind<Row>, part: Part<Row>, page: Page<Row>): Part<Row> {
  const known = new Map(part.rows.map((row) => [kind.idOf(row), row]));
  const rows = page.items.map((row) => {
    const before = known.get(kind.idOf(row));
    return before === undefined ? row : kind.later(before, row);
  });
  const last = rows.at(-1);
  const alone = { rows, isRead: true, older: page.next_cursor };
  if (last === undefined || page.next_cursor === null) return alone;
  const isReached = rows.some((row) => known.has(kind.idOf(row)));
  const rest = isReached ? part.rows.filter((row) => kind.compare(row, last) > 0) : [];
  if (rest.length === 0 || rows.length + rest.length > ROWS_KEPT_MAX) return alone;
  return { rows: [...rows, ...rest], isRead: true, older: part.older };
}

/** The page after what was known. */
export function withOlder<Row>(part: Part<Row>, page: Page<Row>): Part<Row> {
  return { ...part, rows: [...part.rows, ...page.items], older: page.next_cursor };
}

/** Beyond that the older rows are let go, and can be loaded again. */
const ROWS_KEPT_MAX = 10_000;

/** Both parts, each row once. */
export function united<Row>(kind: Kind<Row>, list: ServerList<Row>): readonly Row[] {
  const byId = new Map(list.newest.rows.map((row) => [kind.idOf(row), row]));
  for (const row of list.found?.rows ?? []) {
    const known = byId.get(kind.idOf(row));
    byId.set(kind.idOf(row), known === undefined ? row : kind.later(known, row));
  }
  return [...byId.values()].toSorted((one, other) => kind.compare(one, other));
}
