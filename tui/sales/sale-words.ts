/** What a sale is at the moment, in words. */

import { ago, count, timeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line, type Span, type Tone } from '../look/span.ts';
import {
  areAllHeld,
  imbalanceOf,
  isSoldOut,
  stateOf,
  unitsOf,
  type SaleRow,
  type SaleUnits,
} from './sale-row.ts';

const STATE_TONES: Readonly<Record<SaleRow['sale']['state'], Tone>> = {
  draft: 'dim',
  scheduled: 'accent',
  live: 'good',
  paused: 'warn',
  halted: 'warn',
  draining: 'accent',
  ended: 'dim',
};

export function toneOfState(state: SaleRow['sale']['state']): Tone {
  return STATE_TONES[state];
}

/** Wide enough for every state. */
export const STATE_WIDTH = 10;

export function stateWord(row: SaleRow): Span {
  const state = stateOf(row);
  // Sold out is what everybody hoped for, and says more than that it is on.
  if (state === 'live' && isSoldOut(row)) return span(`${GLYPHS.ok} sold out`, 'paid', { bold: true });
  return span(state, STATE_TONES[state]);
}

/** What the state leaves unsaid. */
export function stockWords(row: SaleRow): Line {
  if (stateOf(row) === 'live') return areAllHeld(row) ? [span('all held', 'held')] : [];
  return isSoldOut(row) ? [span(`${GLYPHS.ok} sold out`, 'paid')] : [];
}

/** The only red on the board. */
export function alarmWords(row: SaleRow): Line {
  const alarm = alarmOf(unitsOf(row), stateOf(row), row.seen);
  return alarm === null ? [] : [alarm];
}

/** @param seen null: it is not known whether it is armed, nor what the auditor found */
export function alarmOf(
  units: SaleUnits,
  state: SaleRow['sale']['state'],
  seen: SaleRow['seen'],
): Span | null {
  const oversold = units.ordered + units.paid - units.allotment;
  const drift = seen?.audit?.drift ?? 0;
  const imbalance = imbalanceOf(units);
  if (oversold > 0) return span(`! OVERSOLD by ${count(oversold)}: halt the sale`, 'alarm');
  if (drift !== 0) return span(`! DRIFT of ${count(drift)} units: the auditor pauses and rebuilds`, 'alarm');
  if (imbalance !== 0) return span(`! ${count(imbalance)} units do not add up`, 'alarm');
  if (seen?.audit?.is_right === false) return span('! the books do not add up', 'alarm');
  if (seen?.armed === false && state !== 'ended') {
    return span('! not armed: Redis sells nothing of it now', 'warn');
  }
  return null;
}

/** When the next thing happens by itself; null: nothing will. */
export function nextAtMs({ sale }: SaleRow, nowMs: number): number | null {
  const opensAtMs = Date.parse(sale.opens_at);
  if (nowMs < opensAtMs) return opensAtMs;
  return sale.closes_at === null ? null : Date.parse(sale.closes_at);
}

const LAST_MINUTE_MS = 60_000;

/** Until it opens, until it closes, or what it waits for. */
export function clockWords(row: SaleRow, nowMs: number): Line {
  const { sale } = row;
  switch (stateOf(row)) {
    case 'draft':
      return [span(Date.parse(sale.opens_at) > nowMs ? windowWords(row, nowMs) : 'not launched', 'dim')];
    case 'ended':
      return sale.ended_at === null ? [] : [span(`ended ${ago(nowMs - Date.parse(sale.ended_at))}`, 'dim')];
    case 'draining': {
      const { held, ordered } = unitsOf(row);
      return [span(`ends when ${count((held ?? 0) + ordered)} are settled`, 'dim')];
    }
    case 'halted':
      return [span('stopped', 'warn')];
    case 'scheduled':
    case 'live':
    case 'paused':
      return runningClock(row, nowMs);
  }
}

function runningClock(row: SaleRow, nowMs: number): Line {
  const opensAtMs = Date.parse(row.sale.opens_at);
  const nextMs = nextAtMs(row, nowMs);
  if (nextMs === null) return [span('open until ended', 'dim')];
  const leftMs = nextMs - nowMs;
  if (nowMs < opensAtMs) return [span('opens in ', 'dim'), span(timeLeft(leftMs), 'accent')];
  if (leftMs <= 0) return [span('closed', 'dim')];
  return [
    span('closes in ', 'dim'),
    span(timeLeft(leftMs), leftMs < LAST_MINUTE_MS ? 'warn' : undefined, { bold: true }),
  ];
}

function windowWords({ sale }: SaleRow, nowMs: number): string {
  return `would open in ${timeLeft(Date.parse(sale.opens_at) - nowMs)}`;
}

/** The clock as a column has it: what happens next is told by a sign. */
export function shortClock(row: SaleRow, nowMs: number): Line {
  const state = stateOf(row);
  const nextMs = state === 'ended' || state === 'halted' ? null : nextAtMs(row, nowMs);
  if (nextMs === null || nextMs <= nowMs) return [];
  const opensAtMs = Date.parse(row.sale.opens_at);
  const isBefore = nowMs < opensAtMs;
  const tone =
    state === 'draft' ? 'dim' : isBefore ? 'accent' : nextMs - nowMs < LAST_MINUTE_MS ? 'warn' : undefined;
  return [span(isBefore ? 'opens ' : 'closes ', 'dim'), span(timeLeft(nextMs - nowMs), tone)];
}
