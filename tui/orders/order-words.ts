/** What orders and payments are called on the screen. */

import type { OperatedOrder, OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import { money } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Span, type Tone } from '../look/span.ts';
import { safe, shortId } from '../look/text.ts';
import type { State } from '../state/state.ts';

const LOOKS: Readonly<Record<OrderState, { readonly sign: string; readonly tone: Tone }>> = {
  pending: { sign: GLYPHS.stale, tone: 'ordered' },
  paid: { sign: GLYPHS.ok, tone: 'paid' },
  expired: { sign: GLYPHS.no, tone: 'dim' },
  cancelled: { sign: GLYPHS.no, tone: 'dim' },
  refund_due: { sign: '!', tone: 'warn' },
  refunded: { sign: GLYPHS.ok, tone: 'dim' },
};

export function stateWord(state: OrderState): Span {
  const { sign, tone } = LOOKS[state];
  return span(`${sign} ${state.replace('_', ' ')}`, tone);
}

export function orderName({ order_id: id }: OperatedOrder): string {
  return shortId(id, 13);
}

/** "#7 Lamp": the number is what tells two of the same product apart. */
export function saleOfOrder({ sales }: State, saleId: number): string {
  const sale = sales.sales.find(({ id }) => id === saleId);
  return sale === undefined ? `#${saleId}` : `#${saleId} ${safe(sale.product_name)}`;
}

export interface Owed {
  readonly amount: number;
  readonly currency: string;
}

/** A provider that states no amount took that of the order. Null: nobody knows. */
export function owedOf({ amount, currency, order }: OwedPayment): Owed | null {
  return amount !== null && currency !== null ? { amount, currency } : order;
}

export function owedWords(payment: OwedPayment): string {
  const owed = owedOf(payment);
  return owed === null ? 'not stated' : money(owed.amount, owed.currency);
}

/** Why money is owed back, in two words. */
export function reasonWord({ disposition, order }: OwedPayment): string {
  switch (disposition) {
    case 'refund_due':
      return 'too late';
    case 'mismatch':
      return 'wrong amount';
    case 'unmatched':
      return 'no order';
    case 'applied':
    case 'late_applied':
      return order?.state === 'refund_due' ? 'order ended' : 'owed';
  }
}

/** The same, for who has to decide. */
export function reasonSentence({ disposition }: OwedPayment): string {
  switch (disposition) {
    case 'refund_due':
      return 'The money came when the order had ended, and its units could not be taken again.';
    case 'mismatch':
      return 'The amount or the currency is not that of the order: it bought nothing.';
    case 'unmatched':
      return 'No order has this payment intent, or it was paid by another one.';
    case 'applied':
    case 'late_applied':
      return 'The order was paid, and its money is to go back.';
  }
}
