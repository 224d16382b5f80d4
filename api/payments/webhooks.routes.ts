import { Elysia, t } from 'elysia';
import {
  DELIVERY_OUTCOMES,
  DeliveryRow,
  DeliveryView,
  PROVIDERS,
  type DeliveryFilter,
  type DeliveryOutcome,
  type DeliveryRow as DeliveryRowBody,
  type DeliveryView as DeliveryViewBody,
} from '@flash-sale/shared/contracts/webhook.ts';
import { DELIVERY_STATES } from '@flash-sale/shared/lifecycle.ts';
import { DELIVERY_EVENT_LENGTH_MAX, PAYMENT_INTENT_ID_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { documented } from '../http/documented.ts';
import { failMissing, invalidRequest } from '../http/failures.ts';
import { isId, PAGE_QUERY, pageOf, pageSchema, readPage } from '../http/page.ts';
import { idOf } from '../http/path-id.ts';
import { filter, readWord } from '../http/query.ts';
import { succeed } from '../http/reply.ts';
import { amountOf, viewOf as orderViewOf } from '../orders/order-view.ts';
import type { Services } from '../services.ts';
import { withoutCredentials } from './deliveries.ts';
import { listDeliveries, readDelivery, type DeliveryFound, type ListedDelivery } from './webhooks.ts';

export function webhookRoutes(services: Services) {
  return new Elysia()
    .get(
      '/ops/webhooks',
      async ({ query, set }) => {
        const { after, limit } = readPage(query, isId);
        const rows = await listDeliveries(services, readFilter(query), { before: after, limit });
        const page = pageOf(rows, limit, ({ id }) => id, rowOf);
        return succeed(set, 200, 'Webhook deliveries, newest first.', page);
      },
      {
        query: t.Object({
          ...PAGE_QUERY,
          state: filter(`One of ${DELIVERY_STATES.join(', ')}.`, 'parked'),
          event: filter('What it tells of.', 'payment_success', DELIVERY_EVENT_LENGTH_MAX),
          provider: filter(`One of ${PROVIDERS.join(', ')}.`, 'native'),
          outcome: filter(`One of ${DELIVERY_OUTCOMES.join(', ')}.`, 'applied'),
          q: filter(
            'The beginning of an intent or a hold id, or the id of a delivery; else that of a sender key.',
            'pi_1',
            PAYMENT_INTENT_ID_LENGTH_MAX,
          ),
        }),
        ...documented({
          summary: 'The webhook inbox',
          tag: 'Webhooks',
          success: { 200: pageSchema(DeliveryRow) },
          failures: ['bad_request', 'unavailable'],
          isForOperators: true,
        }),
      },
    )
    .get(
      '/ops/webhooks/:id',
      async ({ params, set }) => {
        const found = await readDelivery(services, idOf(params.id));
        if (found === null) return failMissing(set, 'delivery', params.id);
        return succeed(set, 200, 'The delivery as it was received.', viewOf(found));
      },
      documented({
        summary: 'One delivery: headers, body, attempts, its payment and order',
        tag: 'Webhooks',
        success: { 200: DeliveryView },
        failures: ['delivery_not_found', 'unavailable'],
        isForOperators: true,
      }),
    );
}

type FilterQuery = Readonly<Record<keyof DeliveryFilter, string | undefined>>;

/** @throws RequestFault that names the filter */
function readFilter(query: Partial<FilterQuery>): DeliveryFilter {
  const state = readWord('state', query.state, DELIVERY_STATES);
  const provider = readWord('provider', query.provider, PROVIDERS);
  const outcome = readWord('outcome', query.outcome, DELIVERY_OUTCOMES);
  const event = readPlain('event', query.event);
  const q = readPlain('q', query.q);
  return {
    ...(state !== null && { state }),
    ...(provider !== null && { provider }),
    ...(outcome !== null && { outcome }),
    ...(event !== null && { event }),
    ...(q !== null && { q }),
  };
}

function readPlain(name: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (/^[!-~]+$/.test(text)) return text;
  throw invalidRequest({ [name]: ['must be printable characters without spaces'] });
}

function rowOf(delivery: ListedDelivery): DeliveryRowBody {
  return {
    id: delivery.id,
    provider: delivery.provider,
    event: delivery.event,
    state: delivery.state,
    outcome: delivery.outcome as DeliveryOutcome | null,
    payment_intent_id: delivery.intentId === '' ? null : delivery.intentId,
    hold_id: delivery.holdId,
    sender_key: delivery.senderKey,
    signature: delivery.signed === 1 ? 'valid' : 'unsigned',
    received_count: delivery.receivedCount,
    attempts: delivery.attempts,
    received_at: delivery.receivedAt.toISOString(),
    last_received_at: delivery.lastReceivedAt.toISOString(),
    processed_at: delivery.processedAt?.toISOString() ?? null,
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
  };
}

function viewOf({ delivery, attempts, payment, order }: DeliveryFound): DeliveryViewBody {
  return {
    ...rowOf(delivery),
    headers: withoutCredentials(JSON.parse(delivery.headers) as Record<string, string>),
    body: delivery.body,
    latest_attempts: attempts.map(({ createdAt, cause, outcome, fault, durationMs }) => ({
      at: createdAt.toISOString(),
      cause,
      outcome: outcome as DeliveryOutcome | null,
      fault,
      duration_ms: durationMs,
    })),
    payment: paymentView(payment),
    order: orderView(order),
  };
}

function paymentView(payment: DeliveryFound['payment']): DeliveryViewBody['payment'] {
  if (payment === null) return null;
  const { provider, disposition, currency, deliveryId, createdAt } = payment;
  return {
    provider,
    disposition,
    amount: amountOf(payment),
    currency,
    delivery_id: deliveryId,
    at: createdAt.toISOString(),
  };
}

function orderView(order: DeliveryFound['order']): DeliveryViewBody['order'] {
  if (order === null) return null;
  const { order_id, hold_id, sale_id, state, quantity, ...more } = orderViewOf(order);
  const { amount, currency, payment_intent_id, refund_reference } = more;
  return {
    order_id,
    hold_id,
    sale_id,
    state,
    quantity,
    amount,
    currency,
    payment_intent_id,
    refund_reference,
  };
}
