/** What is known of the sales beside the overview: those that are drafts or over, and how fast units were held. */

import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';

/** Units held in each of the last seconds, the newest last. */
export type HeldBySecond = readonly number[];

export interface SalesSlice {
  /** Newest first. */
  readonly sales: readonly OperatedSale[];
  /** Why they could not be read; empty when they could. */
  readonly fault: string;
  readonly isRead: boolean;
  readonly heldBySecond: Readonly<Record<number, HeldBySecond>>;
}

export const NO_SALES: SalesSlice = { sales: [], fault: '', isRead: false, heldBySecond: {} };

/** A minute of seconds. */
const SECONDS_KEPT = 60;

/** The second that has just ended: what was held in it of each sale. */
export function addSecond(slice: SalesSlice, held: ReadonlyMap<number, number>): SalesSlice {
  const ids = new Set([...Object.keys(slice.heldBySecond).map(Number), ...held.keys()]);
  const next: Record<number, HeldBySecond> = {};
  for (const id of ids) {
    const seconds = [...(slice.heldBySecond[id] ?? []), held.get(id) ?? 0].slice(-SECONDS_KEPT);
    if (seconds.some((units) => units > 0)) next[id] = seconds;
  }
  return { ...slice, heldBySecond: next };
}
