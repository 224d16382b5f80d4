/**
 * Payments that are what nearly all are: the first of their intent, as agreed, for an order that waits for it. Those that
 * arrive together share one transaction. It decides nothing that `decide` would not, and leaves everything else to it.
 */

import { and, eq, inArray, sql as raw } from 'drizzle-orm';
import { deliveries, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { PROVIDERS } from '@flash-sale/shared/contracts/webhook.ts';
import { insertMany } from '../mysql/insert-many.ts';
import { transaction, type Sql } from '../mysql/transaction.ts';
import type { Order } from '../orders/orders.ts';
import type { Services } from '../services.ts';
import { recordAttempts, type Attempt } from './attempts.ts';
import { judge, paymentOf, type Processed } from './decide.ts';
import type { Delivery } from './deliveries.ts';
import type { PaymentFacts } from './facts.ts';
import { factsOf } from './providers.ts';

type Arrived = Pick<Delivery, 'id' | 'provider' | 'event' | 'body' | 'state'>;

interface Plain {
  readonly delivery: Arrived;
  readonly facts: PaymentFacts;
  readonly order: Order;
}

/** @returns what was made of each delivery; null: nothing yet */
export function applyPlain({ mysql }: Services, attempts: readonly Attempt[]): Promise<(Processed | null)[]> {
  return transaction(mysql, async (sql) => {
    const ids = attempts.map(({ deliveryId }) => deliveryId);
    // What somebody else has locked is for `decide`: a transaction that hangs must not keep all who came together.
    const arrived = await sql
      .select({
        id: deliveries.id,
        provider: deliveries.provider,
        event: deliveries.event,
        body: deliveries.body,
        state: deliveries.state,
      })
      .from(deliveries)
      .where(inArray(deliveries.id, ids))
      .for('update', { skipLocked: true });
    const plain = await findPlain(sql, arrived);
    if (plain.length > 0) await write(sql, plain, attempts);
    const made = new Map(plain.map(({ delivery, order }) => [delivery.id, applied(order)]));
    return ids.map((id) => made.get(id) ?? null);
  });
}

function applied(order: Order): Processed {
  return { kind: 'done', order, state: 'paid', disposition: 'applied', isNew: true };
}

async function findPlain(sql: Sql, arrived: readonly Arrived[]): Promise<Plain[]> {
  const told = arrived
    .filter(({ state }) => state === 'received')
    .map((delivery) => ({ delivery, facts: factsOf(delivery) }))
    .filter(({ facts }) => facts.event === 'payment_success');
  if (told.length === 0) return [];
  const intents = told.map(({ facts }) => facts.intentId);
  const waiting = await sql
    .select()
    .from(orders)
    .where(inArray(orders.paymentIntentId, intents))
    .for('update', { skipLocked: true });
  const known = await knownIntents(sql, intents);
  const orderOf = new Map(waiting.map((order) => [order.paymentIntentId, order]));
  return told.flatMap(({ delivery, facts }) => {
    const order = orderOf.get(facts.intentId);
    if (order === undefined || known.has(facts.intentId)) return [];
    // A twin of this delivery is for `decide`: to that one, the payment is there already.
    known.add(facts.intentId);
    return judge(facts, order, null, false) === 'applied' ? [{ delivery, facts, order }] : [];
  });
}

/** Intents that were paid, or whose refund was told before. */
async function knownIntents(sql: Sql, intents: readonly string[]): Promise<Set<string>> {
  const paid = await sql
    .select({ intentId: payments.intentId })
    .from(payments)
    .where(and(inArray(payments.provider, PROVIDERS), inArray(payments.intentId, intents)));
  const refunded = await sql
    .select({ intentId: deliveries.intentId })
    .from(deliveries)
    .where(and(inArray(deliveries.intentId, intents), eq(deliveries.event, 'payment_refunded')));
  return new Set([...paid, ...refunded].map(({ intentId }) => intentId));
}

async function write(sql: Sql, plain: readonly Plain[], attempts: readonly Attempt[]): Promise<void> {
  const now = raw`utc_timestamp(3)`;
  const [{ affectedRows }] = await sql
    .update(orders)
    .set({ state: 'paid', updatedAt: now })
    .where(
      and(
        inArray(
          orders.id,
          plain.map(({ order }) => order.id),
        ),
        eq(orders.state, 'pending'),
      ),
    );
  if (affectedRows !== plain.length) throw new Error('an order was not pending under its lock');
  const paid = plain.map(({ delivery, facts, order }) => paymentOf(delivery, facts, order, 'applied', null));
  await insertMany(sql, payments, paid);
  const ids = plain.map(({ delivery }) => delivery.id);
  await sql
    .update(deliveries)
    .set({
      state: 'processed',
      outcome: 'applied',
      attempts: raw`attempts + 1`,
      nextAttemptAt: null,
      processedAt: now,
    })
    .where(inArray(deliveries.id, ids));
  await recordAttempts(
    sql,
    attempts.filter(({ deliveryId }) => ids.includes(deliveryId)),
    'applied',
  );
}
