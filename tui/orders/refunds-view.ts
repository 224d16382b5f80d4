/** The worklist of whoever sends money back: who waits longest is first. */

import type { OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import { PAGE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { answerOf, type Answer } from '../api.ts';
import type { Desk } from '../desk.ts';
import type { Column } from '../list/columns.ts';
import type { Page } from '../list/pages.ts';
import { whenColumn } from '../list/time-columns.ts';
import { againOr } from '../look/facts.ts';
import { ago, counted, money } from '../look/format.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { latestRead } from '../rooms/latest-read.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { intentColumn } from './intent-column.ts';
import { owedLines } from './order-detail.ts';
import { owedOf, owedWords, reasonWord, saleOfOrder, stateWord } from './order-words.ts';
import type { Refunds } from './orders-slice.ts';

const COLUMNS: readonly Column<OwedPayment>[] = [
  whenColumn(({ created_at: at }) => at, { name: 'since', title: 'Since' }),
  {
    name: 'amount',
    title: 'Owed',
    width: 12,
    align: 'right',
    priority: 0,
    cell: (row) => span(owedWords(row), 'warn'),
    sortBy: (row) => owedOf(row)?.amount ?? -1,
  },
  { name: 'why', title: 'Why', width: 12, priority: 0, cell: reasonWord, sortBy: reasonWord },
  intentColumn,
  { name: 'provider', title: 'By', width: 6, priority: 3, cell: ({ provider }) => safe(provider) },
  {
    name: 'order',
    title: 'Its order',
    width: 12,
    priority: 2,
    cell: ({ order }) => (order === null ? span('none', 'dim') : stateWord(order.state)),
  },
  {
    name: 'sale',
    title: 'Sale',
    width: 8,
    grows: 1,
    priority: 4,
    cell: ({ order }, { state }) => (order === null ? '' : saleOfOrder(state, order.sale_id)),
  },
  {
    name: 'buyer',
    title: 'Buyer',
    width: 10,
    grows: 1,
    priority: 5,
    cell: ({ order }) => safe(order?.buyer_id ?? ''),
  },
  {
    name: 'age',
    title: 'Waits',
    width: 10,
    align: 'right',
    priority: 1,
    cell: ({ created_at: at }, { nowMs }) => ago(nowMs - Date.parse(at)),
  },
];

export const refundsView: View<OwedPayment> = {
  name: 'refunds',
  title: 'Owed back',
  rows: ({ orders }) => orders.refunds.payments,
  idOf: ({ provider, payment_intent_id: id }) => `${provider} ${id}`,
  columns: COLUMNS,
  fields: (row) => ({
    intent: row.payment_intent_id,
    provider: row.provider,
    why: reasonWord(row),
    amount: String(owedOf(row)?.amount ?? ''),
    currency: owedOf(row)?.currency ?? '',
    delivery: String(row.delivery_id),
    order: row.order?.order_id ?? '',
    state: row.order?.state ?? '',
    sale: String(row.order?.sale_id ?? ''),
    buyer: row.order?.buyer_id ?? '',
  }),
  above,
  detail: owedLines,
  copies: (row) => [
    { what: 'payment intent', text: row.payment_intent_id },
    ...(row.order === null ? [] : [{ what: 'order id', text: row.order.order_id }]),
    { what: 'JSON', text: JSON.stringify(row, null, 2) },
  ],
  empty: ({ orders: { refunds } }) =>
    againOr(refunds.fault, refunds.isRead ? 'No money is owed back.' : 'Reading what is owed back ...'),
  sentence: ({ nowMs }, row) =>
    `${owedWords(row)} owed back, ${reasonWord(row)}, payment intent ${row.payment_intent_id}, since ${ago(nowMs - Date.parse(row.created_at))}`,
};

/** What it comes to, by currency. */
function above({ state }: Frame): Line[] {
  const { payments, isCut, fault, isRead } = state.orders.refunds;
  if (fault !== '' && isRead) return [[span(` ! ${safe(fault)}`, 'warn')], []];
  if (payments.length === 0) return [];
  const sums = new Map<string, number>();
  for (const payment of payments) {
    const owed = owedOf(payment);
    if (owed !== null) sums.set(owed.currency, (sums.get(owed.currency) ?? 0) + owed.amount);
  }
  const sum =
    [...sums].map(([currency, amount]) => money(amount, currency)).join(' + ') || 'amounts not stated';
  const more = isCut ? ', the newest; older ones follow when these are done' : '';
  const says = `  owed back for ${counted(payments.length, 'payment')}${more}`;
  return [[span(` ! ${sum}`, 'warn', { bold: true }), span(says)], []];
}

const PAGES_MAX = 5;

const beginRead = latestRead();

/** All of it, as far as anybody could work through: a list that is not whole hides who waits longest. */
export async function readRefunds(desk: Desk): Promise<void> {
  const change = (work: (refunds: Refunds) => Refunds) =>
    desk.store.set((state) => ({
      ...state,
      orders: { ...state.orders, refunds: work(state.orders.refunds) },
    }));
  const isLatest = beginRead(desk.store);
  change((refunds) => ({ ...refunds, isBehind: false }));
  const payments: OwedPayment[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX && (page === 0 || cursor !== null); page += 1) {
    const query: { limit: string; cursor?: string } = { limit: String(PAGE_ROWS_MAX) };
    if (cursor !== null) query.cursor = cursor;
    const answer: Answer<Page<OwedPayment>> = await answerOf(desk.api.refunds.get({ query }));
    if (!isLatest()) return;
    if (!answer.ok) {
      change((refunds) => ({ ...refunds, fault: answer.message, isBehind: true }));
      return;
    }
    payments.push(...answer.data.items);
    cursor = answer.data.next_cursor;
  }
  change((refunds) => ({
    ...refunds,
    payments: payments.toReversed(),
    isRead: true,
    isCut: cursor !== null,
    fault: '',
  }));
}
