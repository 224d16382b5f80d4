/** An order, and a payment that is owed back, with everything that happened. */

import type { OperatedOrder, OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import { BLANK, fact } from '../look/facts.ts';
import { ago, counted, dateTime, money, timeOrDay } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { owedWords, reasonSentence, saleOfOrder, stateWord } from './order-words.ts';
import { timelineLines } from './timeline.ts';

export function orderLines(frame: Frame, order: OperatedOrder, width: number): Line[] {
  const { quantity, amount, currency, sale_id: saleId } = order;
  return [
    [
      stateWord(order.state),
      span(`  ${money(amount, currency)}`, undefined, { bold: true }),
      span(`  ${counted(quantity, 'unit')} of ${saleOfOrder(frame.state, saleId)}`),
    ],
    BLANK,
    ...historyLines(frame, order.order_id, width),
    BLANK,
    ...fact('order', order.order_id, width),
    ...fact('hold', order.hold_id, width),
    ...fact('payment intent', order.payment_intent_id, width),
    ...fact('buyer', order.buyer_id ?? span('not named', 'dim'), width),
    ...fact('ordered', dateTime(Date.parse(order.created_at)), width),
    ...(order.refund_reference === null ? [] : fact('refunded as', order.refund_reference, width)),
  ];
}

export function owedLines(frame: Frame, payment: OwedPayment, width: number): Line[] {
  const sinceMs = Date.parse(payment.created_at);
  const { order } = payment;
  return [
    [
      span(owedWords(payment), undefined, { bold: true }),
      span(`  owed since ${timeOrDay(sinceMs, frame.nowMs)}, ${ago(frame.nowMs - sinceMs)}`, 'warn'),
    ],
    ...fact('why', reasonSentence(payment), width),
    ...fact('payment intent', payment.payment_intent_id, width),
    ...fact('reported', `by ${payment.provider}, in delivery ${payment.delivery_id}`, width),
    BLANK,
    ...(order === null
      ? [[span('It was meant for no order that is known.', 'dim')]]
      : orderLines(frame, order, width)),
  ];
}

function historyLines({ state, nowMs }: Frame, orderId: string, width: number): Line[] {
  const { history, historyFault } = state.orders;
  if (history?.order_id === orderId) return timelineLines(history, nowMs, width);
  if (historyFault !== '') return [[span(`${safe(historyFault)} R tries again.`, 'warn')]];
  return [[span('Reading what happened ...', 'dim')]];
}
