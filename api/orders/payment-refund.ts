/** An operator says of one payment that its money went back. */

import { eq } from 'drizzle-orm';
import { orders, payments } from '@flash-sale/drizzle/schema.ts';
import { AUDIT_TARGET_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { deliverCreditsSoon } from './give.ts';
import { lockOrder } from './operator-orders.ts';
import { isNamed, isOwed, type OwedPayment, type PaymentName } from './owed-payments.ts';
import { refundOrder, refundPayment } from './refund.ts';
import { tellOrder } from './tell.ts';

export type PaymentChanged =
  | { kind: 'changed'; owed: OwedPayment }
  /** It was said before. */
  | { kind: 'unchanged'; owed: OwedPayment }
  | { kind: 'payment_not_found' }
  /** Nobody owes this money, or it went back as something else. */
  | { kind: 'impossible'; owed: OwedPayment };

/**
 * An order that waits for this very money ends with it.
 * @param reference the provider's name of the refund
 * @throws StoreUnavailable
 */
export async function markPaymentRefunded(
  services: Services,
  name: PaymentName,
  reference: string,
  act: Act,
): Promise<PaymentChanged> {
  const changed = await transaction(services.mysql, (sql) => change(sql, name, reference, act));
  if (changed.kind !== 'changed') return changed;
  const { order } = changed.owed;
  if (order?.state === 'refunded' && order.paymentIntentId === name.intentId) {
    tellOrder(services, order, order.state);
    deliverCreditsSoon(services, order.saleId);
  }
  return changed;
}

async function change(sql: Sql, name: PaymentName, reference: string, act: Act): Promise<PaymentChanged> {
  await awaitTurn(sql);
  const owed = await lockPayment(sql, name);
  if (owed === null) return { kind: 'payment_not_found' };
  const { payment, order } = owed;
  if (payment.refundReference === reference) return { kind: 'unchanged', owed };
  if (!(await isOwed(sql, name))) return { kind: 'impossible', owed };
  const isOfOrder = order?.state === 'refund_due' && order.paymentIntentId === name.intentId;
  if (isOfOrder) await refundOrder(sql, order, reference);
  else await refundPayment(sql, name.intentId, reference);
  await record(sql, act, {
    action: 'payment.refunded',
    target: targetOf(name),
    before: { ...name, disposition: payment.disposition },
    after: { reference },
  });
  return { kind: 'changed', owed: (await readPayment(sql, name)) ?? owed };
}

/** An intent may be longer than a target; the row has it whole. */
function targetOf({ provider, intentId }: PaymentName): string {
  return `payment ${provider} ${intentId}`.slice(0, AUDIT_TARGET_LENGTH_MAX);
}

/** The order first, as whoever decides on a payment does. */
async function lockPayment(sql: Sql, name: PaymentName): Promise<OwedPayment | null> {
  const found = await readPayment(sql, name);
  if (found === null) return null;
  const orderId = found.payment.orderId;
  const order = orderId === null ? null : ((await lockOrder(sql, orderId)) ?? null);
  const [payment] = await sql.select().from(payments).where(isNamed(name)).for('update');
  return payment === undefined ? null : { payment, order };
}

async function readPayment(sql: Sql, name: PaymentName): Promise<OwedPayment | null> {
  const [found] = await sql
    .select({ payment: payments, order: orders })
    .from(payments)
    .leftJoin(orders, eq(orders.id, payments.orderId))
    .where(isNamed(name));
  return found ?? null;
}
