/**
 * Buyers who do not give up: whatever dies under them, they send the same request again until it is answered, as
 * storefronts and payment providers do. What they were told goes into a journal, and must be true afterwards.
 */

import { expect } from 'bun:test';
import type { Services } from '../services.ts';
import { audit } from './audit.ts';
import { hold, order, pay, send, type Answer } from './client.ts';
import type { Chance } from './seeded.ts';
import { ledger, settle } from './settling.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

type Api = Pick<World, 'listening'>;

export interface Journal {
  readonly held: { holdId: string; quantity: number }[];
  readonly ordered: { holdId: string; orderId: string }[];
  readonly paid: { holdId: string; orderId: string; intentId: string }[];
  readonly cancelled: { orderId: string }[];
  /** Answers that no buyer may get here. */
  readonly unexpected: string[];
  /** How often each refusal was heard. */
  readonly refused: Map<string, number>;
  /** Requests without an answer, and answers 503: sent again. */
  retries: number;
}

export function newJournal(): Journal {
  return { held: [], ordered: [], paid: [], cancelled: [], unexpected: [], refused: new Map(), retries: 0 };
}

export interface Crowd {
  /** The API to talk to at this moment; it may be another one in the next. */
  readonly api: () => Api;
  readonly productId: number;
  readonly chance: Chance;
  readonly journal: Journal;
  /** Refusals that may happen here besides being out of stock. */
  readonly mayHear?: readonly string[];
}

/** Keeps `count` buyers busy until the work is over, and lets those who have begun finish. */
export async function whileBuying(crowd: Crowd, count: number, work: () => Promise<void>): Promise<void> {
  let isOver = false;
  const shoppers = Array.from({ length: count }, async () => {
    while (!isOver) await shop(crowd);
  });
  try {
    await work();
  } finally {
    isOver = true;
    await Promise.all(shoppers);
  }
}

/** One visit: hold, and then release, leave, order, or order and pay. Most give their units back, so that it goes on. */
export async function shop(crowd: Crowd): Promise<void> {
  const { chance, journal, productId } = crowd;
  const key = crypto.randomUUID();
  const quantity = chance.integer(1, 3);
  const held = await insist(crowd, (api) => hold(api, productId, { quantity }, { 'idempotency-key': key }));
  if (held === null) return;
  const holdId = held.body.data.hold_id;
  journal.held.push({ holdId, quantity });

  const plan = chance.next();
  if (plan < 0.3) {
    await insist(crowd, (api) => send(api, 'DELETE', `/api/holds/${holdId}`));
    return;
  }
  const intentId = `pi_${key}`;
  const ordered = await insist(crowd, (api) => order(api, holdId, intentId));
  if (ordered === null) return;
  const orderId = ordered.body.data.order_id;
  journal.ordered.push({ holdId, orderId });
  if (plan < 0.35) return;
  const event = plan < 0.85 ? 'failed' : 'success';
  const told = await insist(crowd, (api) => pay(api, holdId, intentId, { event }));
  if (told === null) return;
  if (told.body.data.status === 'paid') journal.paid.push({ holdId, orderId, intentId });
  else if (told.body.data.status === 'cancelled') journal.cancelled.push({ orderId });
  else journal.unexpected.push(`a payment-${event} left the order ${told.body.data.status}`);
}

/** Sends it until it is answered. @returns null when the answer is no. */
async function insist<Data>(
  { api, journal, mayHear = [] }: Crowd,
  request: (api: Api) => Promise<Answer<Data>>,
): Promise<Answer<Data> | null> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const answer = await request(api()).catch(() => null);
    if (answer !== null && answer.status !== 503) {
      if (answer.status < 300) return answer;
      const code = answer.body.code ?? String(answer.status);
      journal.refused.set(code, (journal.refused.get(code) ?? 0) + 1);
      if (code !== 'insufficient_stock' && !mayHear.includes(code)) {
        journal.unexpected.push(`${answer.status} ${JSON.stringify(answer.body)}`);
      }
      // Sold out is heard quickly; a buyer waits a moment before the next visit.
      await Bun.sleep(5);
      return null;
    }
    journal.retries += 1;
    await Bun.sleep(15);
  }
  journal.unexpected.push('no answer within 30 s');
  return null;
}

/** I6: every answer that a buyer got is true. I3, I5: no hold has two orders, no order two payments. */
async function expectJournalIsTrue(services: Services, saleId: number, journal: Journal): Promise<void> {
  expect(journal.unexpected).toEqual([]);
  const written = await ledger(services, saleId);
  const orderById = new Map(written.orders.map((row) => [row.id, row]));
  const wrong: unknown[] = [];
  for (const { holdId, orderId } of journal.ordered) {
    if (orderById.get(orderId)?.holdId !== holdId) wrong.push({ lostOrder: orderId });
  }
  for (const { orderId } of journal.cancelled) {
    if (orderById.get(orderId)?.state !== 'cancelled') wrong.push({ notCancelled: orderId });
  }
  for (const { orderId, intentId } of journal.paid) {
    const rows = written.payments.filter((payment) => payment.intentId === intentId);
    const isPaid = orderById.get(orderId)?.state === 'paid' && rows.length === 1;
    if (!isPaid || rows[0]?.disposition !== 'applied') wrong.push({ lostPayment: orderId });
  }
  expect(wrong).toEqual([]);
  expect(new Set(written.orders.map(({ holdId }) => holdId)).size).toBe(written.orders.length);
  expect(new Set(written.payments.map((payment) => payment.orderId)).size).toBe(written.payments.length);
  const ordered = written.outcomes.filter(({ outcome }) => outcome === 'ordered');
  expect(ordered.length).toBe(written.orders.length);
}

/** I1..I8, as far as a sale can be looked at from outside, once everything that was under way is settled. */
export async function expectExact(services: Services, saleId: number, journal: Journal): Promise<void> {
  await settle(services, saleId);
  const end = await until(async () => {
    const seen = await audit(services, saleId);
    return seen.pinned === 0 && seen.owed === 0 && seen.drift === 0 && seen;
  });
  expect(end.committed).toBe(end.ordered);
  expect(end.committed).toBeLessThanOrEqual(end.allotment);
  await expectJournalIsTrue(services, saleId, journal);
}
