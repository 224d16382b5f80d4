/** Lists come in pages: a cursor that is opaque to callers, and a limit. */

import { Type, type TSchema } from '@sinclair/typebox';
import { CURSOR_LENGTH_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { invalidRequest } from './failures.ts';
import { filter, readInteger } from './query.ts';

/** The query of every list; routes add their filters. */
export const PAGE_QUERY = {
  cursor: filter('next_cursor of the page before.', 'NDI', CURSOR_LENGTH_MAX),
  limit: filter(`Rows, 1 to ${PAGE_ROWS_MAX}; ${PAGE_ROWS_DEFAULT} when absent.`, String(PAGE_ROWS_DEFAULT)),
};

export interface PageRequest<Cursor> {
  /** Where the page before ended; null begins at the beginning. */
  readonly after: Cursor | null;
  readonly limit: number;
}

/** @throws RequestFault when the cursor is not one of ours */
export function readPage<Cursor>(
  query: { cursor?: string | undefined; limit?: string | undefined },
  isCursor: (value: unknown) => value is Cursor,
): PageRequest<Cursor> {
  const limit = readInteger('limit', query.limit, 1, PAGE_ROWS_MAX) ?? PAGE_ROWS_DEFAULT;
  if (query.cursor === undefined) return { after: null, limit };
  const after = decodeCursor(query.cursor);
  if (isCursor(after)) return { after, limit };
  throw invalidRequest({ cursor: ['must be the next_cursor of an earlier page'] });
}

/** As `next_cursor` says where the next page begins. */
export function encodeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function decodeCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** @param rows up to `limit`: fewer say that nothing follows */
export function pageOf<Row, View>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => unknown,
  viewOf: (row: Row) => View,
): { items: View[]; next_cursor: string | null } {
  const last = rows.at(-1);
  const next = last === undefined || rows.length < limit ? null : encodeCursor(cursorOf(last));
  return { items: rows.map(viewOf), next_cursor: next };
}

export function pageSchema<Item extends TSchema>(item: Item) {
  return Type.Object({ items: Type.Array(item), next_cursor: Type.Union([Type.String(), Type.Null()]) });
}

export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
