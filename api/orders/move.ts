import { and, eq, sql as raw } from 'drizzle-orm';
import { orders } from '@flash-sale/drizzle/schema.ts';
import { ORDER_MOVES, type OrderState } from '@flash-sale/shared/lifecycle.ts';
import type { Sql } from '../mysql/transaction.ts';
import type { Order } from './orders.ts';

/**
 * Moves an order that the caller has locked. A move that the lifecycle does not know is a bug, and undone.
 * @param refundReference the provider's name of the refund, with `refunded` only
 */
export async function moveOrder(
  sql: Sql,
  { id, state }: Order,
  to: OrderState,
  refundReference: string | null = null,
): Promise<void> {
  if (!ORDER_MOVES[state].includes(to)) throw new Error(`order ${id} may not move from ${state} to ${to}`);
  const [{ affectedRows }] = await sql
    .update(orders)
    .set({ state: to, refundReference, updatedAt: raw`utc_timestamp(3)` })
    .where(and(eq(orders.id, id), eq(orders.state, state)));
  if (affectedRows !== 1) throw new Error(`order ${id} was not ${state} under its lock`);
}
