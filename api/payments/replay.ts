/** An operator's order to process deliveries again, one, some or many. A worker carries it out (`replay-worker.ts`). */

import { and, asc, count, desc, eq, gt, inArray, isNotNull, lt, sql as raw, sum } from 'drizzle-orm';
import { deliveries, replayItems, replays } from '@flash-sale/drizzle/schema.ts';
import type { DeliveryFilter } from '@flash-sale/shared/contracts/webhook.ts';
import type { ReplayState } from '@flash-sale/shared/lifecycle.ts';
import { REPLAY_DELIVERIES_MAX, REPLAY_RATE_DEFAULT } from '@flash-sale/shared/limits.ts';
import { publish } from '../events/publish.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, record, type Act } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { chooseDeliveries } from './webhooks.ts';

export type Replay = typeof replays.$inferSelect;
export type ReplayItem = typeof replayItems.$inferSelect;

/** Which deliveries: these, or all that match now. */
export type ReplayChoice = { readonly ids: readonly number[] } | { readonly filter: DeliveryFilter };

export interface ReplayTerms {
  readonly isDryRun?: boolean;
  readonly perSecond?: number;
}

export type ReplayOrdered =
  | { kind: 'ordered'; replay: ReplayProgress }
  /** There are no such deliveries. */
  | { kind: 'delivery_not_found'; ids: readonly number[] }
  /** More than are replayed at once. */
  | { kind: 'too_many' };

/** Written down whole, with the deliveries it is about; what comes to match later is not in it. */
export async function orderReplay(
  services: Services,
  choice: ReplayChoice,
  { isDryRun = false, perSecond = REPLAY_RATE_DEFAULT }: ReplayTerms,
  act: Act,
): Promise<ReplayOrdered> {
  const ordered = await transaction(services.mysql, async (sql): Promise<ReplayOrdered> => {
    const chosen = await choose(sql, choice);
    if (chosen.length > REPLAY_DELIVERIES_MAX) return { kind: 'too_many' };
    if ('ids' in choice) {
      const found = new Set(chosen);
      const missing = choice.ids.filter((id) => !found.has(id));
      if (missing.length > 0) return { kind: 'delivery_not_found', ids: missing };
    }
    const asked = 'ids' in choice ? { ids: chosen.length } : choice;
    const isEmpty = chosen.length === 0;
    const [{ insertId: id }] = await sql.insert(replays).values({
      actor: act.actor,
      state: isEmpty ? 'done' : 'running',
      dryRun: isDryRun ? 1 : 0,
      filter: JSON.stringify(asked),
      perSecond,
      total: chosen.length,
      finishedAt: isEmpty ? raw`utc_timestamp(3)` : null,
    });
    for (const chunk of chunksOf(chosen, ROWS_AT_ONCE)) {
      await sql.insert(replayItems).values(chunk.map((deliveryId) => ({ replayId: id, deliveryId })));
    }
    const rows = await sql.select().from(replays).where(eq(replays.id, id));
    const [replay] = await withProgress(sql, rows);
    if (replay === undefined) throw new Error('a replay vanished in its own transaction');
    const after = { ...asked, total: chosen.length, dryRun: isDryRun, perSecond };
    await record(sql, act, { action: 'replay.order', target: `replay ${id}`, after });
    return { kind: 'ordered', replay };
  });
  if (ordered.kind === 'ordered') replayProgressed(services, ordered.replay);
  return ordered;
}

