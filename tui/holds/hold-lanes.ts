/** Above the list: the sale and its units, and what is about to happen to its holds, wherever the list is scrolled to. */

import { HOLDS_SHOWN_MAX } from '@flash-sale/shared/terminal-limits.ts';
import { sparkline } from '../look/bars.ts';
import { count, counted } from '../look/format.ts';
import { asManyAsFit, lineWidth, span, type Line } from '../look/span.ts';
import { cutTo, safe } from '../look/text.ts';
import { saleName, unitsOf, type SaleRow } from '../sales/sale-row.ts';
import { unitsBar } from '../sales/sale-units.ts';
import { alarmWords, stateWord } from '../sales/sale-words.ts';
import type { Frame } from '../state/frames.ts';
import { isExpiring, type HoldRow } from './hold-row.ts';
import { isCrowded, leftWords, nextToExpire } from './time-left.ts';
import { watchedSale } from './watched-sale.ts';

/** The coming seconds that are drawn, where there is room for them. */
const AHEAD_S = 30;
const AHEAD_COLUMNS_MIN = 110;
/** With fewer rows on the screen none is left blank. */
const ROOMY_ROWS = 30;

interface Living {
  readonly held: number;
  readonly heldUnits: number;
  readonly pinned: number;
}

let latest: { readonly rows: readonly HoldRow[]; readonly living: Living } | undefined;

/** Counted once while the rows are the same. */
export function livingOf(rows: readonly HoldRow[]): Living {
  if (latest?.rows === rows) return latest.living;
  let [held, heldUnits, pinned] = [0, 0, 0];
  for (const { state, quantity } of rows) {
    if (state === 'pinned') pinned += 1;
    if (state !== 'held') continue;
    held += 1;
    heldUnits += quantity;
  }
  const living = { held, heldUnits, pinned };
  latest = { rows, living };
  return living;
}

export interface Due {
  readonly expiring: number;
  readonly expiringUnits: number;
  /** Units that come back in each of the coming seconds. */
  readonly ahead: readonly number[];
}

/** Of rows in the order of their deadlines, as they were up to a second ago: since then they were only put off. */
export function dueOf(rows: readonly HoldRow[], nowMs: number): Due {
  const ahead = Array.from({ length: AHEAD_S }, () => 0);
  // Whole seconds: the picture moves once a second.
  const secondMs = Math.floor(nowMs / 1_000) * 1_000;
  let [expiring, expiringUnits] = [0, 0];
  for (const row of rows) {
    const second = Math.max(0, Math.floor((row.deadlineMs - secondMs) / 1_000));
    if (second > AHEAD_S) break;
    if (row.state !== 'held') continue;
    if (second < AHEAD_S) ahead[second] = (ahead[second] ?? 0) + row.quantity;
    if (!isExpiring(row, nowMs)) continue;
    expiring += 1;
    expiringUnits += row.quantity;
  }
  return { expiring, expiringUnits, ahead };
}

export function lanesAbove(frame: Frame, width: number): Line[] {
  const sale = watchedSale(frame.state);
  if (sale === undefined) return [];
  const lines = [saleLine(sale, width), lanesLine(frame, width)];
  return frame.state.rows < ROOMY_ROWS ? lines : [...lines, []];
}

function saleLine(sale: SaleRow, width: number): Line {
  const { allotment, available, ordered, paid } = unitsOf(sale);
  const alarm = alarmWords(sale);
  const left: Line = [
    span(` ${cutTo(safe(saleName(sale)), Math.floor(width / 3))}`, undefined, { bold: true }),
    span('  '),
    stateWord(sale),
    span('  '),
    ...alarm,
    span(alarm.length === 0 ? '' : '  '),
  ];
  const sold = `${count(ordered + paid)} sold`;
  const words = `  ${available === null ? '?' : count(available)} left, ${sold} of ${count(allotment)} `;
  const room = width - lineWidth(left) - words.length;
  return [...left, ...unitsBar(sale, Math.max(0, room)), span(words)];
}

function lanesLine(frame: Frame, width: number): Line {
  const { fault, isCut, rows } = frame.state.holds;
  const { held, heldUnits, pinned } = livingOf(rows);
  const { expiring, expiringUnits, ahead } = dueOf(rows, frame.nowMs);
  const next = isCrowded(frame) ? undefined : nextToExpire(frame);
  const pieces: Line[] = [
    ...(fault === '' || rows.length === 0 ? [] : [[span(`! ${safe(fault)}`, 'warn')]]),
    ...(isCut ? [[span(`more than ${count(HOLDS_SHOWN_MAX)}, the soonest`, 'warn')]] : []),
    [span(count(held), 'held', { bold: true }), span(` held, ${counted(heldUnits, 'unit')}`)],
    [
      span(count(expiring), expiring === 0 ? undefined : 'warn', { bold: true }),
      span(` expiring in 10 s, ${counted(expiringUnits, 'unit')}`),
    ],
    ...(pinned === 0 ? [] : [[span(count(pinned), 'accent', { bold: true }), span(' pinned')]]),
    ...(width < AHEAD_COLUMNS_MIN
      ? []
      : [[span(`due in ${AHEAD_S} s `, 'dim'), span(sparkline(ahead, AHEAD_S), 'warn')]]),
    ...(next === undefined
      ? []
      : [[span('next ', 'dim'), leftWords(frame, next), span(` ${safe(next.buyer ?? '')}`, 'dim')]]),
  ];
  return [span(' '), ...asManyAsFit(pieces, width - 2, '   ')];
}
