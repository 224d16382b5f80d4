/** Works off the inbox: what a dead process left, what waited for its order, what failed before. */

import { and, asc, eq, inArray, isNull, lt, or, sql as raw } from 'drizzle-orm';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import { ORDER_BATCH_MAX, WORKER_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { Batcher } from '../batch.ts';
import { statement } from '../mysql/transaction.ts';
import type { Order } from '../orders/orders.ts';
import { perProcess } from '../per-process.ts';
import type { Services } from '../services.ts';
import { nextAttempt } from './deliveries.ts';
import { processDelivery } from './payments.ts';

/** A delivery that is this old and not processed was left by a process that died. */
const LEFT_AFTER_MS = 2_000;

/** A success outweighs a failure that was reported with it, and a refund needs its success. */
const MONEY_FIRST = [
  raw`field(event, 'payment_failed', 'payment_refunded', 'payment_success') desc`,
  asc(deliveries.id),
];

/** @returns how many deliveries were processed. */
export async function workOffInbox(services: Services): Promise<number> {
  let count = 0;
  for (const id of await dueDeliveries(services)) {
    try {
      await processDelivery(services, id, 'worker');
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
  const ids = await parkedOf(services).call(ALL_ORDERS, order);
  for (const id of ids) await processDelivery(services, id, 'worker');
  return ids.length;
}

/** Orders that are placed in one turn of the event loop are looked up at once: nearly always nothing is parked. */
const ALL_ORDERS = 0;
const parkedOf = perProcess(
  ({ mysql }) =>
    new Batcher<Order, number[]>(ORDER_BATCH_MAX, async (_, orders) => {
      const rows = await statement(mysql, (sql) =>
        sql
          .select({ id: deliveries.id, intentId: deliveries.intentId, holdId: deliveries.holdId })
          .from(deliveries)
          .where(
            and(
              eq(deliveries.state, 'parked'),
              or(
                inArray(
                  deliveries.intentId,
                  orders.map(({ paymentIntentId }) => paymentIntentId),
                ),
                inArray(
                  deliveries.holdId,
                  orders.map(({ holdId }) => holdId),
                ),
              ),
            ),
          )
          .orderBy(...MONEY_FIRST),
      );
      return orders.map((order) =>
        rows
          .filter(({ intentId, holdId }) => intentId === order.paymentIntentId || holdId === order.holdId)
          .map(({ id }) => id),
      );
    }),
);

/** Received ones that nobody finished, and those whose time to try again has come. Money first. */
function dueDeliveries({ mysql }: Services): Promise<number[]> {
  return statement(mysql, async (sql) => {
    const isLeft = and(
      eq(deliveries.state, 'received'),
      isNull(deliveries.nextAttemptAt),
      lt(deliveries.lastReceivedAt, raw`utc_timestamp(3) - interval ${LEFT_AFTER_MS * 1_000} microsecond`),
    );
    const isDue = and(
      inArray(deliveries.state, ['received', 'parked']),
      lt(deliveries.nextAttemptAt, raw`utc_timestamp(3)`),
    );
    const rows = await sql
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(or(isLeft, isDue))
      .orderBy(...MONEY_FIRST)
      .limit(WORKER_BATCH_MAX);
    return rows.map(({ id }) => id);
  });
}

async function postpone({ mysql }: Services, id: number): Promise<void> {
  await statement(mysql, (sql) =>
    sql
      .update(deliveries)
      .set({ attempts: raw`attempts + 1`, nextAttemptAt: nextAttempt })
      .where(and(eq(deliveries.id, id), inArray(deliveries.state, ['received', 'parked']))),
  ).catch(() => {});
}
