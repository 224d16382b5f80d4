/** A hold as a row: who has what on the left, the clock on the right, where it ticks cheaply. */

import { HOLD_TTL_DEFAULT_S } from '@flash-sale/shared/limits.ts';
import type { Column } from '../list/columns.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Span, type Tone } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { isExpiring, type HoldRow } from './hold-row.ts';
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
    cell: (row, frame, width) => faded(row, frame, tail(row.id, width)),
    sortBy: ({ id }) => id,
  },
  {
    name: 'buyer',
    title: 'Buyer',
    width: 16,
    grows: 0.5,
    priority: 0,
    cell: (row, frame) => (row.buyer === null ? span('-', 'dim') : faded(row, frame, safe(row.buyer))),
    sortBy: ({ buyer }) => buyer ?? '',
  },
  {
    name: 'units',
    title: 'Units',
    width: 5,
    align: 'right',
    priority: 0,
    cell: (row, frame) => faded(row, frame, String(row.quantity)),
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
    name: 'left',
    title: 'Left',
    width: 7,
    align: 'right',
    priority: 0,
    cell: (row, frame) => leftWords(frame, row),
    sortBy: ({ deadlineMs }) => deadlineMs,
  },
  {
    name: 'bar',
    title: '',
    width: 10,
    grows: 3.5,
    priority: 1,
    cell: (row, frame, width) => leftBar(frame, row, fullMs(frame), width),
  },
];

/** A bar is full for a hold that was placed just now. */
export function fullMs({ state }: Frame): number {
  return (watchedSale(state)?.sale.hold_ttl ?? HOLD_TTL_DEFAULT_S) * 1_000;
}

function tail(id: string, width: number): string {
  return id.length <= width ? id : `…${id.slice(1 - width)}`;
}

const FRESH_MS = 1_000;

/** What became of a hold stands out at first; then its row fades, and then it goes. */
function isFading({ endedAtMs }: HoldRow, nowMs: number): boolean {
  return endedAtMs !== null && nowMs - endedAtMs >= FRESH_MS;
}

function faded(row: HoldRow, { nowMs }: Frame, text: string): Span {
  return span(text, isFading(row, nowMs) ? 'dim' : undefined);
}

const ENDS: Readonly<Record<string, { sign: string; tone: Tone }>> = {
  ordered: { sign: GLYPHS.ok, tone: 'good' },
  released: { sign: GLYPHS.no, tone: 'accent' },
  expired: { sign: GLYPHS.no, tone: 'held' },
  gone: { sign: GLYPHS.no, tone: 'accent' },
  lost: { sign: '!', tone: 'warn' },
  withdrawn: { sign: GLYPHS.no, tone: 'accent' },
};
export function stateWord(row: HoldRow, nowMs: number): Span {
  const { state } = row;
  const end = ENDS[state];
  if (end !== undefined) return span(`${end.sign} ${state}`, isFading(row, nowMs) ? 'dim' : end.tone);
  if (isExpiring(row, nowMs)) return span(`${GLYPHS.down} expiring`, 'warn', { bold: true });
  return state === 'pinned' ? span('  pinned', 'accent') : span('  held');
}
