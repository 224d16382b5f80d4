/**
 * The money of an order goes back to its buyer. An order that was paid has units until then: they are given back in
 * the transaction that says so.
 */

import { and, eq, inArray, isNull } from 'drizzle-orm';
import { payments } from '@flash-sale/drizzle/schema.ts';
import { PROVIDERS } from '@flash-sale/shared/contracts/webhook.ts';
import type { Sql } from '../mysql/transaction.ts';
import { giveUnits } from './give.ts';
import { moveOrder } from './move.ts';
import type { Order } from './orders.ts';

/**
 * Ends an order that is `paid` or `refund_due`, and that the caller has locked, as `refunded`, and its payment with it.
 * Call it last in the transaction: it may lock the sale's row. Tell Redis of the units after COMMIT
 * (`deliverCreditsSoon`).
 * @param reference the provider's name of the refund
 */
export async function refundOrder(sql: Sql, order: Order, reference: string): Promise<void> {
  const hasUnits = order.state === 'paid';
  if (hasUnits) await moveOrder(sql, order, 'refund_due');
  await moveOrder(sql, { ...order, state: 'refund_due' }, 'refunded', reference);
  await refundPayment(sql, order.paymentIntentId, reference);
  // With a reason of its own: an order that was cancelled and then paid late gave its units back before.
  if (hasUnits) await giveUnits(sql, order, { reason: 'order_refunded', reference: order.id });
}

/**
 * Writes down that the money of an intent went back; the first who says so names the refund.
 * @returns false when it had been said, or when there is no such payment
 */
export async function refundPayment(sql: Sql, intentId: string, reference: string): Promise<boolean> {
  const [{ affectedRows }] = await sql
    .update(payments)
    .set({ refundReference: reference })
    .where(
      and(
        inArray(payments.provider, PROVIDERS),
        eq(payments.intentId, intentId),
        isNull(payments.refundReference),
      ),
    );
  return affectedRows > 0;
}
