/**
 * The money of an order goes back to its buyer. An order that was paid has units until then: they are given back in
 * the transaction that says so.
 */

import type { Sql } from '../mysql/transaction.ts';
import { giveUnits } from './give.ts';
import { moveOrder } from './move.ts';
import type { Order } from './orders.ts';

/**
 * Ends an order that is `paid` or `refund_due`, and that the caller has locked, as `refunded`. Call it last in the
 * transaction: it may lock the sale's row. Tell Redis of the units after COMMIT (`deliverCreditsSoon`).
 * @param reference the provider's name of the refund
 */
export async function refundOrder(sql: Sql, order: Order, reference: string): Promise<void> {
  const hasUnits = order.state === 'paid';
  if (hasUnits) await moveOrder(sql, order, 'refund_due');
  await moveOrder(sql, { ...order, state: 'refund_due' }, 'refunded', reference);
  if (hasUnits) await giveRefunded(sql, order);
}

/** Says of a `paid` order, locked by the caller, that its money has to go back; its units are free at once. */
export async function oweRefund(sql: Sql, order: Order): Promise<void> {
  await moveOrder(sql, order, 'refund_due');
  await giveRefunded(sql, order);
}

/**
 * The credit has a name of its own: an order that was cancelled and then paid late gave its units back before, under
 * its id.
 */
function giveRefunded(sql: Sql, order: Order): Promise<void> {
  return giveUnits(sql, order, { reason: 'order_cancelled', reference: `refund ${order.id}` });
}
