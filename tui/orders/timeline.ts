/** What happened to an order, as a line from the hold to its end, with the time that passed between. */

import type {
  OrderHistory,
  TimelineEntry,
  TimelineEvent,
} from '@flash-sale/shared/contracts/operator-order.ts';
import { counted, dateTime, timeLeft, timeOfDay, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line, type Tone } from '../look/span.ts';
import { safe, shortId, wrapText } from '../look/text.ts';

const TIME_WIDTH = 8;
const WORD_WIDTH = 9;
const SAYS_AT = TIME_WIDTH + 4 + WORD_WIDTH + 2;

interface Step {
  /** Null: nobody knows. */
  readonly atMs: number | null;
  readonly sign: string;
  readonly tone: Tone;
  readonly word: string;
  readonly says: string;
}

export function timelineLines(history: OrderHistory, nowMs: number, width: number): Line[] {
  const steps = [heldStep(history), ...history.timeline.map(stepOf), ...nextStep(history, nowMs)];
  let beforeMs: number | null = null;
  return steps.flatMap((step): Line[] => {
    const gap = beforeMs === null || step.atMs === null ? [] : gapLines(beforeMs, step.atMs);
    beforeMs = step.atMs ?? beforeMs;
    return [...gap, ...stepLines(step, width)];
  });
}

function heldStep({ hold_id: id, quantity }: OrderHistory): Step {
  const says = `${counted(quantity, 'unit')}, as ${shortId(id)}`;
  return { atMs: null, sign: GLYPHS.stale, tone: 'held', word: 'held', says };
}

/** What was done to it is filled, what was heard or asked is not. */
const LOOKS: Readonly<Record<TimelineEvent, { readonly sign: string; readonly tone: Tone }>> = {
  ordered: { sign: GLYPHS.mark, tone: 'ordered' },
  delivery: { sign: GLYPHS.stale, tone: 'dim' },
  payment: { sign: GLYPHS.mark, tone: 'paid' },
  expired: { sign: GLYPHS.no, tone: 'dim' },
  cancelled: { sign: GLYPHS.no, tone: 'dim' },
  refunded: { sign: GLYPHS.ok, tone: 'good' },
  operator: { sign: GLYPHS.stale, tone: 'accent' },
};

function stepOf({ at, event, says, disposition }: TimelineEntry): Step {
  const isOwed = disposition !== undefined && disposition !== 'applied' && disposition !== 'late_applied';
  const look = isOwed ? { sign: '!', tone: 'warn' as const } : LOOKS[event];
  return { atMs: Date.parse(at), ...look, word: event, says: says.replaceAll('refund_due', 'refund due') };
}

/** What comes next by itself. */
function nextStep({ state, pay_by: payBy }: OrderHistory, nowMs: number): Step[] {
  if (state !== 'pending') return [];
  const atMs = Date.parse(payBy);
  const leftMs = atMs - nowMs;
  const says = leftMs > 0 ? `unless it is paid in ${wholeTimeLeft(leftMs)}` : 'any moment';
  return [{ atMs, sign: GLYPHS.stale, tone: 'warn', word: 'expires', says }];
}

function gapLines(fromMs: number, toMs: number): Line[] {
  const says = toMs - fromMs < 1_000 ? '' : `  + ${timeLeft(toMs - fromMs)}`;
  const isOtherDay = dateTime(fromMs).slice(0, 10) !== dateTime(toMs).slice(0, 10);
  return [
    ...(says === '' ? [] : [railLine(says)]),
    ...(isOtherDay ? [railLine(`  ${dateTime(toMs).slice(0, 10)}`)] : []),
  ];
}

function railLine(says: string): Line {
  return [span(`${' '.repeat(TIME_WIDTH + 2)}${GLYPHS.bar}${says}`, 'dim')];
}

function stepLines({ atMs, sign, tone, word, says }: Step, width: number): Line[] {
  const [first = '', ...more] = wrapText(safe(says), Math.max(10, width - SAYS_AT));
  const time = atMs === null ? ' '.repeat(TIME_WIDTH) : timeOfDay(atMs);
  return [
    [span(`${time}  `, 'dim'), span(`${sign} ${word.padEnd(WORD_WIDTH)}`, tone), span(`  ${first}`)],
    ...more.map((text): Line => [
      span(`${' '.repeat(TIME_WIDTH + 2)}${GLYPHS.bar}`.padEnd(SAYS_AT), 'dim'),
      span(text),
    ]),
  ];
}
