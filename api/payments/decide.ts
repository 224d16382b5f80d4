/**
 * Decides, in one transaction, what a delivery means: by its facts, its order and the payments that were recorded
 * before, under the order's lock. Whatever the order in which the facts of an intent arrive, the end is the same.
 */

import { and, eq, inArray, sql as raw } from 'drizzle-orm';
import { deliveries, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { PROVIDERS, type DeliveryOutcome } from '@flash-sale/shared/contracts/webhook.ts';
import type { OrderState, PaymentDisposition } from '@flash-sale/shared/lifecycle.ts';
import { PARKED_MAX_MS } from '@flash-sale/shared/limits.ts';
import { minorFromMajor } from '@flash-sale/shared/units.ts';
import type { Sql } from '../mysql/transaction.ts';
import { endPendingOrder } from '../orders/give.ts';
import { moveOrder } from '../orders/move.ts';
import type { Order } from '../orders/orders.ts';
import { refundOrder, refundPayment } from '../orders/refund.ts';
import type { Delivery } from './deliveries.ts';
import type { PaymentFacts } from './facts.ts';
import { commitLateTake, type LateTake } from './late.ts';
import { factsOf } from './providers.ts';

export type Processed =
  | {
      kind: 'done';
      order: Order;
      state: OrderState;
      disposition: PaymentDisposition | null;
      /** False when an earlier run had done it. */
      isNew: boolean;
    }
  /** What it needs is not there yet, an order or its payment: kept, and applied when that appears. */
  | { kind: 'parked' }
  /** What it needs never came; money is owed back. */
  | { kind: 'unmatched'; isNew: boolean }
  /** It says nothing about an order; new when it says that a payment went back. */
  | { kind: 'recorded'; isNew: boolean };

/** What one transaction makes of a delivery. `late` asks for units first. */
export type Decision = Processed | { kind: 'late'; order: Order };

export function outcomeOf(made: Processed): DeliveryOutcome {
  return made.kind === 'done' ? (made.disposition ?? made.state) : made.kind;
}

/** Whether an order or a payment is not what it was. */
export function hasChanged(made: Processed): boolean {
  return 'isNew' in made && made.isNew;
}

/** @param take units that a late payment may have; null when nobody asked for them */
export async function decide(sql: Sql, delivery: Delivery, take: LateTake | null): Promise<Decision> {
  const facts = factsOf(delivery);
  if (facts.event === 'other') return { kind: 'recorded', isNew: false };
  const order = await lockOrder(sql, facts);
  if (order === undefined) return park(sql, delivery, facts);
  switch (facts.event) {
    case 'payment_success':
      return receiveMoney(sql, delivery, facts, order, take);
    case 'payment_failed':
      return cancel(sql, facts, order);
    case 'payment_refunded':
      return refund(sql, delivery, facts, order);
  }
}

/** By intent, else by hold: the hold's order may be waiting for another intent. */
async function lockOrder(sql: Sql, { intentId, holdId }: PaymentFacts): Promise<Order | undefined> {
  const byIntent = await sql.select().from(orders).where(eq(orders.paymentIntentId, intentId)).for('update');
  if (byIntent[0] !== undefined || holdId === null) return byIntent[0];
  const byHold = await sql.select().from(orders).where(eq(orders.holdId, holdId)).for('update');
  return byHold[0];
}

async function park(sql: Sql, delivery: Delivery, facts: PaymentFacts): Promise<Decision> {
  if (facts.event === 'payment_refunded') {
    const isNew = await refundUnlessAbsent(sql, facts);
    if (isNew !== null) return { kind: 'recorded', isNew };
  }
  const [row] = await sql
    .select({ ageUs: raw<number>`timestampdiff(microsecond, received_at, utc_timestamp(3))` })
    .from(deliveries)
    .where(eq(deliveries.id, delivery.id));
  if (Number(row?.ageUs) < PARKED_MAX_MS * 1_000) return { kind: 'parked' };
  if (facts.event !== 'payment_success') return { kind: 'unmatched', isNew: false };
  await lockIntent(sql, facts);
  if ((await findPayment(sql, facts)) !== undefined) return { kind: 'unmatched', isNew: false };
  await sql.insert(payments).values({
    provider: delivery.provider,
    intentId: facts.intentId,
    ...moneyOf(facts),
    disposition: 'unmatched',
    refundReference: await findRefund(sql, facts),
    deliveryId: delivery.id,
  });
  return { kind: 'unmatched', isNew: true };
}

/** Without its currency an amount is a number of nothing. */
function moneyOf({ amount, currency }: PaymentFacts) {
  if (amount === null || currency === null) return { amountMinor: null, currency: null };
  return { amountMinor: minorFromMajor(amount, currency), currency };
}

/** A failure ends the order only while nothing better happened to it. */
async function cancel(sql: Sql, facts: PaymentFacts, order: Order): Promise<Decision> {
  const isCancelled = order.state === 'pending' && isOwn(facts, order);
  if (isCancelled) await endPendingOrder(sql, order, 'order_cancelled');
  const state = isCancelled ? 'cancelled' : order.state;
  return { kind: 'done', order, state, disposition: null, isNew: isCancelled };
}

/** Money that went back. Before the money itself was heard of, it waits for that. */
async function refund(sql: Sql, delivery: Delivery, facts: PaymentFacts, order: Order): Promise<Decision> {
  if (isOwn(facts, order)) {
    if (order.state === 'refunded') return refunded(order, false);
    if (order.state === 'paid' || order.state === 'refund_due') {
      await refundOrder(sql, order, referenceOf(facts));
      return refunded(order, true);
    }
  }
  return park(sql, delivery, facts);
}

/**
 * Of a second intent, of an amount that was wrong, or of no order at all: no order had this money.
 * @returns whether that is news; null when the money itself was not heard of yet
 */
async function refundUnlessAbsent(sql: Sql, facts: PaymentFacts): Promise<boolean | null> {
  await lockIntent(sql, facts);
  if ((await findPayment(sql, facts)) === undefined) return null;
  return refundPayment(sql, facts.intentId, referenceOf(facts));
}

function refunded(order: Order, isNew: boolean): Decision {
  return { kind: 'done', order, state: 'refunded', disposition: null, isNew };
}

async function receiveMoney(
  sql: Sql,
  delivery: Delivery,
  facts: PaymentFacts,
  order: Order,
  take: LateTake | null,
): Promise<Decision> {
  // The order's lock keeps two deliveries of its own intent apart; of another intent the order knows nothing.
  if (!isOwn(facts, order)) await lockIntent(sql, facts);
  const before = await findPayment(sql, facts);
  if (before !== undefined) {
    return { kind: 'done', order, state: order.state, disposition: before.disposition, isNew: false };
  }
  const refundReference = await findRefund(sql, facts);
  const judged = judge(facts, order, take, refundReference !== null);
  if (judged === 'late') return { kind: 'late', order };

  const next = stateAfter(judged, facts, order);
  if (next !== order.state) await moveOrder(sql, order, next);
  await sql.insert(payments).values(paymentOf(delivery, facts, order, judged, refundReference));
  // Last, because it ends with the sale's row, which everybody waits for.
  if (judged === 'late_applied' && take?.kind === 'taken') await commitLateTake(sql, order, take);
  if (refundReference !== null && isOwn(facts, order) && (next === 'paid' || next === 'refund_due')) {
    await refundOrder(sql, { ...order, state: next }, refundReference);
    return { kind: 'done', order, state: 'refunded', disposition: judged, isNew: true };
  }
  return { kind: 'done', order, state: next, disposition: judged, isNew: true };
}

/** The row of a payment for an order. What is not stated is as agreed. */
export function paymentOf(
  delivery: Pick<Delivery, 'id' | 'provider'>,
  { amount, currency: stated, intentId }: PaymentFacts,
  order: Order,
  disposition: PaymentDisposition,
  refundReference: string | null,
) {
  const currency = stated ?? order.currency;
  return {
    provider: delivery.provider,
    intentId,
    orderId: order.id,
    amountMinor: amount === null ? order.amountMinor : minorFromMajor(amount, currency),
    currency,
    disposition,
    refundReference,
    deliveryId: delivery.id,
  };
}

function stateAfter(disposition: PaymentDisposition, facts: PaymentFacts, order: Order): OrderState {
  if (disposition === 'applied' || disposition === 'late_applied') return 'paid';
  // Money for another intent is owed back too, but says nothing about this order.
  return disposition === 'refund_due' && isOwn(facts, order) && hasEnded(order) ? 'refund_due' : order.state;
}

function hasEnded({ state }: Order): boolean {
  return state === 'expired' || state === 'cancelled';
}

function isOwn({ intentId }: PaymentFacts, order: Order): boolean {
  return order.paymentIntentId === intentId;
}

/** What money for an order is, or `late`: it needs units first. */
export function judge(
  facts: PaymentFacts,
  order: Order,
  take: LateTake | null,
  isRefunded: boolean,
): Exclude<PaymentDisposition, 'unmatched'> | 'late' {
  // A second intent for one order: the first stands, this money is owed back.
  if (!isOwn(facts, order)) return 'refund_due';
  if (!isAsAgreed(facts, order)) return 'mismatch';
  if (order.state === 'pending') return 'applied';
  // Money that is on its way back already takes no units.
  if (!hasEnded(order) || isRefunded) return 'refund_due';
  if (take === null) return 'late';
  return take.kind === 'taken' ? 'late_applied' : 'refund_due';
}

function isAsAgreed(facts: PaymentFacts, order: Order): boolean {
  if (facts.holdId !== null && facts.holdId !== order.holdId) return false;
  if (facts.currency !== null && facts.currency !== order.currency) return false;
  return facts.amount === null || minorFromMajor(facts.amount, order.currency) === order.amountMinor;
}

/** Whoever told it: an intent is one payment, even if two providers say so. */
export async function findPayment(
  sql: Sql,
  { intentId }: Pick<PaymentFacts, 'intentId'>,
): Promise<typeof payments.$inferSelect | undefined> {
  const [payment] = await sql
    .select()
    .from(payments)
    .where(and(inArray(payments.provider, PROVIDERS), eq(payments.intentId, intentId)));
  return payment;
}

/**
 * Keeps deliveries of one intent apart that share no order of their own. Their rows are locked against the usual
 * order; two that meet are told apart by SQL, and one of them runs again.
 */
async function lockIntent(sql: Sql, { intentId }: PaymentFacts): Promise<void> {
  await sql
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(eq(deliveries.intentId, intentId))
    .for('update');
}

/** The refund that was told before its success, if there is one: recorded is enough, whether it waits or gave up. */
async function findRefund(sql: Sql, { intentId }: PaymentFacts): Promise<string | null> {
  const [told] = await sql
    .select()
    .from(deliveries)
    .where(and(eq(deliveries.intentId, intentId), eq(deliveries.event, 'payment_refunded')))
    .orderBy(deliveries.id)
    .limit(1);
  if (told === undefined) return null;
  const facts = factsOf(told);
  return facts.event === 'payment_refunded' ? referenceOf(facts) : null;
}

function referenceOf({ refundReference, intentId }: PaymentFacts): string {
  return refundReference ?? intentId;
}
