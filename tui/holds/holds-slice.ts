/**
 * The holds of one sale: read once, then kept by events. What an event said while a list was being read is newer than
 * the list: a hold that ended stays ended, and of two deadlines the later one is right.
 */

import type { AnyEvent, HoldChange } from '@flash-sale/shared/contracts/event.ts';
import type { ListedHold } from '@flash-sale/shared/contracts/operator-hold.ts';
import {
  GHOST_MS,
  GHOSTS_TOGETHER_MAX,
  HOLDS_SHOWN_MAX,
  REORDER_EVERY_MS,
} from '@flash-sale/shared/terminal-limits.ts';
import { byDeadline, isLiving, type HoldRow } from './hold-row.ts';

export interface HoldsSlice {
  readonly saleId: number | null;
  /** As they are shown. */
  readonly rows: readonly HoldRow[];
  /** Where each of the rows is. */
  readonly places: ReadonlyMap<string, number>;
  /** Newcomers wait for the next time rows change places. */
  readonly waiting: ReadonlyMap<string, HoldRow>;
  readonly orderedAtMs: number;
  /** The list that was last seen in use, and when: nothing moves under somebody's hands. */
  readonly used: { readonly list: unknown; readonly atMs: number };
  /** Batches of events heard so far. */
  readonly batches: number;
  /** How many times it was begun to read the list; only the latest counts. */
  readonly reads: number;
  readonly reading: Reading | null;
  readonly isRead: boolean;
  /** There are more holds than are kept. */
  readonly isCut: boolean;
  /** Why they could not be read; empty when they could. */
  readonly fault: string;
}

interface Reading {
  /** What later batches say is newer than the list. */
  readonly sinceBatch: number;
  readonly ended: ReadonlySet<string>;
}

export const NO_HOLDS: HoldsSlice = {
  saleId: null,
  rows: [],
  places: new Map(),
  waiting: new Map(),
  orderedAtMs: 0,
  used: { list: undefined, atMs: 0 },
  batches: 0,
  reads: 0,
  reading: null,
  isRead: false,
  isCut: false,
  fault: '',
};

export function findHold({ rows, places, waiting }: HoldsSlice, id: string): HoldRow | undefined {
  const place = places.get(id);
  return place === undefined ? waiting.get(id) : rows[place];
}

export function countHolds({ rows, waiting }: HoldsSlice): number {
  return rows.length + waiting.size;
}

/** Writes rows where they are, or among those that wait. What is not written is shared with the slice before. */
function writer(slice: HoldsSlice) {
  const rows = slice.rows.slice();
  const waiting = new Map(slice.waiting);
  const write = (row: HoldRow) => {
    const place = slice.places.get(row.id);
    if (place === undefined) waiting.set(row.id, row);
    else rows[place] = row;
  };
  return { next: { ...slice, rows, waiting }, write };
}

/** What is shown of the same sale stays until the list says otherwise. */
export function beginRead(slice: HoldsSlice, saleId: number): HoldsSlice {
  const kept = slice.saleId === saleId ? slice : { ...NO_HOLDS, saleId, batches: slice.batches };
  const reading = { sinceBatch: slice.batches, ended: new Set<string>() };
  return { ...kept, reads: slice.reads + 1, reading };
}

export function readPage(slice: HoldsSlice, items: readonly ListedHold[], nowMs: number): HoldsSlice {
  const { reading } = slice;
  if (reading === null) return slice;
  const { next, write } = writer(slice);
  for (const item of items) {
    if (!reading.ended.has(item.hold_id)) write(merged(findHold(next, item.hold_id), item, reading));
  }
  return slice.rows.length === 0 ? reordered(next, nowMs) : next;
}

function merged(known: HoldRow | undefined, item: ListedHold, { sinceBatch }: Reading): HoldRow {
  const deadlineMs = Date.parse(item.expires_at);
  const { hold_id: id, buyer_id: buyer, quantity, state } = item;
  if (known === undefined) return { id, buyer, quantity, deadlineMs, state, endedAtMs: null, heardIn: 0 };
  // Events say nothing of pins that come and go while an order is written: there the list knows more.
  if (known.heardIn > sinceBatch) {
    return { ...known, state, deadlineMs: Math.max(known.deadlineMs, deadlineMs) };
  }
  const isSame = known.state === state && known.deadlineMs === deadlineMs && isLiving(known);
  return isSame ? known : { ...known, state, deadlineMs, endedAtMs: null };
}

