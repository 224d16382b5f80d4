/** What tests of replays do: leave deliveries to be replayed, ask for a replay, let it be carried out, and look. */

import { expect } from 'bun:test';
import { and, asc, eq, inArray } from 'drizzle-orm';
import { auditLog, deliveries, sales } from '@flash-sale/drizzle/schema.ts';
import type { ReplayItemView, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { statement } from '../mysql/transaction.ts';
import { recordDelivery } from '../payments/deliveries.ts';
import { carryOutReplays } from '../payments/replay-worker.ts';
import type { Services } from '../services.ts';
import { ops } from './client.ts';
import { ledger } from './settling.ts';
import { until } from './until.ts';
import type { OneSale, World } from './world.ts';

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export async function replay(world: World, body: object): Promise<ReplayView> {
  const answer = await ops<ReplayView>(world, 'POST', '/ops/webhooks/replay', body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  expect(answer.headers.get('location')).toBe(`/ops/webhooks/replays/${answer.body.data.id}`);
  return answer.body.data;
}

export async function progressOf(world: World, id: number): Promise<ReplayView> {
  return (await ops<ReplayView>(world, 'GET', `/ops/webhooks/replays/${id}`)).body.data;
}

/** Turns of the worker until it is over. */
export async function carriedOut(
  world: World,
  { id }: { id: number },
  services: Services = world.services,
): Promise<ReplayView> {
  await until(async () => {
    await carryOutReplays(services);
    return (await progressOf(world, id)).state !== 'running';
  }, 60_000);
  return progressOf(world, id);
}

export async function itemsOf(world: World, id: number): Promise<ReplayItemView[]> {
  const items: ReplayItemView[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? '' : `&cursor=${cursor}`;
    const path = `/ops/webhooks/replays/${id}/items?limit=200${more}`;
    const page: Page<ReplayItemView> = (await ops<Page<ReplayItemView>>(world, 'GET', path)).body.data;
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}

/** Of the deliveries of these intents, oldest first. */
export async function deliveryIdsOf({ services }: World, ...intentIds: string[]): Promise<number[]> {
  const rows = await statement(services.mysql, (sql) =>
    sql
      .select({ id: deliveries.id })
      .from(deliveries)
      .where(inArray(deliveries.intentId, intentIds))
      .orderBy(asc(deliveries.id)),
  );
  return rows.map(({ id }) => id);
}

export function auditedReplaysOf({ services }: World, deliveryId: number) {
  return statement(services.mysql, (sql) =>
    sql
      .select()
      .from(auditLog)
      .where(and(eq(auditLog.target, `delivery ${deliveryId}`), eq(auditLog.action, 'webhook.replay'))),
  );
}

/** Everything that a replay could change. */
export async function everythingOf({ services }: World, { saleId }: OneSale) {
  const [sale] = await statement(services.mysql, (sql) =>
    sql.select().from(sales).where(eq(sales.id, saleId)),
  );
  return { sale, ...(await ledger(services, saleId)) };
}

/** Received, and nothing made of it yet. @returns its id. */
export function recorded(
  { services }: World,
  { holdId, intentId }: { holdId: string; intentId: string },
  event: 'payment_success' | 'payment_failed' = 'payment_success',
): Promise<number> {
  return recordDelivery(services, {
    provider: 'native',
    senderKey: crypto.randomUUID(),
    isSigned: true,
    headers: {},
    body: JSON.stringify({ hold_id: holdId, payment_intent_id: intentId }),
    facts: { event, holdId, intentId, amount: null, currency: null },
  });
}
