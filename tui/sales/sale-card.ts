/** A sale at a glance: its name and clock, its units as a bar that balances, its numbers. */

import { gauge, sparkline, type Part } from '../look/bars.ts';
import { count, percent, rate, timeLeft, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, fitLine, span, spread, type Line, type Tone } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import {
  imbalanceOf,
  isSoldOut,
  saleName,
  stateOf,
  unitsOf,
  type SaleRow,
  type SaleUnits,
} from './sale-row.ts';

export const CARD_HEIGHT = 4;

export function cardLines({ nowMs }: Frame, row: SaleRow, width: number): Line[] {
  const left: Line = [span(safe(saleName(row)), undefined, { bold: true }), span('  '), stateWord(row)];
  return [
    spread([...left, span('  '), ...alarmWords(row)], clockWords(row, nowMs), width),
    unitsBar(unitsOf(row), width),
    spread(unitsWords(unitsOf(row), width), paceWords(row, width), width),
    [],
  ];
}

const STATE_TONES: Readonly<Record<SaleRow['sale']['state'], Tone>> = {
  draft: 'dim',
  scheduled: 'accent',
  live: 'good',
  paused: 'warn',
  halted: 'warn',
  draining: 'accent',
  ended: 'dim',
};

export function stateWord(row: SaleRow) {
  const state = stateOf(row);
  // Sold out is what everybody hoped for.
  if (isSoldOut(row)) return span(`${GLYPHS.ok} sold out${state === 'live' ? '' : `, ${state}`}`, 'paid');
  return span(state, STATE_TONES[state]);
}

/** The only red on the board. */
export function alarmWords(row: SaleRow): Line {
  const { allotment, ordered, paid } = unitsOf(row);
  const oversold = ordered + paid - allotment;
  const drift = row.seen?.audit?.drift ?? 0;
  const imbalance = imbalanceOf(row);
  if (oversold > 0) return [span(`! OVERSOLD by ${count(oversold)}: halt the sale`, 'alarm')];
  if (drift !== 0)
    return [span(`! DRIFT of ${count(drift)} units: the auditor pauses and rebuilds`, 'alarm')];
  if (imbalance !== 0) return [span(`! ${count(imbalance)} units do not add up`, 'alarm')];
  if (row.seen !== null && !row.seen.armed && stateOf(row) !== 'ended') {
    return [span('! not armed: Redis sells nothing of it now', 'warn')];
  }
  return [];
}

/** Until it opens, until it closes. Where the time ticks there are tenths only in the last seconds. */
export function clockWords(row: SaleRow, nowMs: number): Line {
  const opensAtMs = Date.parse(row.seen?.opens_at ?? row.sale.opens_at);
  const closesAt = row.seen === null ? row.sale.closes_at : row.seen.closes_at;
  const state = stateOf(row);
  if (state === 'draft' || state === 'ended') return [];
  if (nowMs < opensAtMs) return [span('opens in ', 'dim'), span(timeLeft(opensAtMs - nowMs), 'accent')];
  if (closesAt === null) return [span('open until it is ended', 'dim')];
  const leftMs = Date.parse(closesAt) - nowMs;
  if (leftMs <= 0) return [span('closed', 'dim')];
  return [span('closes in ', 'dim'), span(timeLeft(leftMs), leftMs < 60_000 ? 'warn' : undefined)];
}

export function unitsBar(units: SaleUnits, width: number): Line {
  return fitLine(gauge(partsOf(units), width), width);
}

function partsOf({ available, held, ordered, paid, returning }: SaleUnits): Part[] {
  return [
    { units: paid, glyph: GLYPHS.paid, tone: 'paid' },
    { units: ordered, glyph: GLYPHS.ordered, tone: 'ordered' },
    { units: held ?? 0, glyph: GLYPHS.held, tone: 'held' },
    { units: (available ?? 0) + returning, glyph: GLYPHS.available, tone: 'available' },
  ];
}

/** `40 paid + 10 ordered + 20 held + 30 available = 100`: the sum is the promise. */
function unitsWords(units: SaleUnits, width: number): Line {
  const { allotment, available, held, ordered, paid, returning } = units;
  const isShort = width < 90;
  const part = (glyph: string, value: number | null, name: string, tone: Tone): Line => [
    span(`${glyph} `, tone),
    span(value === null ? '?' : count(value)),
    span(isShort ? '' : ` ${name}`, 'dim'),
  ];
  const sum: Line[] = [
    part(GLYPHS.paid, paid, 'paid', 'paid'),
    part(GLYPHS.ordered, ordered, 'ordered', 'ordered'),
    part(GLYPHS.held, held, 'held', 'held'),
    part(GLYPHS.available, available, 'available', 'available'),
    ...(returning === 0 ? [] : [part('↑', returning, 'returning', 'available')]),
  ];
  return [
    ...sum.flatMap((line, index): Line => (index === 0 ? line : [span(' + ', 'dim'), ...line])),
    span(' = ', 'dim'),
    span(count(allotment), undefined, { bold: true }),
  ];
}

function paceWords(row: SaleRow, width: number): Line {
  const { seen, held } = row;
  if (seen === null) return [];
  const pieces: Line[] = [
    [span(`${percent(seen.sell_through)} sold`)],
    ...(seen.rates === null ? [] : [[span(`${rate(seen.rates.held_per_second)} held`, 'held')]]),
    ...(seen.sold_out_in_seconds === null || seen.sold_out_in_seconds === 0
      ? []
      : [[span(`sold out in ${wholeTimeLeft(seen.sold_out_in_seconds * 1_000)}`, 'dim')]]),
    ...(held.length === 0 ? [] : [[span(sparkline(held, 30), 'held')]]),
  ];
  return asManyAsFit(pieces, Math.max(0, Math.floor(width * 0.55)));
}
