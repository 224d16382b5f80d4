/** What operators do to orders, and where they go from them. */

import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import type { Action } from '../actions/action.ts';
import { changeEach } from '../actions/change-each.ts';
import { answerOf, inPath } from '../api.ts';
import type { Desk } from '../desk.ts';
import { chosenRows, selectedRow, whyNoneChosen } from '../list/shown-rows.ts';
import { counted, money } from '../look/format.ts';
import { plain, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { jump } from '../rooms/jump.ts';
import type { State } from '../state/state.ts';
import { orderName, owedOf, owedWords, saleOfOrder } from './order-words.ts';
import { selectedOrder } from './orders-room.ts';
import { orderList, ordersView } from './orders-view.ts';
import { askReference } from './refund-form.ts';
import { refundsView } from './refunds-view.ts';

const NONE_SELECTED = 'No order is selected: j and k move.';
const inOrders = { place: 'orders', views: [ordersView.name] } as const;

const CHANGES: readonly Action[] = [
  {
    ...inOrders,
    id: 'order.refunded',
    keys: ['B'],
    title: 'Mark the order as refunded: its money went back',
    hint: 'money back',
    does: 'changes',
    takes: "the refund's id",
    reason: whyNotRefunded,
    run: markRefunded,
  },
  {
    ...inOrders,
    id: 'order.cancel',
    keys: ['X'],
    title: 'Cancel the pending order, or the marked ones: their units return to stock',
    hint: 'cancel',
    does: 'changes',
    reason: whyNotCancel,
    run: cancel,
  },
];

const WALKS: readonly Action[] = [
  {
    place: 'orders',
    id: 'order.webhooks',
    keys: ['w'],
    title: 'Go to the webhooks of its payment intent',
    hint: 'webhooks',
    does: 'looks',
    reason: (state) => (intentOf(state) === null ? NONE_SELECTED : null),
    run: (desk) => jump(desk, { room: 'webhooks', filter: intentOf(desk.store.get()) ?? '' }),
  },
  {
    place: 'orders',
    id: 'order.hold',
    keys: ['h'],
    title: 'Go to the holds of its sale, and find its hold',
    hint: 'hold',
    does: 'looks',
    reason: (state) => (selectedOrder(state) === null ? NONE_SELECTED : null),
    run(desk) {
      const order = selectedOrder(desk.store.get());
      if (order === null) return;
      jump(desk, { room: 'holds', filter: order.hold_id, saleId: order.sale_id });
      desk.say('A hold that became an order is listed here for a moment only; - goes back.');
    },
  },
  {
    ...inOrders,
    id: 'order.older',
    keys: ['L'],
    title: 'Read older orders; the end of the list does it too',
    does: 'looks',
    reason: (state) => (orderList.hasOlder(state) ? null : 'There are no older orders.'),
    run: (desk) => orderList.loadOlder(desk),
  },
  {
    place: 'orders',
    views: [refundsView.name],
    id: 'refund.order',
    keys: ['o'],
    title: 'Go to the order that the payment was meant for',
    hint: 'order',
    does: 'looks',
    reason: (state) => (selectedOrder(state) === null ? 'It was meant for no order that is known.' : null),
    run(desk) {
      const filter = selectedOrder(desk.store.get())?.order_id ?? '';
      jump(desk, { room: 'orders', view: ordersView.name, filter });
    },
  },
];

const REFUNDS: readonly Action[] = [
  {
    place: 'orders',
    views: [refundsView.name],
    id: 'payment.refunded',
    keys: ['B'],
    title: 'Mark the payment as refunded: its money went back',
    hint: 'money back',
    does: 'changes',
    takes: "the refund's id",
    reason: (state) => (selectedRow(state, refundsView) === undefined ? 'No payment is selected.' : null),
    run: markPaymentRefunded,
  },
];

export const ORDER_ACTIONS: readonly Action[] = [...CHANGES, ...REFUNDS, ...WALKS];

function intentOf(state: State): string | null {
  const row =
    state.views.orders === refundsView.name
      ? selectedRow(state, refundsView)
      : selectedRow(state, ordersView);
  return row?.payment_intent_id ?? null;
}

function whyNotRefunded(state: State): string | null {
  const order = selectedRow(state, ordersView);
  if (order === undefined) return NONE_SELECTED;
  if (order.state === 'paid' || order.state === 'refund_due') return null;
  if (order.state === 'refunded') {
    return `Its money went back already, as ${order.refund_reference ?? 'said'}.`;
  }
  return `It is ${order.state}: nobody paid, so there is nothing to give back.`;
}

function whyNotCancel(state: State): string | null {
  const gone = whyNoneChosen(state, ordersView);
  if (gone !== null) return gone;
  const order = selectedRow(state, ordersView);
  if (order === undefined) return NONE_SELECTED;
  if (order.state === 'pending' || hasMarks(state)) return null;
  return `It is ${order.state.replace('_', ' ')}: only a pending order can be cancelled.`;
}

function hasMarks({ lists }: State): boolean {
  return (lists['orders.orders']?.marks.size ?? 0) > 0;
}

async function cancel(desk: Desk): Promise<void> {
  const chosen = chosenRows(desk.store.get(), ordersView);
  const orders = chosen.filter(({ state }) => state === 'pending');
  const [first] = orders;
  if (first === undefined) {
    desk.say('None of the marked orders is pending: there is nothing to cancel.', 'warn');
    return;
  }
  const units = orders.reduce((sum, { quantity }) => sum + quantity, 0);
  const skipped = chosen.length - orders.length;
  const lines: Line[] = [
    plain(`${counted(units, 'unit')} can be held again at once.`),
    plain('A payment that still comes takes the units again when'),
    plain('they are free; else it is listed as owed back.'),
    ...(skipped === 0 ? [] : [plain(`Left alone, as not pending any more: ${counted(skipped, 'order')}.`)]),
  ];
  const sure = await desk.ask.withReason(
    orders.length === 1
      ? {
          title: `Cancel order ${orderName(first)} of ${saleOfOrder(desk.store.get(), first.sale_id)}?`,
          lines: [plain(namesOf(first)), ...lines],
          verb: 'cancel it',
        }
      : {
          title: `Cancel ${counted(orders.length, 'order')}?`,
          lines,
          verb: 'cancel them',
          word: `cancel ${orders.length}`,
        },
  );
  if (sure === null) return;
  const idOf = ({ order_id: id }: OperatedOrder) => id;
  const cancelled = { rows: orders, idOf, noun: 'order', done: 'cancelled', list: 'orders.orders' };
  await changeEach(desk, cancelled, (order) => ({
    what: `Cancel order ${orderName(order)}`,
    reason: sure.reason,
    send: (headers) => answerOf(desk.api.orders({ id: order.order_id }).cancel.post(undefined, { headers })),
    tell: ({ quantity }) => `cancelled; ${counted(quantity, 'unit')} back in stock`,
  }));
}

/** So that nobody takes it for another one. */
function namesOf({ payment_intent_id: intent, buyer_id: buyer, amount, currency }: OperatedOrder): string {
  return safe(`${money(amount, currency)}, ${intent}${buyer === null ? '' : `, of ${buyer}`}`);
}

async function markRefunded(desk: Desk, words: string): Promise<void> {
  const order = selectedRow(desk.store.get(), ordersView);
  if (order === undefined) return;
  const amount = money(order.amount, order.currency);
  const reference = await askReference(desk, {
    title: `${amount} went back for order ${orderName(order)}`,
    initial: words,
    lines: [
      plain(namesOf(order)),
      plain(
        order.state === 'paid'
          ? `Its ${counted(order.quantity, 'unit')} will return to stock.`
          : 'It has no units any more: only the money is settled.',
      ),
    ],
  });
  if (reference === null) return;
  await desk.change({
    what: `Mark order ${orderName(order)} as refunded`,
    send: (headers) =>
      answerOf(desk.api.orders({ id: order.order_id }).refunded.post({ reference }, { headers })),
    tell: () => `${amount} went back as ${reference}`,
  });
}

async function markPaymentRefunded(desk: Desk, words: string): Promise<void> {
  const payment = selectedRow(desk.store.get(), refundsView);
  if (payment === undefined) return;
  const { provider, payment_intent_id: intent } = payment;
  const sum = owedOf(payment) === null ? 'The money' : owedWords(payment);
  const reference = await askReference(desk, {
    title: `${sum} went back for ${intent}`,
    initial: words,
    lines: [plain('It leaves this list, and an order that waits for it ends.')],
  });
  if (reference === null) return;
  await desk.change({
    what: `Mark payment ${intent} as refunded`,
    send: (headers) =>
      answerOf(
        desk.api
          .refunds({ provider })({ intent: inPath(intent) })
          .refunded.post({ reference }, { headers }),
      ),
    tell: () => `went back as ${reference}`,
  });
}
