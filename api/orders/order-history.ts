/** What happened to an order, from everything that wrote it down. */

import { and, asc, desc, eq, or } from 'drizzle-orm';
import { auditLog, deliveries, payments, stockCredits } from '@flash-sale/drizzle/schema.ts';
import type { TimelineEntry, TimelineEvent } from '@flash-sale/shared/contracts/operator-order.ts';
import type { CreditReason } from '@flash-sale/shared/lifecycle.ts';
import { TIMELINE_ROWS_MAX } from '@flash-sale/shared/limits.ts';
import { majorFromMinor } from '@flash-sale/shared/units.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { amountOf } from './order-view.ts';
import type { Order } from './orders.ts';

/** Oldest first. */
export function historyOf({ mysql }: Services, order: Order): Promise<TimelineEntry[]> {
  return statement(mysql, async (sql) => {
    const entries = [
      ordered(order),
      ...(await deliveriesOf(sql, order)),
      ...(await paymentsOf(sql, order)),
      ...refundOf(order),
      ...(await endsOf(sql, order)),
      ...(await actsOn(sql, order)),
    ];
    return entries.toSorted((a, b) => a.at.localeCompare(b.at));
  });
}

function ordered({ createdAt, quantity, amountMinor, currency }: Order): TimelineEntry {
  const says = `${quantity} for ${majorFromMinor(amountMinor, currency)} ${currency}`;
  return { at: createdAt.toISOString(), event: 'ordered', says };
}

/** What a provider sent about the order's intent or its hold. */
async function deliveriesOf(sql: Sql, order: Order): Promise<TimelineEntry[]> {
  const rows = await sql
    .select({
      id: deliveries.id,
      event: deliveries.event,
      intentId: deliveries.intentId,
      state: deliveries.state,
      outcome: deliveries.outcome,
      receivedCount: deliveries.receivedCount,
      receivedAt: deliveries.receivedAt,
    })
    .from(deliveries)
    .where(or(eq(deliveries.intentId, order.paymentIntentId), eq(deliveries.holdId, order.holdId)))
    .orderBy(desc(deliveries.id))
    .limit(TIMELINE_ROWS_MAX);
  return rows.map((row) => {
    const times = row.receivedCount === 1 ? '' : `, received ${row.receivedCount} times`;
    return {
      at: row.receivedAt.toISOString(),
      event: 'delivery',
      says: `${row.event}: ${row.outcome ?? row.state}${times}`,
      delivery_id: row.id,
      payment_intent_id: row.intentId,
    };
  });
}

async function paymentsOf(sql: Sql, order: Order): Promise<TimelineEntry[]> {
  const rows = await sql
    .select()
    .from(payments)
    .where(eq(payments.orderId, order.id))
    .orderBy(desc(payments.createdAt))
    .limit(TIMELINE_ROWS_MAX);
  return rows.map((payment) => {
    const { intentId, currency, disposition, deliveryId, refundReference, createdAt } = payment;
    const amount = amountOf(payment);
    const money = amount === null ? '' : `${amount} ${currency}: `;
    return {
      at: createdAt.toISOString(),
      event: 'payment',
      says: money + disposition + (refundReference === null ? '' : `, went back as ${refundReference}`),
      delivery_id: deliveryId,
      payment_intent_id: intentId,
      disposition,
    };
  });
}

/** Nothing happens to an order after that. */
function refundOf({ refundReference, updatedAt }: Order): TimelineEntry[] {
  if (refundReference === null) return [];
  return [
    { at: updatedAt.toISOString(), event: 'refunded', says: `the money went back as ${refundReference}` },
  ];
}

const END_OF: Readonly<Record<CreditReason, TimelineEvent | null>> = {
  order_expired: 'expired',
  order_cancelled: 'cancelled',
  order_refunded: 'refunded',
  restock: null,
};

/** An order ends with a credit, which stays when it is paid late; refunded after that, it has another. */
async function endsOf(sql: Sql, order: Order): Promise<TimelineEntry[]> {
  const rows = await sql
    .select()
    .from(stockCredits)
    .where(and(eq(stockCredits.saleId, order.saleId), eq(stockCredits.reference, order.id)))
    .orderBy(asc(stockCredits.id));
  return rows.flatMap(({ reason, units, createdAt }) => {
    const event = END_OF[reason];
    if (event === null) return [];
    return [{ at: createdAt.toISOString(), event, says: `${units} back in stock` }];
  });
}

async function actsOn(sql: Sql, order: Order): Promise<TimelineEntry[]> {
  const rows = await sql
    .select()
    .from(auditLog)
    .where(eq(auditLog.target, `order ${order.id}`))
    .orderBy(desc(auditLog.id))
    .limit(TIMELINE_ROWS_MAX);
  return rows.map(({ createdAt, actor, action }) => ({
    at: createdAt.toISOString(),
    event: 'operator',
    says: `${action} by ${actor}`,
    actor,
  }));
}
