/** Ends orders that were not paid in time, by the SQL clock. */

import { and, asc, eq, lt, sql as raw } from 'drizzle-orm';
import { heartbeats, orders } from '@flash-sale/drizzle/schema.ts';
import {
  EXPIRY_PAUSE_MAX_MS,
  EXPIRY_PAUSE_MIN_MS,
  OUTAGE_MIN_MS,
  WORKER_BATCH_MAX,
} from '@flash-sale/shared/limits.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { deliverCreditsSoon, endPendingOrder } from './give.ts';
import { tellOrder } from './tell.ts';

/** The name of its heartbeat. */
export const ORDER_EXPIRY = 'order_expiry';

/** A turn beats once: a long one must not look like an outage to the next. */
const TURN_MAX_MS = OUTAGE_MIN_MS / 5;

/** Expires due orders unless expiry is paused. @returns how many ended. */
export async function expireOrders(services: Services): Promise<number> {
  if (await isPausedAfterOutage(services)) return 0;
  const salesGiven = new Set<number>();
  let count = 0;
  const startedAtMs = performance.now();
  for (; count < WORKER_BATCH_MAX && performance.now() - startedAtMs < TURN_MAX_MS; count += 1) {
    const order = await expireOneOrder(services);
    if (order === null) break;
    services.reach('give.committed');
    tellOrder(services, order, 'expired');
    salesGiven.add(order.saleId);
  }
  for (const saleId of salesGiven) deliverCreditsSoon(services, saleId);
  return count;
}

/** One order per transaction: the sale's row is locked as briefly as can be. */
function expireOneOrder({ mysql }: Services) {
  return transaction(mysql, async (sql) => {
    const [order] = await sql
      .select()
      .from(orders)
      .where(and(eq(orders.state, 'pending'), lt(orders.payBy, raw`utc_timestamp(3)`)))
      .orderBy(asc(orders.payBy))
      .limit(1)
      // An order that is being paid or cancelled right now is left to whoever holds it.
      .for('update', { skipLocked: true });
    if (order === undefined) return null;
    await endPendingOrder(sql, order, 'order_expired');
    return order;
  });
}

/**
 * A gap in our own heartbeat means that we or SQL were away, and webhooks with us. Payment providers retry for a
 * while: expiring at once would turn payments that were made in time into late ones.
 */
async function isPausedAfterOutage({ mysql, log }: Services): Promise<boolean> {
  const gapUs = raw`timestampdiff(microsecond, beat_at, utc_timestamp(3))`;
  const pauseUs = raw`least(${EXPIRY_PAUSE_MAX_MS * 1_000}, greatest(${EXPIRY_PAUSE_MIN_MS * 1_000}, ${gapUs}))`;
  return statement(mysql, async (sql) => {
    // Assignments run from left to right: the gap is taken before the beat moves. Written out, because the query
    // builder orders assignments by column.
    await sql.execute(raw`
      INSERT INTO heartbeats (name, beat_at) VALUES (${ORDER_EXPIRY}, utc_timestamp(3))
      ON DUPLICATE KEY UPDATE
        paused_until = if(${gapUs} > ${OUTAGE_MIN_MS * 1_000},
          utc_timestamp(3) + interval ${pauseUs} microsecond, paused_until),
        beat_at = utc_timestamp(3)`);
    const [row] = await sql
      .select({ until: heartbeats.pausedUntil, isPaused: raw<number>`paused_until > utc_timestamp(3)` })
      .from(heartbeats)
      .where(eq(heartbeats.name, ORDER_EXPIRY));
    if (row?.isPaused !== 1) return false;
    log.debug('order expiry is paused after an outage', { until: row.until });
    return true;
  });
}
