/**
 * Makes a payment of a recorded delivery. Runs any number of times, from the webhook, a worker or an operator's
 * replay, and always comes to the same end: one row per payment intent, with one disposition (I5).
 *
 * A payment in time needs SQL only. A late one asks Redis for the units again, outside of any SQL lock.
 */

import { and, eq, sql as raw } from 'drizzle-orm';
import { deliveries, orders, payments } from '@flash-sale/drizzle/schema.ts';
import type { OrderState, PaymentDisposition } from '@flash-sale/shared/lifecycle.ts';
import { LATE_WAITING_MAX, PARKED_MAX_MS, SQL_TIMEOUT_MS } from '@flash-sale/shared/limits.ts';
import { minorFromMajor } from '@flash-sale/shared/units.ts';
import { exclusively, isDuplicateKey, transaction, type Sql } from '../mysql/transaction.ts';
import { deliverCreditsSoon, endPendingOrder } from '../orders/give.ts';
import { moveOrder } from '../orders/move.ts';
import type { Order } from '../orders/orders.ts';
import { TakeRefused } from '../orders/take.ts';
import { perProcess } from '../per-process.ts';
import { armSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { Turnstile } from '../turnstile.ts';
import { factsOf, nextAttempt, type Delivery, type PaymentFacts } from './deliveries.ts';
import { commitLateTake, finishLateTake, takeForLate, type LateTake } from './late.ts';

export type Processed =
  | {
      kind: 'done';
      order: Order;
      state: OrderState;
      disposition: PaymentDisposition | null;
      /** False when an earlier run had done it. */
      isNew: boolean;
    }
  /** No order knows the intent yet: kept, and applied when the order appears. */
  | { kind: 'parked' }
  /** No order ever came; money is owed back. */
  | { kind: 'unmatched' };

/** What one transaction makes of a delivery. `late` asks for units first; `again` begins anew with what it says. */
type Decision = Processed | { kind: 'late'; order: Order };
type Step = Decision | { kind: 'again'; take: LateTake | null };

/** Transactions for one late payment: two, and more when its sale is rebuilt meanwhile. */
const ROUNDS_MAX = 10;

/** Late payments that one process decides at a time: each holds a connection while it uses others. */
const lateOf = perProcess(
  () => new Turnstile({ atOnce: 4, waitingMax: LATE_WAITING_MAX, waitMaxMs: SQL_TIMEOUT_MS }),
);

/** @throws StoreUnavailable: the delivery stays as it is and is processed later. */
export async function processDelivery(services: Services, deliveryId: number): Promise<Processed> {
  const step = await processOnce(services, deliveryId, null);
  const processed = isOver(step)
    ? step
    : await lateOf(services).pass(() => processLate(services, deliveryId, orderIdOf(step)));
  if (processed.kind === 'done') afterwards(services, processed);
  return processed;
}

/**
 * One at a time over all processes, because a twin of this delivery would find the units in our hands and owe the
 * money back. Economy only: whoever waited too long goes on.
 */
function processLate(services: Services, deliveryId: number, orderId: string): Promise<Processed> {
  return exclusively(services.mysql, `flash_sale.late.${orderId}`, async () => {
    let take: LateTake | null = null;
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const step: Step = await processOnce(services, deliveryId, take);
      if (isOver(step)) return step;
      if (step.kind === 'late') {
        take = await takeForLate(services, step.order);
        services.reach('payment.taken');
      } else {
        take = step.take;
      }
    }
    throw new StoreUnavailable('redis', 'the sale is rebuilt again and again');
  });
}

/** A step that was beaten at once has no order to name; then nobody waits for anybody. */
function orderIdOf(step: Exclude<Step, Processed>): string {
  return step.kind === 'late' ? step.order.id : crypto.randomUUID();
}

function isOver(step: Step): step is Processed {
  return step.kind !== 'late' && step.kind !== 'again';
}

function afterwards(services: Services, done: Extract<Processed, { kind: 'done' }>): void {
  if (!done.isNew) return;
  if (done.disposition !== null) services.metrics.payments.inc({ disposition: done.disposition });
  if (done.state === 'cancelled') deliverCreditsSoon(services, done.order.saleId);
}

/** One transaction. A take that it does not use, or that SQL refuses, is given up afterwards. */
async function processOnce(services: Services, deliveryId: number, take: LateTake | null): Promise<Step> {
  try {
    const step = await transaction(services.mysql, async (sql): Promise<Decision> => {
      const [delivery] = await sql
        .select()
        .from(deliveries)
        .where(eq(deliveries.id, deliveryId))
        .for('update');
      if (delivery === undefined) throw new Error(`there is no delivery ${deliveryId}`);
      const made = await decide(sql, delivery, take);
      if (made.kind !== 'late') await closeDelivery(sql, delivery, made);
      return made;
    });
    if (step.kind !== 'late') services.reach('payment.committed');
    const isTakeUsed = step.kind === 'done' && step.isNew && step.disposition === 'late_applied';
    if (take?.kind === 'taken') await finishLateTake(services, take, isTakeUsed);
    return step;
  } catch (error) {
    // Somebody was faster: recorded this intent for another hold's order, or voided a take that took too long.
    const isBeaten = isDuplicateKey(error);
    if (!isBeaten && !(error instanceof TakeRefused)) throw error;
    if (take?.kind === 'taken') {
      await finishLateTake(services, take, false);
      // Waits for the rebuild, or does it if whoever began it died.
      await armSale(services, take.saleId);
    }
    if (error instanceof TakeRefused && error.reason !== 'epoch')
      return { kind: 'again', take: { kind: 'refused' } };
    return { kind: 'again', take: null };
  }
}

