/** Lists that come in pages. */

import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import type { Answer } from '../api.ts';
import { must } from './endings.ts';
import { integer, on, optional } from './taken.ts';

const ROWS_DEFAULT = 100;

/** The flags of a list. */
export const PAGED = {
  limit: optional(integer('N', `rows at most; ${ROWS_DEFAULT} when absent`)),
  all: on('all rows, however many'),
} as const;

interface Paged {
  readonly flags: { readonly limit: number | undefined; readonly all: boolean };
  readonly say: (text: string) => void;
}

interface PageOf<Row> {
  readonly items: readonly Row[];
  readonly next_cursor: string | null;
}

export interface PageQuery {
  readonly limit: string;
  readonly cursor?: string;
}

/**
 * Reads pages until there are as many rows as were asked for, and says when there are more.
 * @throws Refused
 */
export async function readRows<Row>(
  { flags, say }: Paged,
  page: (query: PageQuery) => Promise<Answer<PageOf<Row>>>,
): Promise<Row[]> {
  const wanted = flags.all ? Infinity : (flags.limit ?? ROWS_DEFAULT);
  const rows: Row[] = [];
  let cursor: string | null = null;
  do {
    const limit = String(Math.min(PAGE_ROWS_MAX, wanted - rows.length));
    const read: PageOf<Row> = await must(page(cursor === null ? { limit } : { limit, cursor }));
    rows.push(...read.items);
    cursor = read.next_cursor;
  } while (cursor !== null && rows.length < wanted);
  if (cursor !== null) say(`There are more than these ${rows.length}: --limit N or --all reads on.`);
  return rows;
}
