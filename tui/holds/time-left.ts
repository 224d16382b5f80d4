/** How long a hold has, as words and as a bar. By Redis' clock, which stands still while the link is down. */

import { EXPIRING_SOON_MS } from '@flash-sale/shared/terminal-limits.ts';
import { bar } from '../look/bars.ts';
import { timeLeft, wholeTimeLeft } from '../look/format.ts';
import { span, type Span } from '../look/span.ts';
import type { Frame } from '../state/frames.ts';
import { isExpiring, isLiving, type HoldRow } from './hold-row.ts';

/** Tenths of a second of more than that at once are a flicker. */
const FOLLOWED_MAX = 20;

/** Whether more expire than an eye can follow. */
export function isCrowded({ state, nowMs }: Frame): boolean {
  const row = state.holds.rows[FOLLOWED_MAX];
  return row !== undefined && row.state !== 'pinned' && row.deadlineMs - nowMs <= EXPIRING_SOON_MS;
}

/** In the order of the rows, which is up to a second old. */
export function nextToExpire({ state, nowMs }: Frame): HoldRow | undefined {
  return state.holds.rows.find((row) => row.state === 'held' && row.deadlineMs > nowMs);
}

function hasTenths(frame: Frame, row: HoldRow): boolean {
  return !frame.state.isReducedMotion && isExpiring(row, frame.nowMs) && !isCrowded(frame);
}

/** After how long something on the screen looks different. */
export function stepOf(frame: Frame): number {
  const next = nextToExpire(frame);
  return next !== undefined && hasTenths(frame, next) ? 100 : 1_000;
}

/** Redis ends a hold within a moment of its deadline; one that is still there is told of. */
const OVERDUE_MS = 1_000;

export function leftWords(frame: Frame, row: HoldRow): Span {
  if (!isLiving(row)) return span('');
  if (row.state === 'pinned') return span('-', 'dim');
  const leftMs = row.deadlineMs - frame.nowMs;
  if (leftMs <= -OVERDUE_MS) return span('over', 'dim');
  const text = hasTenths(frame, row) ? timeLeft(Math.max(1, leftMs)) : wholeTimeLeft(Math.max(1, leftMs));
  return isExpiring(row, frame.nowMs) ? span(text, 'warn', { bold: true }) : span(text);
}

/** In steps of a second: it says how much, the words say exactly. @param fullMs of a bar that is full */
export function leftBar(frame: Frame, row: HoldRow, fullMs: number, width: number): Span {
  if (!isLiving(row) || row.state === 'pinned') return span('');
  const leftMs = Math.max(1, Math.ceil((row.deadlineMs - frame.nowMs) / 1_000)) * 1_000;
  return span(bar(leftMs / fullMs, width), isExpiring(row, frame.nowMs) ? 'warn' : 'accent');
}
