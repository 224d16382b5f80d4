/** The inbox as operators see it: every delivery that was believed, as it was received, and what became of it. */

import {
  and,
  between,
  desc,
  eq,
  getTableColumns,
  inArray,
  like,
  lt,
  or,
  sql as raw,
  type SQL,
} from 'drizzle-orm';
import { deliveries, deliveryAttempts, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { PROVIDERS, type DeliveryFilter } from '@flash-sale/shared/contracts/webhook.ts';
import { ATTEMPTS_SHOWN } from '@flash-sale/shared/limits.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import type { Order } from '../orders/orders.ts';
import type { Services } from '../services.ts';
import type { Delivery } from './deliveries.ts';

const LISTED = withoutLarge(getTableColumns(deliveries));

function withoutLarge<Large extends { headers: unknown; body: unknown }>({
  headers: _headers,
  body: _body,
  ...columns
}: Large) {
  return columns;
}

/** Without what may be large. */
export type ListedDelivery = Omit<Delivery, 'headers' | 'body'>;

/** Newest first. @param before rows older than this one; null begins with the newest */
export function listDeliveries(
  { mysql }: Services,
  filter: DeliveryFilter,
  { before, limit }: { before: number | null; limit: number },
): Promise<ListedDelivery[]> {
  return statement(mysql, (sql) =>
    sql
      .select(LISTED)
      .from(deliveries)
      .where(and(before === null ? undefined : lt(deliveries.id, before), matching(filter)))
      .orderBy(desc(deliveries.id))
      .limit(limit),
  );
}

export function matching({ state, provider, outcome, event, q }: DeliveryFilter): SQL | undefined {
  return and(
    state === undefined ? undefined : eq(deliveries.state, state),
    provider === undefined ? undefined : eq(deliveries.provider, provider),
    outcome === undefined ? undefined : eq(deliveries.outcome, outcome),
    event === undefined ? undefined : eq(deliveries.event, event),
    q === undefined ? undefined : beginningWith(q),
  );
}

/** An intent, a sender's key or a hold that begins like this, told or ordered, or the delivery of this id. */
function beginningWith(q: string): SQL | undefined {
  const pattern = `${q.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const hex = q.replaceAll('-', '').toLowerCase();
  const isHoldId = /^[0-9a-f]{1,32}$/.test(hex);
  const ofHold = (column: typeof deliveries.holdId | typeof orders.holdId) =>
    between(column, hex.padEnd(32, '0'), hex.padEnd(32, 'f'));
  return or(
    like(deliveries.intentId, pattern),
    like(deliveries.senderKey, pattern),
    isHoldId ? ofHold(deliveries.holdId) : undefined,
    // Stripe need not know of holds.
    isHoldId
      ? raw`${deliveries.intentId} in (select ${orders.paymentIntentId} from ${orders} where ${ofHold(orders.holdId)})`
      : undefined,
    /^\d{1,15}$/.test(q) ? eq(deliveries.id, Number(q)) : undefined,
  );
}

type Payment = typeof payments.$inferSelect;

export interface DeliveryFound {
  readonly delivery: Delivery;
  /** Newest first, no more than are shown. */
  readonly attempts: readonly (typeof deliveryAttempts.$inferSelect)[];
  /** Of its intent, whichever delivery it was made of. */
  readonly payment: Payment | null;
  readonly order: Order | null;
}

export function readDelivery({ mysql }: Services, id: number): Promise<DeliveryFound | null> {
  return statement(mysql, async (sql) => {
    const [delivery] = await sql.select().from(deliveries).where(eq(deliveries.id, id));
    if (delivery === undefined) return null;
    const attempts = await sql
      .select()
      .from(deliveryAttempts)
      .where(eq(deliveryAttempts.deliveryId, id))
      .orderBy(desc(deliveryAttempts.id))
      .limit(ATTEMPTS_SHOWN);
    const payment = await paymentOf(sql, delivery);
    return { delivery, attempts, payment, order: await orderOf(sql, delivery, payment) };
  });
}

async function paymentOf(sql: Sql, { intentId }: Delivery): Promise<Payment | null> {
  if (intentId === '') return null;
  const [payment] = await sql
    .select()
    .from(payments)
    .where(and(inArray(payments.provider, PROVIDERS), eq(payments.intentId, intentId)));
  return payment ?? null;
}

async function orderOf(sql: Sql, { intentId, holdId }: Delivery, payment: Payment | null) {
  const ways = [
    payment?.orderId ? eq(orders.id, payment.orderId) : null,
    intentId === '' ? null : eq(orders.paymentIntentId, intentId),
    holdId === null ? null : eq(orders.holdId, holdId),
  ];
  for (const way of ways) {
    if (way === null) continue;
    const [order] = await sql.select().from(orders).where(way);
    if (order !== undefined) return order;
  }
  return null;
}
