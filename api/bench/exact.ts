/**
 * A run in which every request and every answer is counted, and compared with what Redis and SQL know afterwards: many
 * buyers for few units, all at once, and every one who got a hold orders.
 */

import { count, eq } from 'drizzle-orm';
import { orders, sales } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import type { RawRequest } from '../test/fuzz/raw-http.ts';
import { until } from '../test/until.ts';
import { drive, percentile, post } from './load/client.ts';
import { openStage } from './stage.ts';

const BUYERS = 20_000;
const UNITS = 1_000;
const CONNECTIONS = 256;

export interface ExactRun {
  readonly buyers: number;
  readonly units: number;
  readonly connections: number;
  readonly seconds: number;
  readonly p99Ms: number;
  /** Status and code of all answers to requests for holds, each with how often it came. */
  readonly answers: Readonly<Record<string, number>>;
  /** What is not as it must be; nothing when all is right. */
  readonly wrong: readonly string[];
}

export async function runExactly(): Promise<ExactRun> {
  const stage = await openStage();
  try {
    const { productId, saleId } = await stage.world.sale({ allotment: UNITS, buyerLimit: 1 });
    const api = await stage.serve('server.ts');
    const answers: Record<string, number> = {};
    const holdIds: string[] = [];
    const took: number[] = [];
    const startedAtMs = performance.now();
    await drive(api.url, CONNECTIONS, eachBuyer(productId), ({ reply, tookMs }) => {
      took.push(tookMs);
      const { code, data } = JSON.parse(reply.body || '{}') as { code?: string; data?: { hold_id: string } };
      const answer = [reply.status, code].join(' ').trim();
      answers[answer] = (answers[answer] ?? 0) + 1;
      if (data !== undefined) holdIds.push(data.hold_id);
    });
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const statuses = await orderAll(api.url, holdIds);
    const wrong = differences(
      {
        'holds that were answered 201': [answers['201'] ?? 0, UNITS],
        'answers that all is sold out': [answers['409 insufficient_stock'] ?? 0, BUYERS - UNITS],
        'different holds': [new Set(holdIds).size, UNITS],
        'orders that were answered 201': [statuses.filter((status) => status === 201).length, UNITS],
      },
      await inStores(stage.world.services, saleId),
    );
    const figures = { buyers: BUYERS, units: UNITS, connections: CONNECTIONS, seconds };
    return { ...figures, p99Ms: percentile(took, 0.99), answers, wrong };
  } finally {
    await stage.close();
  }
}

type Figures = Readonly<Record<string, readonly [is: number, mustBe: number]>>;

function differences(...all: Figures[]): string[] {
  return all
    .flatMap((figures) => Object.entries(figures))
    .filter(([, [is, mustBe]]) => is !== mustBe)
    .map(([what, [is, mustBe]]) => `${what}: ${is}, not ${mustBe}`);
}

function eachBuyer(productId: number): () => RawRequest | null {
  let buyer = 0;
  return () => {
    buyer += 1;
    if (buyer > BUYERS) return null;
    const body = { product_id: productId, quantity: 1, ttl: 300, buyer_id: `buyer-${buyer}` };
    return post('/api/holds', {
      body: JSON.stringify(body),
      headers: { 'idempotency-key': `basket-${buyer}` },
    });
  };
}

/** @returns the status of each answer */
async function orderAll(url: string, holdIds: readonly string[]): Promise<number[]> {
  const waiting = holdIds.map((holdId) =>
    post('/api/orders', { body: JSON.stringify({ hold_id: holdId, payment_intent_id: `pi_${holdId}` }) }),
  );
  const statuses: number[] = [];
  await drive(
    url,
    CONNECTIONS,
    () => waiting.pop() ?? null,
    ({ reply }) => statuses.push(reply.status),
  );
  return statuses;
}

type Services = Parameters<typeof audit>[0];

async function inStores(services: Services, saleId: number): Promise<Figures> {
  // Redis learns of orders a moment after their buyers.
  const look = await until(async () => {
    const seen = await audit(services, saleId);
    return seen.pinned === 0 && seen;
  });
  const [sale, [ordered]] = await statement(services.mysql, async (sql) => [
    (await sql.select().from(sales).where(eq(sales.id, saleId)))[0],
    await sql.select({ count: count() }).from(orders).where(eq(orders.saleId, saleId)),
  ]);
  return {
    'units available in Redis': [look.available, 0],
    'units held in Redis': [look.held, 0],
    'drift between Redis and SQL': [look.drift, 0],
    'units of buyers in SQL': [look.buyerUnits, UNITS],
    'units committed in SQL': [sale?.committed ?? 0, UNITS],
    'orders in SQL': [ordered?.count ?? 0, UNITS],
  };
}
