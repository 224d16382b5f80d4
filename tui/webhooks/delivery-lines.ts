/** A delivery in detail: what came, whether it is to be believed, what was made of it, what it led to. */

import type { DeliveryView } from '@flash-sale/shared/contracts/webhook.ts';
import { BLANK, fact, title } from '../look/facts.ts';
import { ago, count, counted, dateTime, money, wholeTimeLeft } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { attemptLines } from './attempt-lines.ts';
import { outcomeWord } from './outcome-words.ts';
import { payloadLines, rawLines } from './payload-lines.ts';
import { signatureLines } from './signature-lines.ts';
import type { InboxRow } from './webhooks-slice.ts';

export function deliveryLines(frame: Frame, row: InboxRow, width: number): Line[] {
  const { delivery, isRaw } = frame.state.webhooks;
  const { what = null, fault = '' } = delivery?.id === row.id ? delivery : {};
  const waiting =
    fault === '' ? span('Reading it ...', 'dim') : span(`${safe(fault)} R tries again.`, 'warn');
  return [
    [
      span(`#${row.id}  `, 'dim'),
      span(`${safe(row.provider)} ${safe(row.event)}`, undefined, { bold: true }),
      span('  '),
      outcomeWord(row.outcome, row.state),
    ],
    ...timeLines(row, frame.nowMs, width),
    ...fact('intent', row.payment_intent_id ?? 'none: it is about no payment', width),
    ...(row.hold_id === null ? [] : fact('hold', row.hold_id, width)),
    ...fact('sender key', row.sender_key ?? 'none', width),
    ...(what === null ? [[waiting]] : viewLines(what, isRaw, width)),
  ];
}

function timeLines(row: InboxRow, nowMs: number, width: number): Line[] {
  const receivedMs = Date.parse(row.received_at);
  const again =
    row.received_count === 1
      ? ''
      : `, sent ${row.received_count} times, the last ${ago(nowMs - Date.parse(row.last_received_at))}`;
  return [
    ...fact('received', `${dateTime(receivedMs)}, ${ago(nowMs - receivedMs)}${again}`, width),
    ...fact('processed', processedWords(row, receivedMs, nowMs), width),
  ];
}

function processedWords(row: InboxRow, receivedMs: number, nowMs: number): string {
  if (row.processed_at !== null) {
    const afterMs = Math.max(0, Date.parse(row.processed_at) - receivedMs);
    const after = afterMs < 10_000 ? `${count(afterMs)} ms` : wholeTimeLeft(afterMs);
    return `${dateTime(Date.parse(row.processed_at))}, after ${after}`;
  }
  const tried = `not yet, tried ${counted(row.attempts, 'time')}`;
  if (row.next_attempt_at === null) return tried;
  const leftMs = Date.parse(row.next_attempt_at) - nowMs;
  return leftMs <= 0 ? `${tried}, again at once` : `${tried}, again in ${wholeTimeLeft(leftMs)}`;
}

function viewLines(view: DeliveryView, isRaw: boolean, width: number): Line[] {
  const { headers, body } = view;
  return [
    ...signatureLines(view, width),
    ...paymentLines(view, width),
    ...orderLines(view, width),
    BLANK,
    title(`Attempts (${count(view.attempts)})`),
    ...attemptLines(view),
    BLANK,
    [
      ...title('Payload'),
      span(isRaw ? '  as it was received; v lays it out' : '  laid out; v: as it was received', 'dim'),
    ],
    ...(isRaw ? rawLines(body, width) : payloadLines(body, width)),
    BLANK,
    title('Headers'),
    ...Object.entries(headers).flatMap(([name, value]) => headerLines(name, value, width)),
  ];
}

/** Names of headers are longer than those of facts. */
function headerLines(name: string, value: string, width: number): Line[] {
  const label = `${safe(name)}: `;
  return rawLines(value, Math.max(10, width - label.length)).map((line, index): Line => [
    span(index === 0 ? label : ' '.repeat(label.length), 'dim'),
    ...line,
  ]);
}

function paymentLines({ payment, id, payment_intent_id: intent }: DeliveryView, width: number): Line[] {
  if (payment === null) {
    return intent === null ? [] : fact('payment', span('none of this intent', 'dim'), width);
  }
  const { disposition, amount, currency, delivery_id: deliveryId } = payment;
  const sum = amount === null || currency === null ? 'amount not stated' : money(amount, currency);
  const from = deliveryId === id ? 'made of this delivery' : `made of delivery #${deliveryId}`;
  const word = outcomeWord(disposition, 'processed');
  return fact('payment', { ...word, text: `${word.text}, ${sum}, ${from}` }, width);
}

function orderLines({ order }: DeliveryView, width: number): Line[] {
  if (order === null) return fact('order', span('none', 'dim'), width);
  const { order_id: orderId, state, quantity, amount, currency, sale_id: saleId } = order;
  return [
    ...fact('order', orderId, width),
    ...fact(
      '',
      `${state}, ${counted(quantity, 'unit')} of sale ${saleId}, ${money(amount, currency)}`,
      width,
    ),
  ];
}
