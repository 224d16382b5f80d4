/** What became of a delivery, as a word with a sign. The words are the API's own: a filter takes them as they are. */

import type { DeliveryOutcome } from '@flash-sale/shared/contracts/webhook.ts';
import type { DeliveryState } from '@flash-sale/shared/lifecycle.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Span, type Tone } from '../look/span.ts';

type Look = readonly [sign: string, tone: Tone];

const OUTCOMES: Readonly<Record<DeliveryOutcome | 'late', Look>> = {
  applied: [GLYPHS.ok, 'good'],
  late_applied: [GLYPHS.ok, 'good'],
  paid: [GLYPHS.ok, 'good'],
  refund_due: ['!', 'warn'],
  unmatched: ['?', 'warn'],
  mismatch: [GLYPHS.no, 'warn'],
  late: ['?', 'warn'],
  pending: ['·', 'ordered'],
  expired: ['·', 'dim'],
  cancelled: ['·', 'dim'],
  refunded: ['·', 'dim'],
  parked: [GLYPHS.stale, 'accent'],
  recorded: ['·', 'dim'],
};

/** @param outcome null: nothing became of it yet */
export function signOf(outcome: DeliveryOutcome | 'late' | null): Look {
  return outcome === null ? [GLYPHS.stale, 'accent'] : OUTCOMES[outcome];
}

/** What became of it, else how it stands. */
export function outcomeWord(outcome: DeliveryOutcome | 'late' | null, state: DeliveryState): Span {
  const [sign, tone] = signOf(outcome);
  return span(`${sign} ${outcome ?? state}`, tone);
}
