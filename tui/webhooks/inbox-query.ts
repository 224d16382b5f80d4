/** What of a filter the API can look for itself: in all deliveries, not only in those that were read. */

import { DELIVERY_OUTCOMES, PROVIDERS, type DeliveryFilter } from '@flash-sale/shared/contracts/webhook.ts';
import { DELIVERY_STATES } from '@flash-sale/shared/lifecycle.ts';
import { parseFilter, type Term } from '../list/filter.ts';

export interface InboxQuery {
  readonly asks: DeliveryFilter;
  /** The API knows every word of the filter. */
  readonly isWhole: boolean;
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  state: DELIVERY_STATES,
  provider: PROVIDERS,
  outcome: DELIVERY_OUTCOMES,
};

export function queryOf(filter: string): InboxQuery {
  const asks: Record<string, string> = {};
  let isWhole = true;
  for (const term of parseFilter(filter)) {
    const name = nameOf(term);
    if (name === null || name in asks) isWhole = false;
    else asks[name] = term.typed;
  }
  return { asks, isWhole };
}

function nameOf({ isInverse, field, compares, typed }: Term): string | null {
  if (isInverse || compares !== 'has' || !/^[!-~]+$/.test(typed)) return null;
  if (field === null) return 'q';
  if (field === 'event') return 'event';
  return WORDS[field]?.includes(typed) === true ? field : null;
}

/** "state parked, text pi_1" */
export function wordsOf(asks: DeliveryFilter): string {
  const words = Object.entries(asks).map(([name, value]) => `${name === 'q' ? 'text' : name} ${value}`);
  return words.length === 0 ? 'all' : words.join(', ');
}
