/** What the API can look for of a filter. */

import { ORDER_STATES, type OrderState } from '@flash-sale/shared/lifecycle.ts';
import { BUYER_ID_LENGTH_MAX, PAYMENT_INTENT_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { parseFilter } from '../list/filter.ts';

export interface OrderQuery {
  /** An order id, a hold id, or the beginning of a payment intent. */
  readonly q?: string;
  readonly state?: OrderState;
  readonly sale?: string;
  readonly buyer?: string;
}

/** The first of each: the rest of the filter is the terminal's own. */
export function orderQuery(filter: string): OrderQuery {
  const query: { -readonly [Name in keyof OrderQuery]: OrderQuery[Name] } = {};
  for (const { isInverse, field, compares, typed } of parseFilter(filter)) {
    if (isInverse || compares !== 'has') continue;
    switch (field) {
      case null:
      case 'intent':
      case 'order':
      case 'hold':
        if (typed.length <= PAYMENT_INTENT_ID_LENGTH_MAX) query.q ??= typed;
        break;
      case 'buyer':
        if (typed.length <= BUYER_ID_LENGTH_MAX) query.buyer ??= typed;
        break;
      case 'sale':
        if (/^[1-9]\d{0,8}$/.test(typed)) query.sale ??= typed;
        break;
      case 'state': {
        const state = ORDER_STATES.find((word) => word === typed);
        if (state !== undefined) query.state ??= state;
      }
    }
  }
  return query;
}
