/** How long a hold has, as words and as a bar. By Redis' clock, which stands still while the link is down. */

import { bar } from '../look/bars.ts';
import { timeLeft, wholeTimeLeft } from '../look/format.ts';
import { span, type Span } from '../look/span.ts';
import type { Frame } from '../state/frames.ts';
import { isExpiring, isLiving, type HoldRow } from './hold-row.ts';

/** What the next one to expire counts down in, for whoever does not mind: tenths of a second. */
const TENTH_MS = 100;
const SECOND_MS = 1_000;

/** Between two moments at which it looks different. */
export function stepOf({ state, nowMs }: Frame, row: HoldRow | undefined): number {
  const hasTenths = row !== undefined && !state.isReducedMotion && isExpiring(row, nowMs);
  return hasTenths && row.deadlineMs > nowMs ? TENTH_MS : SECOND_MS;
}

export function leftWords(frame: Frame, row: HoldRow): Span {
  if (!isLiving(row)) return span('');
  if (row.state === 'pinned') return span('-', 'dim');
  const leftMs = row.deadlineMs - frame.nowMs;
  if (leftMs <= 0) return span('over', 'dim');
  const text = frame.state.isReducedMotion ? wholeTimeLeft(leftMs) : timeLeft(leftMs);
  return isExpiring(row, frame.nowMs) ? span(text, 'warn', { bold: true }) : span(text);
}

/** In the same steps as the words: a row is drawn anew for both at once. @param fullMs of a bar that is full */
export function leftBar(frame: Frame, row: HoldRow, fullMs: number, width: number): Span {
  if (!isLiving(row) || row.state === 'pinned') return span('');
  const step = stepOf(frame, row);
  const leftMs = Math.ceil((row.deadlineMs - frame.nowMs) / step) * step;
  return span(bar(leftMs / fullMs, width), isExpiring(row, frame.nowMs) ? 'warn' : 'accent');
}
