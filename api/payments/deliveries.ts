/** The inbox: a webhook delivery is written down, and committed, before anything is made of it. */

import { and, eq, sql as raw } from 'drizzle-orm';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import type { PaymentEvent } from '@flash-sale/shared/contracts/payment.ts';
import { isDuplicateKey, statement } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';

export type Delivery = typeof deliveries.$inferSelect;

/** What a provider states. */
export interface PaymentFacts {
  readonly event: PaymentEvent;
  readonly holdId: string;
  readonly intentId: string;
  /** Major units, as stated; null when not stated. */
  readonly amount: number | null;
  readonly currency: string | null;
}

export interface Arrival {
  readonly provider: string;
  /** `webhook-id`, else `Idempotency-Key`, else null. */
  readonly senderKey: string | null;
  readonly isSigned: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly facts: PaymentFacts;
}

/**
 * Records a delivery, or counts it once more when it was recorded before. @returns its id, durable.
 * @throws StoreUnavailable: the sender must send it again.
 */
export async function recordDelivery(services: Services, arrival: Arrival): Promise<number> {
  const { provider, facts } = arrival;
  const dedupeKey = dedupeKeyOf(arrival);
  try {
    return await statement(services.mysql, async (sql) => {
      const [{ insertId }] = await sql.insert(deliveries).values({
        provider,
        dedupeKey,
        senderKey: arrival.senderKey,
        event: facts.event,
        intentId: facts.intentId,
        holdId: facts.holdId,
        signed: arrival.isSigned ? 1 : 0,
        headers: JSON.stringify(arrival.headers),
        body: arrival.body,
      });
      return insertId;
    });
  } catch (error) {
    if (!isDuplicateKey(error, 'deliveries_once')) throw error;
    return countAgain(services, provider, dedupeKey);
  }
}

async function countAgain({ mysql }: Services, provider: string, dedupeKey: string): Promise<number> {
  const isSame = and(eq(deliveries.provider, provider), eq(deliveries.dedupeKey, dedupeKey));
  return statement(mysql, async (sql) => {
    await sql
      .update(deliveries)
      .set({ receivedCount: raw`received_count + 1`, lastReceivedAt: raw`utc_timestamp(3)` })
      .where(isSame);
    const [row] = await sql.select({ id: deliveries.id }).from(deliveries).where(isSame);
    if (row === undefined) throw new Error('a recorded delivery vanished');
    return row.id;
  });
}

/**
 * The sender's key together with the facts: a key that is sent again with other facts is another delivery, because
 * dropping it could lose a payment.
 */
function dedupeKeyOf({ senderKey, facts }: Arrival): string {
  const parts = [senderKey, facts.event, facts.intentId, facts.holdId, facts.amount, facts.currency];
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The longest wait between two attempts at a delivery. */
const BACKOFF_MAX_S = 30;

/** When to look at a delivery again: later each time. */
export const nextAttempt = raw`utc_timestamp(3) + interval least(${BACKOFF_MAX_S}, pow(2, least(attempts, 10))) second`;

/** The facts of a recorded delivery, read back from its body. */
export function factsOf(delivery: Delivery): PaymentFacts {
  const body = JSON.parse(delivery.body) as Record<string, unknown>;
  return {
    event: delivery.event as PaymentEvent,
    holdId: String(body['hold_id']).toLowerCase(),
    intentId: delivery.intentId,
    amount: typeof body['amount'] === 'number' ? body['amount'] : null,
    currency: typeof body['currency'] === 'string' ? body['currency'] : null,
  };
}
