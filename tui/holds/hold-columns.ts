/** A hold as a row: who has what on the left, the clock on the right, where it ticks cheaply. */

import { HOLD_TTL_DEFAULT_S } from '@flash-sale/shared/limits.ts';
import type { Column } from '../list/columns.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Span, type Tone } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { isExpiring, isLiving, type HoldRow } from './hold-row.ts';
import { leftBar, leftWords } from './time-left.ts';
import { watchedSale } from './watched-sale.ts';

export const HOLD_COLUMNS: readonly Column<HoldRow>[] = [
  {
    name: 'hold',
    title: 'Hold',
    width: 13,
    grows: 1,
    priority: 2,
    // All holds of a sale begin alike, with its number; the end tells them apart.
    cell: (row, _frame, width) => faded(row, tail(row.id, width)),
    sortBy: ({ id }) => id,
  },
  {
    name: 'buyer',
    title: 'Buyer',
    width: 16,
    grows: 1,
    priority: 0,
    cell: (row) => (row.buyer === null ? span('-', 'dim') : faded(row, safe(row.buyer))),
    sortBy: ({ buyer }) => buyer ?? '',
  },
  {
    name: 'units',
    title: 'Units',
    width: 5,
    align: 'right',
    priority: 0,
    cell: (row) => faded(row, String(row.quantity)),
    sortBy: ({ quantity }) => quantity,
  },
  {
    name: 'state',
    title: 'State',
    width: 11,
    priority: 0,
    cell: (row, frame) => stateWord(row, frame.nowMs),
    sortBy: ({ state }) => state,
  },
  {
    name: 'bar',
    title: '',
    width: 10,
    grows: 3,
    priority: 1,
    cell: (row, frame, width) => leftBar(frame, row, fullMs(frame), width),
  },
  {
    name: 'left',
    title: 'Left',
    width: 7,
    align: 'right',
    priority: 0,
    cell: (row, frame) => leftWords(frame, row),
    sortBy: ({ deadlineMs }) => deadlineMs,
  },
];

/** A bar is full for a hold that was placed just now. */
export function fullMs({ state }: Frame): number {
  return (watchedSale(state)?.sale.hold_ttl ?? HOLD_TTL_DEFAULT_S) * 1_000;
}

function tail(id: string, width: number): string {
  return id.length <= width ? id : `…${id.slice(1 - width)}`;
}

function faded(row: HoldRow, text: string): Span {
  return isLiving(row) ? span(text) : span(text, 'dim');
}

const ENDS: Readonly<Record<string, { sign: string; tone: Tone }>> = {
  ordered: { sign: GLYPHS.ok, tone: 'good' },
  released: { sign: GLYPHS.no, tone: 'accent' },
  expired: { sign: GLYPHS.no, tone: 'held' },
  gone: { sign: GLYPHS.no, tone: 'accent' },
  lost: { sign: '!', tone: 'warn' },
  withdrawn: { sign: GLYPHS.no, tone: 'accent' },
};
const FRESH_MS = 1_000;

/** What became of a hold stands out at first, and then fades. */
export function stateWord(row: HoldRow, nowMs: number): Span {
  const { state, endedAtMs } = row;
  const end = ENDS[state];
  if (endedAtMs !== null && end !== undefined)
    return span(`${end.sign} ${state}`, nowMs - endedAtMs < FRESH_MS ? end.tone : 'dim');
  if (isExpiring(row, nowMs)) return span(`${GLYPHS.down} expiring`, 'warn', { bold: true });
  return state === 'pinned' ? span('  pinned', 'accent') : span('  held');
}
