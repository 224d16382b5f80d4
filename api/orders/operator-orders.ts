/** Orders as operators look them up and change them. */

import { and, desc, eq, like, lt, or } from 'drizzle-orm';
import { orders } from '@flash-sale/drizzle/schema.ts';
import type { OrderState } from '@flash-sale/shared/lifecycle.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { deliverCreditsSoon, endPendingOrder } from './give.ts';
import type { Order } from './orders.ts';
import { refundOrder } from './refund.ts';
import { tellOrder } from './tell.ts';

export interface OrderQuery {
  /** Orders older than this one; null begins with the newest. */
  readonly before: string | null;
  readonly limit: number;
  readonly saleId: number | null;
  readonly state: OrderState | null;
  readonly buyerId: string | null;
  /** An order id, a hold id, or the beginning of a payment intent. */
  readonly text: string | null;
}

export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Newest first: an order id begins with its time. */
export function listOrders({ mysql }: Services, query: OrderQuery): Promise<Order[]> {
  const { before, limit, saleId, state, buyerId, text } = query;
  if (!isAscii(buyerId) || !isAscii(text)) return Promise.resolve([]);
  return statement(mysql, (sql) =>
    sql
      .select()
      .from(orders)
      .where(
        and(
          before === null ? undefined : lt(orders.id, before),
          saleId === null ? undefined : eq(orders.saleId, saleId),
          state === null ? undefined : eq(orders.state, state),
          buyerId === null ? undefined : eq(orders.buyerId, buyerId),
          text === null ? undefined : isNamed(text),
        ),
      )
      .orderBy(desc(orders.id))
      .limit(limit),
  );
}

/** The ids of the outer world are; SQL refuses to compare them with anything else. */
function isAscii(text: string | null): boolean {
  return text === null || /^[ -~]*$/.test(text);
}

function isNamed(text: string) {
  const intent = like(orders.paymentIntentId, `${text.replaceAll(/[\\%_]/g, '\\$&')}%`);
  const id = text.toLowerCase();
  return UUID.test(id) ? or(eq(orders.id, id), eq(orders.holdId, id), intent) : intent;
}

export async function findOrder({ mysql }: Services, orderId: string): Promise<Order | undefined> {
  if (!UUID.test(orderId)) return undefined;
  const rows = await statement(mysql, (sql) => sql.select().from(orders).where(eq(orders.id, orderId)));
  return rows[0];
}

export async function lockOrder(sql: Sql, orderId: string): Promise<Order | undefined> {
  const rows = await sql.select().from(orders).where(eq(orders.id, orderId)).for('update');
  return rows[0];
}

export type OrderChanged =
  | { kind: 'changed'; order: Order }
  /** It was like this already. */
  | { kind: 'unchanged'; order: Order }
  | { kind: 'order_not_found' }
  | { kind: 'impossible'; order: Order };

/** Ends a pending order; its units return. @throws StoreUnavailable: it may have been; the same request again says so */
export async function cancelOrder(services: Services, orderId: string, act: Act): Promise<OrderChanged> {
  const changed = await changeOrder(services, orderId, async (sql, order) => {
    if (order.state === 'cancelled') return 'unchanged';
    if (order.state !== 'pending') return 'impossible';
    await endPendingOrder(sql, order, 'order_cancelled');
    await recordMove(sql, act, 'order.cancel', order, { state: 'cancelled' });
    return 'changed';
  });
  if (changed.kind === 'changed') {
    services.reach('give.committed');
    deliverCreditsSoon(services, changed.order.saleId);
  }
  return changed;
}

/** The money went back, and the provider calls it so; the units of a paid order return. @throws StoreUnavailable */
export async function markRefunded(
  services: Services,
  orderId: string,
  reference: string,
  act: Act,
): Promise<OrderChanged> {
  const changed = await changeOrder(services, orderId, async (sql, order) => {
    if (order.refundReference === reference) return 'unchanged';
    if (order.state !== 'paid' && order.state !== 'refund_due') return 'impossible';
    await refundOrder(sql, order, reference);
    await recordMove(sql, act, 'order.refunded', order, { state: 'refunded', reference });
    return 'changed';
  });
  if (changed.kind === 'changed') deliverCreditsSoon(services, changed.order.saleId);
  return changed;
}

/** One transaction under the order's lock, in which payments are decided too. */
async function changeOrder(
  services: Services,
  orderId: string,
  change: (sql: Sql, order: Order) => Promise<'changed' | 'unchanged' | 'impossible'>,
): Promise<OrderChanged> {
  if (!UUID.test(orderId)) return { kind: 'order_not_found' };
  const changed = await transaction(services.mysql, async (sql): Promise<OrderChanged> => {
    await awaitTurn(sql);
    const order = await lockOrder(sql, orderId);
    if (order === undefined) return { kind: 'order_not_found' };
    const kind = await change(sql, order);
    if (kind !== 'changed') return { kind, order };
    const [after] = await sql.select().from(orders).where(eq(orders.id, orderId));
    return { kind, order: after ?? order };
  });
  if (changed.kind === 'changed') tellOrder(services, changed.order, changed.order.state);
  return changed;
}

function recordMove(sql: Sql, act: Act, action: string, order: Order, after: unknown): Promise<void> {
  return record(sql, act, { action, target: `order ${order.id}`, before: { state: order.state }, after });
}
