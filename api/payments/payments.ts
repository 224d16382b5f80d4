/**
 * Makes a payment of a recorded delivery. Runs any number of times, from the webhook, a worker or an operator's
 * replay, and always comes to the same end: one row per payment intent, with one disposition (I5).
 *
 * A payment in time needs SQL only. A late one asks Redis for the units again, outside of any SQL lock.
 */

import { eq, sql as raw } from 'drizzle-orm';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import type { AttemptCause } from '@flash-sale/shared/lifecycle.ts';
import { LATE_WAITING_MAX, SQL_TIMEOUT_MS, WEBHOOK_BATCH_MAX, SQL_LINE } from '@flash-sale/shared/limits.ts';
import { Batcher } from '../batch.ts';
import { publish } from '../events/publish.ts';
import { exclusively } from '../mysql/exclusive.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import { deliverCreditsSoon } from '../orders/give.ts';
import { TakeRefused } from '../orders/take.ts';
import { tellOrder } from '../orders/tell.ts';
import { perProcess } from '../per-process.ts';
import { armSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { Turnstile } from '../turnstile.ts';
import { recordAttempts, recordFailedAttempt, type Attempt } from './attempts.ts';
import { decide, hasChanged, outcomeOf, type Decision, type Processed } from './decide.ts';
import { nextAttempt, type Delivery } from './deliveries.ts';
import { finishLateTake, takeForLate, type LateTake } from './late.ts';
import { applyPlain } from './plain.ts';

/** What one transaction comes to; `again` begins anew with what it says. */
type Step = Decision | { kind: 'again'; take: LateTake | null };

/** Transactions for one late payment: two, and more when its sale is rebuilt meanwhile. */
const ROUNDS_MAX = 10;

/** Late payments that one process decides at a time: each holds a connection while it uses others. */
const lateOf = perProcess(
  () => new Turnstile({ store: 'sql', atOnce: 4, waitingMax: LATE_WAITING_MAX, waitMaxMs: SQL_TIMEOUT_MS }),
);

/** More that belongs into the transaction that closes a delivery. */
export interface Beside {
  /** Before anything is looked at. */
  readonly first: (sql: Sql) => Promise<unknown>;
  /** After everything is written. @throws CalledOff */
  readonly last: (sql: Sql, before: Delivery, made: Processed) => Promise<void>;
}

const NOTHING_BESIDE: Beside = { first: async () => {}, last: async () => {} };

/** Undoes the transaction that it is thrown in: the delivery is not to be processed after all. It is no failure. */
export class CalledOff extends Error {
  override readonly name = 'CalledOff';
}

interface Run {
  readonly services: Services;
  readonly attempt: Attempt;
  readonly beside: Beside;
}

/**
 * Of a delivery that has just been recorded. Those that arrive while others are being processed share a transaction.
 * @throws StoreUnavailable: the delivery stays as it is and is processed later
 */
export async function processArrival(services: Services, deliveryId: number): Promise<Processed> {
  const attempt = { deliveryId, cause: 'arrival', startedAtMs: performance.now() } as const;
  const processed = await plainOf(services).call(ALL_DELIVERIES, attempt);
  if (processed === null) return processDelivery(services, deliveryId, 'arrival');
  afterwards(services, deliveryId, processed);
  return processed;
}

const ALL_DELIVERIES = 0;
const plainOf = perProcess(
  (services) =>
    new Batcher<Attempt, Processed | null>(
      WEBHOOK_BATCH_MAX,
      async (_, attempts) => {
        try {
          const made = await applyPlain(services, attempts);
          if (made.some((processed) => processed !== null)) services.reach('payment.committed');
          return made;
        } catch (error) {
          if (error instanceof StoreUnavailable) throw error;
          // One of them is not as it seemed: each by itself is told apart from the others.
          return attempts.map(() => null);
        }
      },
      SQL_LINE,
    ),
);

/** @throws StoreUnavailable: the delivery stays as it is and is processed later; CalledOff when `beside` does */
export async function processDelivery(
  services: Services,
  deliveryId: number,
  cause: AttemptCause,
  beside: Beside = NOTHING_BESIDE,
): Promise<Processed> {
  const attempt = { deliveryId, cause, startedAtMs: performance.now() };
  const run = { services, attempt, beside };
  try {
    const step = await processOnce(run, null);
    const processed = isOver(step)
      ? step
      : await lateOf(services).pass(() => processLate(run, orderIdOf(step)));
    afterwards(services, deliveryId, processed);
    return processed;
  } catch (error) {
    if (!(error instanceof CalledOff)) recordFailedAttempt(services, attempt, error);
    throw error;
  }
}

/**
 * One at a time over all processes, because a twin of this delivery would find the units in our hands and owe the
 * money back. Economy only: whoever waited too long goes on.
 */
function processLate(run: Run, orderId: string): Promise<Processed> {
  const { services } = run;
  return exclusively(services.mysql, `late.${orderId}`, async () => {
    let take: LateTake | null = null;
    for (let round = 1; round <= ROUNDS_MAX; round += 1) {
      const step: Step = await processOnce(run, take);
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

function afterwards(services: Services, deliveryId: number, made: Processed): void {
  if (made.kind !== 'done' || !made.isNew) return;
  const { order, state, disposition } = made;
  if (state !== order.state) tellOrder(services, order, state);
  if (disposition !== null) {
    services.metrics.payments.inc({ disposition });
    const event = { type: `payment.${disposition}`, order_id: order.id, delivery_id: deliveryId } as const;
    publish(services, order.saleId, event);
  }
  const gaveUnits = state === 'cancelled' || state === 'refunded';
  if (gaveUnits) deliverCreditsSoon(services, order.saleId);
}

/** One transaction. A take that it does not use, or that SQL refuses, is given up afterwards. */
async function processOnce(run: Run, take: LateTake | null): Promise<Step> {
  const { services, attempt, beside } = run;
  try {
    const step = await transaction(services.mysql, async (sql): Promise<Decision> => {
      await beside.first(sql);
      const delivery = await lockDelivery(sql, attempt.deliveryId);
      const made = await decide(sql, delivery, take);
      if (made.kind !== 'late') await close(sql, run, delivery, made);
      return made;
    });
    if (step.kind !== 'late') services.reach('payment.committed');
    const isTakeUsed = step.kind === 'done' && step.isNew && step.disposition === 'late_applied';
    if (take?.kind === 'taken') await finishLateTake(services, take, isTakeUsed);
    return step;
  } catch (error) {
    if (error instanceof CalledOff && take?.kind === 'taken') await finishLateTake(services, take, false);
    // Somebody was faster: recorded this intent for another hold's order, or voided a take that took too long.
    const isBeaten = isDuplicateKey(error);
    if (!isBeaten && !(error instanceof TakeRefused)) throw error;
    if (take?.kind === 'taken') {
      await finishLateTake(services, take, false);
      // Waits for the rebuild, or does it if whoever began it died.
      await armSale(services, take.saleId);
    }
    if (error instanceof TakeRefused && error.reason !== 'epoch') {
      return { kind: 'again', take: { kind: 'refused' } };
    }
    return { kind: 'again', take: null };
  }
}

export async function lockDelivery(sql: Sql, deliveryId: number): Promise<Delivery> {
  const [delivery] = await sql.select().from(deliveries).where(eq(deliveries.id, deliveryId)).for('update');
  if (delivery === undefined) throw new Error(`there is no delivery ${deliveryId}`);
  return delivery;
}

async function close(sql: Sql, { attempt, beside }: Run, before: Delivery, made: Processed) {
  const isParked = made.kind === 'parked';
  const isClosed = before.state === 'processed';
  await sql
    .update(deliveries)
    .set({
      state: isParked ? 'parked' : 'processed',
      outcome: isClosed && !hasChanged(made) ? before.outcome : outcomeOf(made),
      attempts: raw`attempts + 1`,
      nextAttemptAt: isParked ? nextAttempt : null,
      ...(isParked || before.processedAt !== null ? {} : { processedAt: raw`utc_timestamp(3)` }),
    })
    .where(eq(deliveries.id, before.id));
  await recordAttempts(sql, [attempt], outcomeOf(made));
  await beside.last(sql, before, made);
}
