/** Lets time pass: what would happen by itself after a while happens now, by the workers' own turns. */

import { and, eq, inArray, sql as raw } from 'drizzle-orm';
import {
  deliveries,
  heartbeats,
  holdOutcomes,
  orders,
  payments,
  stockCredits,
} from '@flash-sale/drizzle/schema.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { statement } from '../mysql/transaction.ts';
import { expireOrders } from '../orders/expiry.ts';
import { deliverCredits } from '../orders/give.ts';
import { settleOverduePins } from '../orders/settler.ts';
import { workOffInbox } from '../payments/inbox.ts';
import { saleKeys, SALE_KEY_NAMES } from '../redis/keys.ts';
import { readHold } from '../redis/hold-scripts.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { armSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { until } from './until.ts';

/** One turn of every worker that moves units, with all waiting over. The sale is armed again if need be. */
export async function settle(services: Services, saleId: number): Promise<void> {
  await armSale(services, saleId);
  await endLeases(services, saleId);
  await settleOverduePins(services, saleId);
  await ageDeliveries(services);
  await workOffInbox(services);
  await deliverCredits(services, saleId);
}

/** As if PIN_LEASE_MS had passed. @throws StoreUnavailable */
export async function endLeases({ redis }: Services, saleId: number): Promise<void> {
  const leases = saleKeys(saleId)[SALE_KEY_NAMES.indexOf('leases')] as string;
  try {
    const holdIds = await redis.zrange(leases, '0', '-1');
    for (const holdId of holdIds.map(String)) await redis.zadd(leases, 'XX', 1, holdId);
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
}

/** As if nobody had sent them again for a while. */
export async function ageDeliveries({ mysql }: Services): Promise<void> {
  await statement(mysql, (sql) =>
    sql
      .update(deliveries)
      .set({ lastReceivedAt: raw`last_received_at - interval 10 second`, nextAttemptAt: null })
      .where(eq(deliveries.state, 'received')),
  );
}

/** One turn for what is parked, of one intent or of all, as if it were due and had been received so much earlier. */
export async function workOffParked(
  services: Services,
  { intentId, olderByMs = 0 }: { intentId?: string; olderByMs?: number } = {},
): Promise<void> {
  const isParked = eq(deliveries.state, 'parked');
  await statement(services.mysql, (sql) =>
    sql
      .update(deliveries)
      .set({
        nextAttemptAt: raw`utc_timestamp(3) - interval 1 second`,
        receivedAt: raw`received_at - interval ${olderByMs * 1_000} microsecond`,
      })
      .where(intentId === undefined ? isParked : and(isParked, eq(deliveries.intentId, intentId))),
  );
  await workOffInbox(services);
}

/** As if the pay window of these orders, or of all of the sale, were over. Nobody has ended them yet. */
export async function passPayWindow({ mysql }: Services, saleId: number, orderIds?: string[]): Promise<void> {
  await statement(mysql, async (sql) => {
    const ofSale = eq(orders.saleId, saleId);
    await sql
      .update(orders)
      .set({ payBy: raw`utc_timestamp(3) - interval 1 second` })
      .where(orderIds === undefined ? ofSale : and(ofSale, inArray(orders.id, orderIds)));
    // Between two turns of a test there may be as much time as in an outage.
    await sql.delete(heartbeats);
  });
}

/** The orders end unpaid and their units are back. */
export async function expire(services: Services, saleId: number, orderIds?: string[]): Promise<void> {
  await passPayWindow(services, saleId, orderIds);
  await expireOrders(services);
  await deliverCredits(services, saleId);
}

/** A hold of two units, shorter than buyers may ask for: its deadline passes during the test. @returns its id. */
export async function shortHold({ redis }: Services, saleId: number, ttlMs = 600): Promise<string> {
  const holdId = newHoldId(saleId);
  const request = { holdId, quantity: 2, ttlMs, buyerId: null, keyDigest: null, fingerprint: '' };
  await placeHolds(redis, saleId, [request]);
  return holdId;
}

/** Waits until the hold's deadline is over, by Redis' clock. */
export async function passDeadline({ redis }: Services, saleId: number, holdId: string): Promise<void> {
  await until(async () => {
    const record = await readHold(redis, saleId, holdId);
    if (record.kind !== 'hold') throw new Error(`hold ${holdId} is ${record.kind}`);
    return record.deadlineMs <= record.nowMs;
  });
}

/** Everything that SQL wrote down about a sale, oldest first. */
export function ledger({ mysql }: Services, saleId: number) {
  return statement(mysql, async (sql) => {
    const written = await sql
      .select()
      .from(orders)
      .where(eq(orders.saleId, saleId))
      .orderBy(orders.createdAt);
    const orderIds = written.map(({ id }) => id);
    return {
      orders: written,
      outcomes: await sql.select().from(holdOutcomes).where(eq(holdOutcomes.saleId, saleId)),
      credits: await sql.select().from(stockCredits).where(eq(stockCredits.saleId, saleId)),
      payments:
        orderIds.length === 0
          ? []
          : await sql.select().from(payments).where(inArray(payments.orderId, orderIds)),
    };
  });
}
