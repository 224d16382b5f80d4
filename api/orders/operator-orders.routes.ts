import { Elysia, t } from 'elysia';
import {
  MarkRefunded,
  OperatedOrder,
  OrderHistory,
  OwedPayment,
  type OperatedOrder as OrderBody,
  type OrderVerb,
  type OwedPayment as OwedPaymentBody,
} from '@flash-sale/shared/contracts/operator-order.ts';
import { ORDER_STATES, type OrderState } from '@flash-sale/shared/lifecycle.ts';
import { BUYER_ID_LENGTH_MAX, PAYMENT_INTENT_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { once } from '../http/once.ts';
import { PAGE_QUERY, pageOf, pageSchema, readInteger, readPage } from '../http/page.ts';
import { readWord } from '../http/query.ts';
import { fail, succeed, type ReplySet } from '../http/reply.ts';
import type { Services } from '../services.ts';
import {
  cancelOrder,
  findOrder,
  listOrders,
  markRefunded,
  UUID,
  type OrderChanged,
} from './operator-orders.ts';
import { historyOf } from './order-history.ts';
import type { Order } from './orders.ts';
import { listOwedPayments, type OwedCursor, type OwedPayment as Owed } from './owed-payments.ts';

export function operatorOrderRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/orders',
      async ({ query, set }) => {
        const { after: before, limit } = readPage(query, isOrderId);
        const state = readWord('state', query.state, ORDER_STATES);
        const sale = readInteger('sale', query.sale, { min: 1, max: 4_294_967_295, fallback: 0 });
        const { buyer: buyerId = null, q: text = null } = query;
        const saleId = sale === 0 ? null : sale;
        const rows = await listOrders(services, { before, limit, saleId, state, buyerId, text });
        return succeed(
          set,
          200,
          'Orders, newest first.',
          pageOf(rows, limit, ({ id }) => id, viewOf),
        );
      },
      { query: t.Object({ ...PAGE_QUERY, ...FILTERS }), ...LIST },
    )
    .get(
      '/ops/orders/:id',
      async ({ params, set }) => {
        const order = await findOrder(services, params.id.toLowerCase());
        if (order === undefined) return missing(set, params.id);
        const history = { ...viewOf(order), timeline: await historyOf(services, order) };
        return succeed(set, 200, `The order is ${order.state}.`, history);
      },
      READ,
    )
    .post(
      '/ops/orders/:id/cancel',
      (context) =>
        once(services, context, async (act) => {
          const { params, set } = context;
          return answer(set, params.id, await cancelOrder(services, params.id.toLowerCase(), act));
        }),
      CANCEL,
    )
    .post(
      '/ops/orders/:id/refunded',
      (context) =>
        once(services, context, async (act) => {
          const { params, body, set } = context;
          const orderId = params.id.toLowerCase();
          return answer(set, params.id, await markRefunded(services, orderId, body.reference, act));
        }),
      { parse: asJson, body: MarkRefunded, ...REFUNDED },
    )
    .get(
      '/ops/refunds',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isOwedCursor);
        const rows = await listOwedPayments(services, { after, limit });
        const page = pageOf(rows, limit, cursorOf, owedViewOf);
        return succeed(set, 200, 'Payments whose money is owed back, newest first.', page);
      },
      { query: t.Object(PAGE_QUERY), ...REFUNDS },
    );
}

const FILTERS = {
  sale: t.Optional(t.String({ maxLength: 20, description: 'Orders of this sale only.', examples: ['1'] })),
  state: t.Optional(
    t.String({
      maxLength: 20,
      description: `One of ${ORDER_STATES.join(', ')}.`,
      examples: ['refund_due'],
    }),
  ),
  buyer: t.Optional(
    t.String({
      maxLength: BUYER_ID_LENGTH_MAX,
      description: 'Orders of this buyer only.',
      examples: ['buyer-7'],
    }),
  ),
  q: t.Optional(
    t.String({
      minLength: 1,
      maxLength: PAYMENT_INTENT_ID_LENGTH_MAX,
      description: 'An order id, a hold id, or the beginning of a payment intent.',
      examples: ['pi_1'],
    }),
  ),
};

