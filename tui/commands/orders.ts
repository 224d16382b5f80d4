/** Orders, and money that is owed back. */

import { OperatedOrder, OrderHistory, OwedPayment } from '@flash-sale/shared/contracts/operator-order.ts';
import { PROVIDERS } from '@flash-sale/shared/contracts/webhook.ts';
import { ORDER_STATES } from '@flash-sale/shared/lifecycle.ts';
import { answerOf, inPath } from '../api.ts';
import { count, counted, money } from '../look/format.ts';
import { owedWords, reasonWord, stateWord } from '../orders/order-words.ts';
import { timelineLines } from '../orders/timeline.ts';
import { command } from './command.ts';
import { changeEach } from './each.ts';
import { must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import { factLines, type Column, type Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { given, integer, many, oneOf, optional, text } from './taken.ts';

const COLUMNS: readonly Column<OperatedOrder>[] = [
  { field: 'order_id', title: 'Order' },
  { field: 'state', title: 'State', cell: ({ state }) => stateWord(state) },
  { field: 'sale_id', title: 'Sale', align: 'right' },
  { field: 'quantity', title: 'Units', align: 'right', cell: ({ quantity }) => count(quantity) },
  {
    field: 'amount',
    title: 'Amount',
    align: 'right',
    cell: ({ amount, currency }) => money(amount, currency),
  },
  { field: 'payment_intent_id', title: 'Intent' },
  { field: 'buyer_id', title: 'Buyer' },
  { field: 'created_at', title: 'Ordered' },
];

const ORDER: Shape<OperatedOrder> = { id: 'order_id', fields: fieldsOf(OperatedOrder), columns: COLUMNS };

const HISTORY: Shape<OrderHistory> = {
  id: 'order_id',
  fields: fieldsOf(OrderHistory),
  columns: COLUMNS,
  tell: (order, width) => [...factLines(ORDER, order), [], ...timelineLines(order, Date.now(), width)],
};

const OWED: Shape<OwedPayment> = {
  id: 'payment_intent_id',
  fields: fieldsOf(OwedPayment),
  columns: [
    { field: 'provider', title: 'Provider' },
    { field: 'payment_intent_id', title: 'Intent' },
    { field: 'amount', title: 'Owed', align: 'right', cell: owedWords },
    { field: 'disposition', title: 'Why', cell: reasonWord },
    { field: 'order.order_id', title: 'Order' },
    { field: 'created_at', title: 'Since' },
  ],
};

const orderWord = text('ORDER', 'the id of the order');
const reference = text('ID', "the payment provider's id of the refund");

const list = command({
  words: 'orders list',
  summary: 'Orders, newest first',
  does: 'looks',
  shape: ORDER,
  flags: {
    sale: optional(integer('SALE', 'only orders of this sale')),
    state: optional(oneOf('STATE', 'only orders in this state', ORDER_STATES)),
    buyer: optional(text('BUYER', 'only orders of this buyer')),
    find: optional(text('TEXT', 'an order id, a hold id, or the beginning of a payment intent')),
    ...PAGED,
  },
  async run(at) {
    const { sale, state, buyer, find } = at.flags;
    const query = given({ sale: sale?.toString(), state, buyer, q: find });
    at.out.list(await readRows(at, (page) => answerOf(at.api.orders.get({ query: { ...query, ...page } }))));
    return EXIT.ok;
  },
});

const show = command({
  words: 'orders show',
  summary: 'An order, and everything that happened to it',
  does: 'looks',
  shape: HISTORY,
  takes: { order: orderWord },
  async run({ api, words, out }) {
    out.one(await must(answerOf(api.orders({ id: inPath(words.order) }).get())));
    return EXIT.ok;
  },
});

const cancel = command({
  words: 'orders cancel',
  summary: 'Cancel pending orders: their units return to stock',
  does: 'changes',
  isDestructive: true,
  shape: ORDER,
  takes: { orders: many(text('ORDER', 'the ids of the orders')) },
  async run(at) {
    const { orders } = at.words;
    await at.confirm([
      `This cancels ${counted(orders.length, 'order')}: the units return to stock, and the buyers lose them.`,
    ]);
    return changeEach(at, orders, (id, headers) =>
      answerOf(at.api.orders({ id: inPath(id) }).cancel.post(undefined, { headers })),
    );
  },
});

const refunded = command({
  words: 'orders refunded',
  summary: 'Write down that the money of an order went back: the units of a paid one return to stock',
  does: 'changes',
  isDestructive: true,
  shape: ORDER,
  takes: { order: orderWord },
  flags: { reference },
  async run({ api, words, flags, out, change, confirm }) {
    const order = await must(answerOf(api.orders({ id: inPath(words.order) }).get()));
    await confirm([
      `${money(order.amount, order.currency)} went back, as ${flags.reference}. This does not send money.`,
    ]);
    const { refunded: ask } = api.orders({ id: inPath(words.order) });
    out.list([await change((headers) => answerOf(ask.post(flags, { headers })))]);
    return EXIT.ok;
  },
});

const owed = command({
  words: 'refunds list',
  summary: 'Payments whose money is owed back, newest first',
  does: 'looks',
  shape: OWED,
  flags: PAGED,
  async run(at) {
    at.out.list(await readRows(at, (query) => answerOf(at.api.refunds.get({ query }))));
    return EXIT.ok;
  },
});

const paymentRefunded = command({
  words: 'refunds refunded',
  summary: "Write down that a payment went back that is not its order's own",
  does: 'changes',
  isDestructive: true,
  shape: OWED,
  takes: {
    provider: oneOf('PROVIDER', 'who told of the payment', PROVIDERS),
    intent: text('INTENT', 'the payment intent'),
  },
  flags: { reference },
  async run({ api, words: { provider, intent }, flags, out, change, confirm }) {
    await confirm([`The money of ${intent} went back, as ${flags.reference}. This does not send money.`]);
    const { refunded: ask } = api.refunds({ provider })({ intent: inPath(intent) });
    out.list([await change((headers) => answerOf(ask.post(flags, { headers })))]);
    return EXIT.ok;
  },
});

export const ORDER_COMMANDS = [list, show, cancel, refunded, owed, paymentRefunded];