async function decide(sql: Sql, delivery: Delivery, take: LateTake | null): Promise<Decision> {
  const facts = factsOf(delivery);
  const order = await lockOrder(sql, facts);
  if (order === undefined) return park(sql, delivery, facts);
  if (facts.event === 'payment_failed') return cancel(sql, facts, order);
  return receiveMoney(sql, delivery, facts, order, take);
}

/** By intent, else by hold: the hold's order may be waiting for another intent. */
async function lockOrder(sql: Sql, { intentId, holdId }: PaymentFacts): Promise<Order | undefined> {
  const byIntent = await sql.select().from(orders).where(eq(orders.paymentIntentId, intentId)).for('update');
  if (byIntent[0] !== undefined) return byIntent[0];
  const byHold = await sql.select().from(orders).where(eq(orders.holdId, holdId)).for('update');
  return byHold[0];
}

async function park(sql: Sql, delivery: Delivery, facts: PaymentFacts): Promise<Decision> {
  const [row] = await sql
    .select({ ageUs: raw<number>`timestampdiff(microsecond, received_at, utc_timestamp(3))` })
    .from(deliveries)
    .where(eq(deliveries.id, delivery.id));
  if (Number(row?.ageUs) < PARKED_MAX_MS * 1_000) return { kind: 'parked' };
  if (facts.event === 'payment_success' && (await findPayment(sql, delivery)) === undefined) {
    await sql.insert(payments).values({
      provider: delivery.provider,
      intentId: facts.intentId,
      disposition: 'unmatched',
      deliveryId: delivery.id,
    });
  }
  return { kind: 'unmatched' };
}

/** A failure ends the order only while nothing better happened to it. */
async function cancel(sql: Sql, facts: PaymentFacts, order: Order): Promise<Decision> {
  const isCancelled = order.state === 'pending' && order.paymentIntentId === facts.intentId;
  if (isCancelled) await endPendingOrder(sql, order, 'order_cancelled');
  const state = isCancelled ? 'cancelled' : order.state;
  return { kind: 'done', order, state, disposition: null, isNew: isCancelled };
}

async function receiveMoney(
  sql: Sql,
  delivery: Delivery,
  facts: PaymentFacts,
  order: Order,
  take: LateTake | null,
): Promise<Decision> {
  const before = await findPayment(sql, delivery);
  if (before !== undefined) {
    return { kind: 'done', order, state: order.state, disposition: before.disposition, isNew: false };
  }
  const judged = judge(facts, order, take);
  if (judged === 'late') return { kind: 'late', order };

  const next = stateAfter(judged, facts, order);
  if (next !== order.state) await moveOrder(sql, order, next);
  await sql.insert(payments).values({
    provider: delivery.provider,
    intentId: facts.intentId,
    orderId: order.id,
    amountMinor:
      facts.amount === null ? order.amountMinor : minorFromMajor(facts.amount, currencyOf(facts, order)),
    currency: currencyOf(facts, order),
    disposition: judged,
    deliveryId: delivery.id,
  });
  // Last, because it ends with the sale's row, which everybody waits for.
  if (judged === 'late_applied' && take?.kind === 'taken') await commitLateTake(sql, order, take);
  return { kind: 'done', order, state: next, disposition: judged, isNew: true };
}

function stateAfter(disposition: PaymentDisposition, facts: PaymentFacts, order: Order): OrderState {
  if (disposition === 'applied' || disposition === 'late_applied') return 'paid';
  // Money for another intent is owed back too, but says nothing about this order.
  const isOwn = order.paymentIntentId === facts.intentId;
  return disposition === 'refund_due' && isOwn && hasEnded(order) ? 'refund_due' : order.state;
}

function hasEnded({ state }: Order): boolean {
  return state === 'expired' || state === 'cancelled';
}

function judge(
  facts: PaymentFacts,
  order: Order,
  take: LateTake | null,
): Exclude<PaymentDisposition, 'unmatched'> | 'late' {
  // A second intent for one order: the first stands, this money is owed back.
  if (order.paymentIntentId !== facts.intentId) return 'refund_due';
  if (!isAsAgreed(facts, order)) return 'mismatch';
  if (order.state === 'pending') return 'applied';
  if (!hasEnded(order)) return 'refund_due';
  if (take === null) return 'late';
  return take.kind === 'taken' ? 'late_applied' : 'refund_due';
}

function isAsAgreed(facts: PaymentFacts, order: Order): boolean {
  if (facts.holdId !== order.holdId) return false;
  if (facts.currency !== null && facts.currency !== order.currency) return false;
  return facts.amount === null || minorFromMajor(facts.amount, order.currency) === order.amountMinor;
}

function currencyOf(facts: PaymentFacts, order: Order): string {
  return facts.currency ?? order.currency;
}

async function findPayment(sql: Sql, { provider, intentId }: Delivery) {
  const [payment] = await sql
    .select()
    .from(payments)
    .where(and(eq(payments.provider, provider), eq(payments.intentId, intentId)));
  return payment;
}

async function closeDelivery(sql: Sql, delivery: Delivery, made: Processed): Promise<void> {
  const isParked = made.kind === 'parked';
  const outcome = made.kind === 'done' ? (made.disposition ?? made.state) : made.kind;
  await sql
    .update(deliveries)
    .set({
      state: isParked ? 'parked' : 'processed',
      outcome: delivery.state === 'processed' ? delivery.outcome : outcome,
      attempts: raw`attempts + 1`,
      nextAttemptAt: isParked ? nextAttempt : null,
      ...(isParked || delivery.processedAt !== null ? {} : { processedAt: raw`utc_timestamp(3)` }),
    })
    .where(eq(deliveries.id, delivery.id));
}