/** Oldest first, one more than may be replayed at once. */
async function choose(sql: Sql, choice: ReplayChoice): Promise<number[]> {
  const limit = REPLAY_DELIVERIES_MAX + 1;
  if ('filter' in choice) return chooseDeliveries(sql, choice.filter, limit);
  const rows = await sql
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(inArray(deliveries.id, [...choice.ids]))
    .orderBy(asc(deliveries.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

const ROWS_AT_ONCE = 1_000;

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

export type ReplayStopped =
  | { kind: 'stopped'; replay: ReplayProgress }
  | { kind: 'replay_not_found' }
  | { kind: 'impossible'; state: ReplayState };

/** No delivery is processed by it once this is answered. Again is fine. */
export async function stopReplay(services: Services, id: number, act: Act): Promise<ReplayStopped> {
  const stopped = await transaction(services.mysql, async (sql): Promise<ReplayStopped> => {
    await awaitTurn(sql);
    const isThis = eq(replays.id, id);
    const [found] = await sql.select().from(replays).where(isThis).for('update');
    if (found === undefined) return { kind: 'replay_not_found' };
    if (found.state === 'done') return { kind: 'impossible', state: found.state };
    if (found.state === 'running') {
      await sql
        .update(replays)
        .set({ state: 'stopped', finishedAt: raw`utc_timestamp(3)` })
        .where(isThis);
    }
    const rows = await sql.select().from(replays).where(isThis);
    const [replay] = await withProgress(sql, rows);
    if (replay === undefined) throw new Error('a replay vanished under its lock');
    if (found.state === 'running') {
      const after = { state: 'stopped', done: replay.done };
      await record(sql, act, { action: 'replay.stop', target: `replay ${id}`, after });
    }
    return { kind: 'stopped', replay };
  });
  if (stopped.kind === 'stopped') replayProgressed(services, stopped.replay);
  return stopped;
}

export interface ReplayProgress extends Replay {
  readonly done: number;
  readonly changed: number;
  readonly failed: number;
  /** Deliveries per second: of the last seconds, or of all when it is over. */
  readonly rate: number;
}

/** Newest first. */
export function listReplays(
  { mysql }: Services,
  { before, limit }: { before: number | null; limit: number },
): Promise<ReplayProgress[]> {
  return statement(mysql, async (sql) => {
    const rows = await sql
      .select()
      .from(replays)
      .where(before === null ? undefined : lt(replays.id, before))
      .orderBy(desc(replays.id))
      .limit(limit);
    return withProgress(sql, rows);
  });
}

export function readReplay({ mysql }: Services, id: number): Promise<ReplayProgress | null> {
  return statement(mysql, async (sql) => {
    const rows = await sql.select().from(replays).where(eq(replays.id, id));
    return (await withProgress(sql, rows))[0] ?? null;
  });
}

/** In the order in which they are carried out. @returns null when there is no such replay */
export function listReplayItems(
  { mysql }: Services,
  id: number,
  { after, limit }: { after: number | null; limit: number },
): Promise<{ replay: Replay; items: ReplayItem[] } | null> {
  return statement(mysql, async (sql) => {
    const [replay] = await sql.select().from(replays).where(eq(replays.id, id));
    if (replay === undefined) return null;
    const items = await sql
      .select()
      .from(replayItems)
      .where(
        and(eq(replayItems.replayId, id), after === null ? undefined : gt(replayItems.deliveryId, after)),
      )
      .orderBy(asc(replayItems.deliveryId))
      .limit(limit);
    return { replay, items };
  });
}

/** What the rate of a running replay is counted over. */
const RECENT_MS = 5_000;

async function withProgress(sql: Sql, rows: readonly Replay[]): Promise<ReplayProgress[]> {
  if (rows.length === 0) return [];
  const counts = await countItems(
    sql,
    rows.map(({ id }) => id),
  );
  return rows.map((replay) => {
    const { done, changed, failed, recent, now } = counts.get(replay.id) ?? NOTHING;
    const livedMs = ((replay.finishedAt ?? now)?.getTime() ?? 0) - replay.createdAt.getTime();
    const overMs = replay.finishedAt === null ? Math.min(livedMs, RECENT_MS) : livedMs;
    const perSecond = ((replay.finishedAt === null ? recent : done) * 1_000) / Math.max(overMs, 1);
    return { ...replay, done, changed, failed, rate: Math.round(perSecond * 10) / 10 };
  });
}

const NOTHING = { done: 0, changed: 0, failed: 0, recent: 0, now: null as Date | null };

async function countItems(sql: Sql, ids: number[]): Promise<Map<number, typeof NOTHING>> {
  const isRecent = raw`${replayItems.doneAt} > utc_timestamp(3) - interval ${RECENT_MS * 1_000} microsecond`;
  const rows = await sql
    .select({
      id: replayItems.replayId,
      done: count(replayItems.doneAt),
      changed: sum(replayItems.changed),
      failed: count(replayItems.fault),
      recent: sum(isRecent),
      now: raw<Date>`utc_timestamp(3)`.mapWith(replays.createdAt),
    })
    .from(replayItems)
    .where(and(inArray(replayItems.replayId, ids), isNotNull(replayItems.doneAt)))
    .groupBy(replayItems.replayId);
  return new Map(
    rows.map(({ id, done, changed, failed, recent, now }) => [
      id,
      { done, changed: Number(changed ?? 0), failed, recent: Number(recent ?? 0), now },
    ]),
  );
}

/** Whoever watches is told here how far a replay is. */
export function replayProgressed(services: Services, { id, state, total, done }: ReplayProgress): void {
  publish(services, null, { type: 'replay.progress', replay_id: id, state, done, total });
}
