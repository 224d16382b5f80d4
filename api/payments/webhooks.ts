/** The inbox as operators see it: every delivery that was believed, as it was received, and what became of it. */

import { and, asc, between, desc, eq, getTableColumns, like, lt, type SQL } from 'drizzle-orm';
import { union } from 'drizzle-orm/mysql-core';
import { deliveries, deliveryAttempts, orders, payments } from '@flash-sale/drizzle/schema.ts';
import type { DeliveryFilter } from '@flash-sale/shared/contracts/webhook.ts';
import { ATTEMPTS_SHOWN_MAX } from '@flash-sale/shared/limits.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import type { Order } from '../orders/orders.ts';
import type { Services } from '../services.ts';
import { findPayment } from './decide.ts';
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
  return statement(mysql, async (sql) => {
    const isOlder = before === null ? undefined : lt(deliveries.id, before);
    const found = filter.q === undefined ? null : await search(sql, filter.q);
    const query = sql.select(LISTED).from(deliveries).$dynamic();
    if (found !== null) void query.innerJoin(found, eq(found.id, deliveries.id));
    return query
      .where(and(isOlder, matching(filter)))
      .orderBy(desc(deliveries.id))
      .limit(limit);
  });
}

/** Oldest first, no more than `limit`. */
export async function chooseDeliveries(sql: Sql, filter: DeliveryFilter, limit: number): Promise<number[]> {
  const found = filter.q === undefined ? null : await search(sql, filter.q);
  const query = sql.select({ id: deliveries.id }).from(deliveries).$dynamic();
  if (found !== null) void query.innerJoin(found, eq(found.id, deliveries.id));
  const rows = await query.where(matching(filter)).orderBy(asc(deliveries.id)).limit(limit);
  return rows.map(({ id }) => id);
}

function matching({ state, provider, outcome, event }: DeliveryFilter): SQL | undefined {
  return and(
    state === undefined ? undefined : eq(deliveries.state, state),
    provider === undefined ? undefined : eq(deliveries.provider, provider),
    outcome === undefined ? undefined : eq(deliveries.outcome, outcome),
    event === undefined ? undefined : eq(deliveries.event, event),
  );
}

/**
 * Ids of the deliveries of an intent or a hold that begins like this, or of the delivery of this id, each by its index;
 * only if there are none, of those whose sender's key does: that has no index.
 */
async function search(sql: Sql, q: string) {
  const isLike = `${q.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const hex = q.replaceAll('-', '').toLowerCase();
  const [first, last] = /^[0-9a-f]{1,32}$/.test(hex)
    ? [hex.padEnd(32, '0'), hex.padEnd(32, 'f')]
    : [NO_HOLD, NO_HOLD];
  const ids = () => sql.select({ id: deliveries.id }).from(deliveries);
  // Stripe need not know of holds; the order of its intent does.
  const ofOrders = ids()
    .innerJoin(orders, eq(orders.paymentIntentId, deliveries.intentId))
    .where(between(orders.holdId, first, last));
  const found = union(
    ids().where(like(deliveries.intentId, isLike)),
    ids().where(between(deliveries.holdId, first, last)),
    ofOrders,
    ids().where(eq(deliveries.id, /^\d{1,15}$/.test(q) ? Number(q) : 0)),
  );
  const some = await sql.select().from(found.as('found')).limit(1);
  if (some.length > 0) return found.as('found');
  return ids().where(like(deliveries.senderKey, isLike)).as('found');
}

/** What no hold is called: ids of ours are of version 8. */
const NO_HOLD = '0'.repeat(32);

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
      .limit(ATTEMPTS_SHOWN_MAX);
    const payment = (await findPayment(sql, delivery)) ?? null;
    return { delivery, attempts, payment, order: await orderOf(sql, delivery, payment) };
  });
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
