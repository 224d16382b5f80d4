/** A hold as the list shows it: living, or for a moment as what became of it. */

import type { HoldChange } from '@flash-sale/shared/contracts/event.ts';
import type { ListedHoldState } from '@flash-sale/shared/contracts/operator-hold.ts';
import { EXPIRING_SOON_MS } from '@flash-sale/shared/terminal-limits.ts';

export interface HoldRow {
  readonly id: string;
  readonly buyer: string | null;
  readonly quantity: number;
  readonly deadlineMs: number;
  /**
   * `pinned`: its order is being written, and its deadline does not matter. The others are over; `gone`: it is not in
   * the list any more, and no event has told why.
   */
  readonly state: ListedHoldState | Extract<HoldChange, 'withdrawn'> | 'gone';
  /** When it was heard that it is over; null while it lives. */
  readonly endedAtMs: number | null;
  /** Which batch of events told of it last; 0: none, it was read. */
  readonly heardIn: number;
}

export function isLiving({ endedAtMs }: HoldRow): boolean {
  return endedAtMs === null;
}

/** Whether it expires within the next seconds. */
export function isExpiring({ state, deadlineMs }: HoldRow, nowMs: number): boolean {
  return state === 'held' && deadlineMs - nowMs <= EXPIRING_SOON_MS;
}

/** The next to expire first; then the pinned ones, which do not expire. */
export function byDeadline(one: HoldRow, other: HoldRow): number {
  const pins = Number(one.state === 'pinned') - Number(other.state === 'pinned');
  return pins || one.deadlineMs - other.deadlineMs || (one.id < other.id ? -1 : 1);
}
