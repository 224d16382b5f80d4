/** Works off the inbox: what a dead process left, what waited for its order, what failed before. */

import { and, asc, desc, eq, isNull, lt, or, sql as raw } from 'drizzle-orm';
import { deliveries, orders } from '@flash-sale/drizzle/schema.ts';
import { PARKED_MAX_MS, WORKER_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import type { Order } from '../orders/orders.ts';
import type { Services } from '../services.ts';
import { processDelivery } from './payments.ts';

/** A delivery that is this old and not processed was left by a process that died. */
const LEFT_AFTER_MS = 2_000;

/** The longest wait between two attempts. */
const BACKOFF_MAX_S = 60;

/** @returns how many deliveries were processed. */
export async function workOffInbox(services: Services): Promise<number> {
  const ids = [...(await leftDeliveries(services)), ...(await parkedDeliveries(services))];
  let count = 0;
  for (const id of ids) {
    try {
      await processDelivery(services, id);
      count += 1;
    } catch (error) {
      services.log.warn('a delivery could not be processed and will be tried again', { id, error });
      await postpone(services, id);
    }
  }
  return count;
}

/** Applies what was parked for an order, as soon as there is the order. @returns how many were applied. */
export async function applyParked(services: Services, order: Order): Promise<number> {
  const rows = await statement(services.mysql, (sql) =>
    sql
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.state, 'parked'),
          or(eq(deliveries.intentId, order.paymentIntentId), eq(deliveries.holdId, order.holdId)),
        ),
      )
      // Money first: a success outweighs a failure that was reported with it.
      .orderBy(desc(deliveries.event), asc(deliveries.id)),
  );
  for (const { id } of rows) await processDelivery(services, id);
  return rows.length;
}

function leftDeliveries({ mysql }: Services): Promise<number[]> {
  return statement(mysql, async (sql) => {
    const isLeft = and(
      isNull(deliveries.nextAttemptAt),
      lt(deliveries.lastReceivedAt, raw`utc_timestamp(3) - interval ${LEFT_AFTER_MS * 1_000} microsecond`),
    );
    const rows = await sql
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(
        and(
          eq(deliveries.state, 'received'),
          or(isLeft, lt(deliveries.nextAttemptAt, raw`utc_timestamp(3)`)),
        ),
      )
      .orderBy(asc(deliveries.id))
      .limit(WORKER_BATCH_MAX);
    return rows.map(({ id }) => id);
  });
}

/** Parked ones whose order appeared, or whose time is over. */
function parkedDeliveries({ mysql }: Services): Promise<number[]> {
  return statement(mysql, async (sql) => {
    const rows = await sql
      .selectDistinct({ id: deliveries.id, event: deliveries.event })
      .from(deliveries)
      .leftJoin(
        orders,
        or(eq(orders.paymentIntentId, deliveries.intentId), eq(orders.holdId, deliveries.holdId)),
      )
      .where(
        and(
          eq(deliveries.state, 'parked'),
          or(
            raw`${orders.id} is not null`,
            lt(deliveries.receivedAt, raw`utc_timestamp(3) - interval ${PARKED_MAX_MS * 1_000} microsecond`),
          ),
        ),
      )
      .orderBy(desc(deliveries.event), asc(deliveries.id))
      .limit(WORKER_BATCH_MAX);
    return rows.map(({ id }) => id);
  });
}

async function postpone({ mysql }: Services, id: number): Promise<void> {
  await statement(mysql, (sql) =>
    sql
      .update(deliveries)
      .set({
        attempts: raw`attempts + 1`,
        nextAttemptAt: raw`utc_timestamp(3) + interval least(${BACKOFF_MAX_S}, pow(2, least(attempts, 10))) second`,
      })
      .where(and(eq(deliveries.id, id), eq(deliveries.state, 'received'))),
  ).catch(() => {});
}
