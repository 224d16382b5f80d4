/** A sale from launch to refund, as data: one entry is one request, with what it brings about. */

import type { Given } from './requests.ts';

export interface Step extends Given, Expected {
  readonly name: string;
  /** The operationId of the document. */
  readonly operation: string;
  /** Variables that get a new name before the request. */
  readonly fresh?: readonly string[];
  /** Variable -> where the reply has it, in `data`. */
  readonly keep?: Readonly<Record<string, string>>;
  /** Asked again until it is so, for a few seconds: workers are at work. */
  readonly until?: true;
}

interface Expected {
  readonly status: number;
  readonly code?: string;
  /** Where in `data` -> what is there. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly sends?: Readonly<Record<string, string>>;
}

const LATE = { hold_id: '{{lateHoldId}}', payment_intent_id: '{{lateIntentId}}' };

const BEFORE_THE_MONEY: readonly Step[] = [
  {
    name: 'Create a product',
    operation: 'postOpsProducts',
    body: { name: 'Lamp', description: 'A lamp that folds.', price: 599, currency: 'USD' },
    status: 201,
    data: { price: 599, currency: 'USD' },
    keep: { productId: 'id' },
  },
  {
    name: 'Create a sale of 4 units',
    operation: 'postOpsSales',
    body: { product_id: '{{productId}}', allotment: 4 },
    status: 201,
    data: { state: 'draft', allotment: 4 },
    keep: { saleId: 'id' },
  },
  {
    name: 'Launch it',
    operation: 'postOpsSalesByIdLaunch',
    status: 200,
    data: { state: 'live' },
  },
  {
    name: 'Buyers see it',
    operation: 'getApiProductsById',
    until: true,
    status: 200,
    data: { available_stock: 4, is_sold_out: false, 'sale.state': 'live' },
  },
  {
    name: 'Hold two units',
    operation: 'postApiHolds',
    fresh: ['holdKey', 'paymentIntentId'],
    headers: { 'Idempotency-Key': '{{holdKey}}' },
    body: { product_id: '{{productId}}', quantity: 2, buyer_id: 'buyer-7' },
    status: 201,
    data: { expires_in_seconds: 120 },
    keep: { holdId: 'hold_id' },
  },
  {
    name: 'The same again is the same hold',
    operation: 'postApiHolds',
    headers: { 'Idempotency-Key': '{{holdKey}}' },
    body: { product_id: '{{productId}}', quantity: 2, buyer_id: 'buyer-7' },
    status: 200,
    data: { hold_id: '{{holdId}}' },
    sends: { 'Idempotency-Replayed': 'true' },
  },
  {
    name: 'Order them',
    operation: 'postApiOrders',
    body: { hold_id: '{{holdId}}', payment_intent_id: '{{paymentIntentId}}' },
    status: 201,
    data: { status: 'pending', amount: 1198, currency: 'USD' },
    keep: { orderId: 'order_id' },
  },
];

const THE_MONEY: readonly Step[] = [
  {
    name: 'The payment provider reports the payment',
    operation: 'postApiWebhookPaymentSuccess',
    body: {
      hold_id: '{{holdId}}',
      payment_intent_id: '{{paymentIntentId}}',
      amount: 1198,
      currency: 'USD',
    },
    status: 200,
    data: { order_id: '{{orderId}}', status: 'paid', payment: 'applied' },
  },
  {
    name: 'It reports it again: the payment is recorded once',
    operation: 'postApiWebhookPaymentSuccess',
    body: { hold_id: '{{holdId}}', payment_intent_id: '{{paymentIntentId}}' },
    status: 200,
    data: { order_id: '{{orderId}}', status: 'paid', payment: 'applied' },
  },
  {
    name: 'The buyer sees the order',
    operation: 'getApiHoldsById',
    status: 200,
    data: { state: 'ordered', quantity: 2, 'order.status': 'paid' },
  },
  {
    name: 'A second payment for the same hold is owed back',
    operation: 'postApiWebhookPaymentSuccess',
    fresh: ['secondIntentId'],
    body: { hold_id: '{{holdId}}', payment_intent_id: '{{secondIntentId}}' },
    status: 200,
    data: { status: 'paid', payment: 'refund_due' },
  },
  {
    name: 'Stripe tells of something that is not about an order: it is recorded',
    operation: 'postApiWebhookStripe',
    fresh: ['eventId'],
    body: { id: '{{eventId}}', type: 'customer.created', data: { object: {} } },
    status: 200,
    data: { outcome: 'recorded' },
  },
];

const TOO_LATE: readonly Step[] = [
  {
    name: 'Another buyer holds the other two',
    operation: 'postApiHolds',
    fresh: ['lateIntentId'],
    body: { product_id: '{{productId}}', quantity: 2 },
    status: 201,
    keep: { lateHoldId: 'hold_id' },
  },
  {
    name: 'and orders them',
    operation: 'postApiOrders',
    body: LATE,
    status: 201,
    data: { status: 'pending' },
    keep: { lateOrderId: 'order_id' },
  },
  {
    name: 'Nothing is left',
    operation: 'postApiHolds',
    body: { product_id: '{{productId}}', quantity: 1 },
    status: 409,
    code: 'insufficient_stock',
  },
  {
    name: 'An operator cancels that order',
    operation: 'postOpsOrdersByIdCancel',
    path: { id: '{{lateOrderId}}' },
    status: 200,
    data: { state: 'cancelled' },
  },
  {
    name: 'Its units are back',
    operation: 'getApiProductsById',
    until: true,
    status: 200,
    data: { available_stock: 2 },
  },
  {
    name: 'and a third buyer holds them',
    operation: 'postApiHolds',
    body: { product_id: '{{productId}}', quantity: 2 },
    status: 201,
    keep: { thirdHoldId: 'hold_id' },
  },
  {
    name: 'The cancelled order is paid after all: the money is owed back',
    operation: 'postApiWebhookPaymentSuccess',
    body: { ...LATE, amount: 1198, currency: 'USD' },
    status: 200,
    data: { order_id: '{{lateOrderId}}', status: 'refund_due', payment: 'refund_due' },
  },
  {
    name: 'The worklist of refunds',
    operation: 'getOpsOrders',
    query: { state: 'refund_due', sale: '{{saleId}}' },
    status: 200,
    data: { 'items.0.order_id': '{{lateOrderId}}', 'items.1': undefined },
  },
  {
    name: 'Write down that the money went back',
    operation: 'postOpsOrdersByIdRefunded',
    path: { id: '{{lateOrderId}}' },
    body: { reference: 're_1' },
    status: 200,
    data: { state: 'refunded', refund_reference: 're_1' },
  },
];

const LOOKING_BACK: readonly Step[] = [
  {
    name: 'The inbox has the delivery, received twice',
    operation: 'getOpsWebhooks',
    query: { q: '{{paymentIntentId}}' },
    status: 200,
    data: { 'items.0.outcome': 'applied', 'items.0.payment_intent_id': '{{paymentIntentId}}' },
    keep: { deliveryId: 'items.0.id' },
  },
  {
    name: 'as it was sent',
    operation: 'getOpsWebhooksById',
    status: 200,
    data: { state: 'processed', 'order.order_id': '{{orderId}}', 'payment.disposition': 'applied' },
  },
  {
    name: 'Process it again',
    operation: 'postOpsWebhooksByIdReplay',
    status: 201,
    data: { total: 1 },
    keep: { replayId: 'id' },
  },
  {
    name: 'The replay ends, and changed nothing',
    operation: 'getOpsWebhooksReplaysById',
    until: true,
    status: 200,
    data: { state: 'done', done: 1, changed: 0, failed: 0 },
  },
  {
    name: 'End the sale',
    operation: 'postOpsSalesByIdEnd',
    status: 200,
    data: { state: 'draining', 'units.paid': 2 },
  },
  {
    name: 'The order, and everything that happened to it',
    operation: 'getOpsOrdersById',
    status: 200,
    data: { state: 'paid', sale_id: '{{saleId}}', quantity: 2 },
  },
  {
    name: 'Who did what to the sale',
    operation: 'getOpsAudit',
    query: { target: 'sale {{saleId}}' },
    status: 200,
    data: { 'items.0.target': 'sale {{saleId}}' },
  },
  {
    name: 'The audit log is as it was written',
    operation: 'getOpsAuditVerify',
    status: 200,
    data: { intact: true, broken_at: null },
  },
];

export const WALK: readonly Step[] = [...BEFORE_THE_MONEY, ...THE_MONEY, ...TOO_LATE, ...LOOKING_BACK];
