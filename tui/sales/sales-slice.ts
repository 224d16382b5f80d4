/** What is known of the sales beside the overview: those that are drafts or over, and how fast units were held. */

import type { AnyEvent } from '@flash-sale/shared/contracts/event.ts';
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
  /** Units held in the second that is going on. */
  readonly heldNow: ReadonlyMap<number, number>;
}

export const NO_SALES: SalesSlice = {
  sales: [],
  fault: '',
  isRead: false,
  heldBySecond: {},
  heldNow: new Map(),
};

/** A minute of seconds. */
const SECONDS_KEPT = 60;

export function addHeld(slice: SalesSlice, events: readonly AnyEvent[]): SalesSlice {
  const heldNow = new Map(slice.heldNow);
  let isSame = true;
  for (const event of events) {
    if (event.type !== 'hold.placed') continue;
    heldNow.set(event.sale_id, (heldNow.get(event.sale_id) ?? 0) + event.quantity);
    isSame = false;
  }
  if (isSame) return slice;
  return { ...slice, heldNow };
}

/** The second is over. The same slice while nobody holds anything. */
export function endSecond(slice: SalesSlice): SalesSlice {
  const ids = new Set([...Object.keys(slice.heldBySecond).map(Number), ...slice.heldNow.keys()]);
  if (ids.size === 0) return slice;
  const next: Record<number, HeldBySecond> = {};
  for (const id of ids) {
    const seconds = [...(slice.heldBySecond[id] ?? []), slice.heldNow.get(id) ?? 0].slice(-SECONDS_KEPT);
    if (seconds.some((units) => units > 0)) next[id] = seconds;
  }
  return { ...slice, heldBySecond: next, heldNow: new Map() };
}
