/** Every order, the newest first. */

import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import { ORDER_STATES } from '@flash-sale/shared/lifecycle.ts';
import { answerOf } from '../api.ts';
import type { Column } from '../list/columns.ts';
import { serverList } from '../list/server-list.ts';
import { whenColumn } from '../list/time-columns.ts';
import { againOr } from '../look/facts.ts';
import { count, money, wholeTimeLeft } from '../look/format.ts';
import { asManyAsFit, span, spread, type Line } from '../look/span.ts';
import { safe, shortId } from '../look/text.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import type { State } from '../state/state.ts';
import { intentColumn } from './intent-column.ts';
import { orderLines } from './order-detail.ts';
import { orderQuery, type OrderQuery } from './order-query.ts';
import { saleOfOrder, stateWord } from './order-words.ts';

export const orderList = serverList<OperatedOrder, OrderQuery>({
  name: 'orders.orders',
  of: ({ orders }) => orders.orders,
  put: (state, orders) => ({ ...state, orders: { ...state.orders, orders } }),
  queryOf: orderQuery,
  page: ({ api }, query) => answerOf(api.orders.get({ query })),
  idOf,
  // An order id begins with its time.
  compare: (one, other) => (one.order_id === other.order_id ? 0 : one.order_id > other.order_id ? -1 : 1),
  // What was told may be newer than a read that began before.
  later: (known, read) => (read.updated_at > known.updated_at ? read : known),
});

function idOf({ order_id: id }: OperatedOrder): string {
  return id;
}

const COLUMNS: readonly Column<OperatedOrder>[] = [
  whenColumn(({ created_at: at }) => at, { title: 'Ordered' }),
  {
    name: 'state',
    title: 'State',
    width: 12,
    priority: 0,
    cell: ({ state }) => stateWord(state),
    sortBy: ({ state }) => ORDER_STATES.indexOf(state),
  },
  {
    name: 'amount',
    title: 'Amount',
    width: 12,
    align: 'right',
    priority: 0,
    cell: ({ amount, currency }) => money(amount, currency),
    sortBy: ({ amount }) => amount,
  },
  {
    name: 'units',
    title: 'Units',
    width: 5,
    align: 'right',
    priority: 2,
    cell: ({ quantity }) => count(quantity),
    sortBy: ({ quantity }) => quantity,
  },
  intentColumn,
  {
    name: 'sale',
    title: 'Sale',
    width: 10,
    grows: 1,
    priority: 3,
    cell: ({ sale_id: id }, { state }) => saleOfOrder(state, id),
    sortBy: ({ sale_id: id }) => id,
  },
  {
    name: 'buyer',
    title: 'Buyer',
    width: 10,
    grows: 1,
    priority: 4,
    cell: ({ buyer_id: id }) => safe(id ?? ''),
    sortBy: ({ buyer_id: id }) => id ?? '',
  },
  {
    name: 'order',
    title: 'Order',
    width: 13,
    priority: 5,
    cell: ({ order_id: id }, _frame, width) => shortId(id, width),
  },
  {
    name: 'left',
    title: 'To pay',
    width: 7,
    align: 'right',
    priority: 1,
    cell: ({ state, pay_by: payBy }, { nowMs }) =>
      state === 'pending' ? span(wholeTimeLeft(Date.parse(payBy) - nowMs), 'ordered') : '',
    sortBy: ({ pay_by: payBy }) => payBy,
  },
];

export const ordersView: View<OperatedOrder> = {
  name: 'orders',
  title: 'Orders',
  rows: (state) => orderList.rows(state),
  idOf,
  columns: COLUMNS,
  fields: (row) => ({
    order: row.order_id,
    hold: row.hold_id,
    intent: row.payment_intent_id,
    buyer: row.buyer_id ?? '',
    state: row.state,
    sale: String(row.sale_id),
    units: String(row.quantity),
    amount: String(row.amount),
    currency: row.currency,
    reference: row.refund_reference ?? '',
  }),
  above,
  detail: orderLines,
  copies: (row, { context }) => [
    { what: 'order id', text: row.order_id },
    { what: 'payment intent', text: row.payment_intent_id },
    { what: 'hold id', text: row.hold_id },
    { what: 'JSON', text: JSON.stringify(row, null, 2) },
    {
      what: 'curl',
      text: `curl -s -H "authorization: Bearer $OPERATOR_TOKEN" ${context.url}/ops/orders/${row.order_id}`,
    },
  ],
  empty: ({ orders: { orders } }) =>
    againOr(orders.fault, orders.newest.isRead ? 'Nobody has ordered yet.' : 'Reading the orders ...'),
  sentence: ({ state }, row) =>
    `order of ${row.quantity} of ${saleOfOrder(state, row.sale_id)} for ${money(row.amount, row.currency)}, ${row.state.replace('_', ' ')}, payment intent ${row.payment_intent_id}`,
};

/** What was loaded, by state, and whether there is more. */
function above({ state }: Frame, width: number): Line[] {
  const { fault, newest } = state.orders.orders;
  if (!newest.isRead) return [];
  if (fault !== '') return [[span(` ! ${safe(fault)}`, 'warn')], []];
  const rows = orderList.rows(state);
  const states = countStates(rows);
  const words = states.map(([word, orders]): Line => [
    stateWord(word),
    span(` ${count(orders)}`, undefined, { bold: true }),
  ]);
  const more = moreWords(state, rows.length);
  return [
    spread([span(' '), ...asManyAsFit(words, width - more.length - 2)], [span(more, 'dim')], width),
    [],
  ];
}

function moreWords(state: State, loaded: number): string {
  if (orderList.isAsking(state)) return 'asking the API ... ';
  const what = state.orders.orders.found === null ? 'loaded' : 'loaded and found';
  return orderList.hasOlder(state) ? `${count(loaded)} ${what}; L reads older ` : `all ${what} `;
}

let latest:
  | { rows: readonly OperatedOrder[]; states: readonly [OperatedOrder['state'], number][] }
  | undefined;

function countStates(rows: readonly OperatedOrder[]) {
  if (latest?.rows === rows) return latest.states;
  const counts = new Map<OperatedOrder['state'], number>();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = ORDER_STATES.flatMap((state): [OperatedOrder['state'], number][] => {
    const orders = counts.get(state);
    return orders === undefined ? [] : [[state, orders]];
  });
  latest = { rows, states };
  return states;
}