const forOperators = { tag: 'Orders', isForOperators: true } as const;

const LIST = documented({
  ...forOperators,
  summary: 'Find orders, newest first; `state=refund_due` is the worklist of refunds',
  success: { 200: pageSchema(OperatedOrder) },
  failures: ['bad_request', 'unavailable'],
});

const READ = documented({
  ...forOperators,
  summary: 'An order, and everything that happened to it',
  success: { 200: OrderHistory },
  failures: ['order_not_found', 'unavailable'],
});

const CANCEL = documented({
  ...forOperators,
  summary: 'Cancel a pending order: its units return to stock',
  success: { 200: OperatedOrder },
  failures: ['order_not_found', 'impossible_now', 'unavailable'],
  isChange: true,
});

const REFUNDED = documented({
  ...forOperators,
  summary: 'Write down that the money of an order went back',
  takesBody: true,
  success: { 200: OperatedOrder },
  failures: ['bad_request', 'order_not_found', 'impossible_now', 'unavailable'],
  isChange: true,
});

const REFUNDS = documented({
  ...forOperators,
  summary: 'Payments whose money is owed back, with the order that each was meant for',
  success: { 200: pageSchema(OwedPayment) },
  failures: ['bad_request', 'unavailable'],
});

function answer(set: ReplySet, id: string, changed: OrderChanged) {
  switch (changed.kind) {
    case 'changed':
    case 'unchanged':
      return succeed(set, 200, `The order is ${changed.order.state}.`, viewOf(changed.order));
    case 'order_not_found':
      return missing(set, id);
    case 'impossible': {
      const { state, refundReference } = changed.order;
      const as = refundReference === null ? '' : ` as ${refundReference}`;
      const says = `This is not possible: the order is ${state}${as}.`;
      return fail(set, 'impossible_now', says, { state, possible: possibleFor(state) });
    }
  }
}

function missing(set: ReplySet, id: string) {
  return fail(set, 'order_not_found', `There is no order ${id}.`);
}

function possibleFor(state: OrderState): OrderVerb[] {
  if (state === 'pending') return ['cancel'];
  return state === 'refund_due' ? ['refunded'] : [];
}

function viewOf(order: Order): OrderBody {
  return {
    order_id: order.id,
    hold_id: order.holdId,
    sale_id: order.saleId,
    buyer_id: order.buyerId,
    quantity: order.quantity,
    amount: majorFromMinor(order.amountMinor, order.currency),
    currency: order.currency,
    payment_intent_id: order.paymentIntentId,
    state: order.state,
    possible: possibleFor(order.state),
    pay_by: order.payBy.toISOString(),
    refund_reference: order.refundReference,
    created_at: order.createdAt.toISOString(),
    updated_at: order.updatedAt.toISOString(),
  };
}

function owedViewOf({ payment, order }: Owed): OwedPaymentBody {
  const { provider, intentId, disposition, amountMinor, currency, deliveryId, createdAt } = payment;
  const isStated = amountMinor !== null && currency !== null;
  return {
    provider,
    payment_intent_id: intentId,
    disposition,
    amount: isStated ? majorFromMinor(amountMinor, currency) : null,
    currency,
    delivery_id: deliveryId,
    created_at: createdAt.toISOString(),
    order: order === null ? null : viewOf(order),
  };
}

function isOrderId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

function isOwedCursor(value: unknown): value is OwedCursor {
  if (typeof value !== 'object' || value === null) return false;
  const { atMs, provider, intentId } = value as Record<string, unknown>;
  return isTime(atMs) && isName(provider) && isName(intentId);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= LATEST_MS;
}

/** The end of the year 9999. */
const LATEST_MS = Date.UTC(10_000, 0) - 1;

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[!-~]{1,255}$/.test(value);
}

function cursorOf({ payment: { createdAt, provider, intentId } }: Owed): OwedCursor {
  return { atMs: createdAt.getTime(), provider, intentId };
}