/** @param seen the ids of all pages; @param isCut whether there was more than was read */
export function endRead(
  slice: HoldsSlice,
  seen: ReadonlySet<string>,
  isCut: boolean,
  nowMs: number,
): HoldsSlice {
  const { reading } = slice;
  if (reading === null) return slice;
  const { next, write } = writer(slice);
  for (const row of [...slice.rows, ...slice.waiting.values()]) {
    const isMissed = isLiving(row) && !seen.has(row.id) && row.heardIn <= reading.sinceBatch;
    // The list may be ahead of the events: one of them may yet tell what became of it.
    if (isMissed) write({ ...row, state: 'gone', endedAtMs: nowMs });
  }
  return reordered({ ...next, reading: null, isRead: true, isCut, fault: '' }, nowMs);
}

export function failRead(slice: HoldsSlice, fault: string): HoldsSlice {
  return { ...slice, reading: null, fault };
}

type HoldEvent = Extract<AnyEvent, { type: `hold.${HoldChange}` }>;

/** The same slice when nothing happened to this sale's holds. */
export function hear(slice: HoldsSlice, events: readonly AnyEvent[], nowMs: number): HoldsSlice {
  const about = events.filter((event): event is HoldEvent => event.type.startsWith('hold.'));
  const ours = about.filter((event) => event.sale_id === slice.saleId);
  if (ours.length === 0) return slice;
  const heardIn = slice.batches + 1;
  const { next, write } = writer(slice);
  const ended = new Set(slice.reading?.ended);
  let { isCut } = slice;
  for (const event of ours) {
    const known = findHold(next, event.hold_id);
    const state = stateAfter(event);
    if (state === 'held' || state === 'pinned') {
      if (known === undefined && countHolds(next) >= HOLDS_SHOWN_MAX) isCut = true;
      else write({ ...rowOf(event), state, heardIn });
    } else {
      ended.add(event.hold_id);
      if (known !== undefined && (isLiving(known) || known.state === 'gone')) {
        write({ ...known, state, endedAtMs: nowMs, heardIn });
      }
    }
  }
  const reading = slice.reading === null ? null : { ...slice.reading, ended };
  return { ...next, isCut, reading, batches: heardIn };
}

function rowOf(event: HoldEvent): Omit<HoldRow, 'state' | 'heardIn'> {
  const { hold_id: id, buyer_id: buyer, quantity, expires_at } = event;
  return { id, buyer, quantity, deadlineMs: Date.parse(expires_at), endedAtMs: null };
}

function stateAfter({ type }: HoldEvent): HoldRow['state'] {
  switch (type) {
    case 'hold.placed':
    case 'hold.extended':
      return 'held';
    case 'hold.taken':
      return 'pinned';
    case 'hold.released':
      return 'released';
    case 'hold.expired':
      return 'expired';
    case 'hold.ordered':
      return 'ordered';
    case 'hold.lost':
      return 'lost';
    case 'hold.withdrawn':
      return 'withdrawn';
  }
}

/**
 * Lets rows change places when it is time: the order is brought up to date, newcomers appear and ghosts go.
 * @param list in what state the list is; @param isFrozen then nobody goes, so that it is seen what became of whom
 */
export function settle(slice: HoldsSlice, list: unknown, isFrozen: boolean, nowMs: number): HoldsSlice {
  const used = list === slice.used.list ? slice.used : { list, atMs: nowMs };
  const next = used === slice.used ? slice : { ...slice, used };
  const isBusy = isWithin(used.atMs, nowMs) || isWithin(slice.orderedAtMs, nowMs);
  if (isBusy || (isFrozen && countHolds(slice) <= 2 * HOLDS_SHOWN_MAX)) return next;
  const after = reordered(next, nowMs);
  const isSame =
    after.rows.length === next.rows.length && after.rows.every((row, at) => row === next.rows[at]);
  return isSame && next.waiting.size === 0 ? next : after;
}

/** A clock that was set back makes nobody wait. */
function isWithin(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < REORDER_EVERY_MS;
}

function isFaded({ endedAtMs }: HoldRow, nowMs: number): boolean {
  return endedAtMs !== null && nowMs - endedAtMs >= GHOST_MS;
}

function reordered(slice: HoldsSlice, nowMs: number): HoldsSlice {
  const all = [...slice.rows, ...slice.waiting.values()].filter((row) => !isFaded(row, nowMs));
  const rows = withoutCrowdsOfGhosts(all.toSorted(byDeadline));
  const places = new Map(rows.map((row, place) => [row.id, place]));
  return { ...slice, rows, places, waiting: new Map(), orderedAtMs: nowMs };
}

/** Of many ghosts side by side only the last. */
function withoutCrowdsOfGhosts(rows: readonly HoldRow[]): HoldRow[] {
  const kept: HoldRow[] = [];
  let together = 0;
  for (const row of rows.toReversed()) {
    together = isLiving(row) ? 0 : together + 1;
    if (together <= GHOSTS_TOGETHER_MAX) kept.push(row);
  }
  return kept.reverse();
}
