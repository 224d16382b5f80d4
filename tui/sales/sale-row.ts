/** A sale as the board shows it: its terms, and its units as of one look at both stores. */

import type { SaleOverview } from '@flash-sale/shared/contracts/overview.ts';
import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import type { State } from '../state/state.ts';
import type { HeldBySecond } from './sales-slice.ts';

export interface SaleRow {
  readonly sale: OperatedSale;
  /** Null for drafts and sales that are over, and while the overview is not known. */
  readonly seen: SaleOverview | null;
  readonly held: HeldBySecond;
}

let latest: { sales: unknown; overview: unknown; rows: readonly SaleRow[] } | undefined;

/** Those that sell first, then those that will, then those that are over. */
export function saleRows({ sales, overview }: State): readonly SaleRow[] {
  if (latest?.sales === sales && latest.overview === overview) return latest.rows;
  const seen = new Map(overview?.sales.map((sale) => [sale.sale_id, sale]));
  const rows = sales.sales
    .map((sale) => ({ sale, seen: seen.get(sale.id) ?? null, held: sales.heldBySecond[sale.id] ?? [] }))
    .toSorted((one, other) => ORDER[stateOf(one)] - ORDER[stateOf(other)] || other.sale.id - one.sale.id);
  latest = { sales, overview, rows };
  return rows;
}

const ORDER = { live: 0, paused: 1, halted: 1, draining: 2, scheduled: 3, draft: 4, ended: 5 } as const;

/** By the list, which is read anew at every event of a sale; the overview follows within a second. */
export function stateOf({ sale }: SaleRow): OperatedSale['state'] {
  return sale.state;
}

export interface SaleUnits {
  readonly allotment: number;
  readonly available: number | null;
  readonly held: number | null;
  readonly ordered: number;
  readonly paid: number;
  readonly returning: number;
}

export function unitsOf({ sale, seen }: SaleRow): SaleUnits {
  return seen?.units ?? { allotment: sale.allotment, ...sale.units };
}

/** How many units do not add up, as the terminal counts them itself; 0, or something is very wrong. */
export function imbalanceOf({ allotment, available, held, ordered, paid, returning }: SaleUnits): number {
  if (available === null || held === null) return 0;
  return available + held + ordered + paid + returning - allotment;
}

export function isSoldOut(row: SaleRow): boolean {
  const { allotment, ordered, paid } = unitsOf(row);
  return allotment > 0 && ordered + paid >= allotment;
}

/** Nothing is left, but holds may come back. */
export function areAllHeld(row: SaleRow): boolean {
  return unitsOf(row).available === 0 && !isSoldOut(row);
}

/** Ordered and paid, as a part of the allotment. */
export function soldOf(row: SaleRow): number {
  const { allotment, ordered, paid } = unitsOf(row);
  return allotment === 0 ? 0 : (ordered + paid) / allotment;
}

export function saleName({ sale }: SaleRow): string {
  return `${sale.product_name} #${sale.id}`;
}

const SLUG_WORDS_MAX = 24;

/** What is typed to launch or end it: `iphone-15-1`. Its product's name as far as a keyboard has it, and its number. */
export function slugOf({ id, product_name: name }: Pick<OperatedSale, 'id' | 'product_name'>): string {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase();
  const words = plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_WORDS_MAX)
    .replaceAll(/^-+|-+$/g, '');
  return `${words || 'sale'}-${id}`;
}
