/** The inbox: a webhook delivery is written down, and committed, before anything is made of it. */

import { and, eq, inArray, sql as raw } from 'drizzle-orm';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import { PROVIDERS, type Provider } from '@flash-sale/shared/contracts/webhook.ts';
import { DELIVERY_EVENT_LENGTH_MAX, SQL_LINE, WEBHOOK_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { Batcher, eachAlone, type Answers } from '../batch.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { insertMany } from '../mysql/insert-many.ts';
import { statement, type Sql } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import type { PaymentFacts } from './facts.ts';

export type Delivery = typeof deliveries.$inferSelect;

export interface Arrival {
  readonly provider: Provider;
  /** `webhook-id`, else `Idempotency-Key`, else null; of Stripe the event's id. */
  readonly senderKey: string | null;
  readonly isSigned: boolean;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  readonly facts: PaymentFacts;
}

/**
 * Records a delivery, or counts it once more when it was recorded before. @returns its id, durable.
 * @throws StoreUnavailable: the sender must send it again.
 */
export function recordDelivery(services: Services, arrival: Arrival): Promise<number> {
  return recorderOf(services).call(ALL_DELIVERIES, rowOf(arrival));
}

type Row = ReturnType<typeof rowOf>;

/** Those that arrive while others are being written share the next write to the log. */
const ALL_DELIVERIES = 0;
const recorderOf = perProcess(
  (services) => new Batcher<Row, number>(WEBHOOK_BATCH_MAX, (_, rows) => record(services, rows), SQL_LINE),
);

/** All of them, or each by itself: one may have been recorded before, or be refused by SQL. */
async function record(services: Services, rows: readonly Row[]): Promise<Answers<number>> {
  const alone = (row: Row) => recordAlone(services, row);
  if (rows.length === 1) return eachAlone(rows, alone);
  try {
    return await statement(services.mysql, async (sql) => {
      await insertMany(sql, deliveries, rows);
      return idsOf(sql, rows);
    });
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    return eachAlone(rows, alone);
  }
}

async function recordAlone(services: Services, row: Row): Promise<number> {
  try {
    const [{ insertId }] = await statement(services.mysql, (sql) => sql.insert(deliveries).values(row));
    return insertId;
  } catch (error) {
    if (!isDuplicateKey(error, 'deliveries_once')) throw error;
    return countAgain(services, row);
  }
}

async function idsOf(sql: Sql, rows: readonly Row[]): Promise<number[]> {
  const dedupeKeys = rows.map(({ dedupeKey }) => dedupeKey);
  const written = await sql
    .select({ id: deliveries.id, provider: deliveries.provider, dedupeKey: deliveries.dedupeKey })
    .from(deliveries)
    .where(and(inArray(deliveries.provider, PROVIDERS), inArray(deliveries.dedupeKey, dedupeKeys)));
  const idOf = new Map(written.map(({ id, provider, dedupeKey }) => [`${provider} ${dedupeKey}`, id]));
  return rows.map(({ provider, dedupeKey }) => {
    const id = idOf.get(`${provider} ${dedupeKey}`);
    if (id === undefined) throw new Error('a recorded delivery vanished');
    return id;
  });
}

function rowOf(arrival: Arrival) {
  const { provider, facts } = arrival;
  return {
    provider,
    dedupeKey: dedupeKeyOf(arrival),
    senderKey: arrival.senderKey,
    event: eventName(facts),
    intentId: facts.intentId,
    holdId: facts.holdId,
    signed: arrival.isSigned ? 1 : 0,
    headers: JSON.stringify(withoutCredentials(arrival.headers)),
    body: arrival.body,
  };
}

function eventName({ event, otherEvent = event }: PaymentFacts): string {
  return otherEvent.slice(0, DELIVERY_EVENT_LENGTH_MAX);
}

const CREDENTIALS = /authorization|cookie|token|secret|password|api-?key/i;

/** What operators may see of a request's headers. A signature is none: it fits these bytes for five minutes. */
export function withoutCredentials<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !CREDENTIALS.test(name)));
}

async function countAgain({ mysql }: Services, { provider, dedupeKey }: Row): Promise<number> {
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
  const parts = [senderKey, eventName(facts), facts.intentId, facts.holdId, facts.amount, facts.currency];
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The longest wait between two attempts at a delivery. */
const BACKOFF_MAX_S = 30;

/** When to look at a delivery again: later each time. */
export const nextAttempt = raw`utc_timestamp(3) + interval least(${BACKOFF_MAX_S}, pow(2, least(attempts, 10))) second`;
