import { Elysia, t } from 'elysia';
import { MarkRefunded, OperatedOrder, OrderHistory } from '@flash-sale/shared/contracts/operator-order.ts';
import { ORDER_STATES } from '@flash-sale/shared/lifecycle.ts';
import { BUYER_ID_LENGTH_MAX, PAYMENT_INTENT_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { asJson } from '../http/body.ts';
import { documented } from '../http/documented.ts';
import { failMissing } from '../http/failures.ts';
import { once } from '../http/once.ts';
import { PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { filter, readId, readWord } from '../http/query.ts';
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
import { possibleFor, viewOf } from './order-view.ts';

export function operatorOrderRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/orders',
      async ({ query, set }) => {
        const { after: before, limit } = readPage(query, isOrderId);
        const state = readWord('state', query.state, ORDER_STATES);
        const saleId = readId('sale', query.sale);
        const { buyer: buyerId = null, q: text = null } = query;
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
        if (order === undefined) return failMissing(set, 'order', params.id);
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
      { ...asJson, body: MarkRefunded, ...REFUNDED },
    );
}

const FILTERS = {
  sale: filter('Orders of this sale only.', '1'),
  state: filter(`One of ${ORDER_STATES.join(', ')}.`, 'refund_due'),
  buyer: filter('Orders of this buyer only.', 'buyer-7', BUYER_ID_LENGTH_MAX),
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
  summary: 'Write down that the money of an order went back: the units of a paid one return to stock',
  takesBody: true,
  success: { 200: OperatedOrder },
  failures: ['bad_request', 'order_not_found', 'impossible_now', 'unavailable'],
  isChange: true,
});

function answer(set: ReplySet, id: string, changed: OrderChanged) {
  switch (changed.kind) {
    case 'changed':
    case 'unchanged':
      return succeed(set, 200, `The order is ${changed.order.state}.`, viewOf(changed.order));
    case 'order_not_found':
      return failMissing(set, 'order', id);
    case 'impossible': {
      const { state, refundReference } = changed.order;
      const as = refundReference === null ? '' : ` as ${refundReference}`;
      const says = `This is not possible: the order is ${state}${as}.`;
      return fail(set, 'impossible_now', says, { state, possible: possibleFor(state) });
    }
  }
}

function isOrderId(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
