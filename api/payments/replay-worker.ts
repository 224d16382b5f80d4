/**
 * Carries replays out, through the very code that processes a webhook when it arrives. An item's result is written in
 * the transaction that closes its delivery, and only while its replay is running: each is done once, whichever worker
 * dies in it, and none after a stop.
 */

import { and, asc, eq, isNull, notExists, sql as raw } from 'drizzle-orm';
import { replayItems, replays } from '@flash-sale/drizzle/schema.ts';
import { ifNobodyElse } from '../mysql/exclusive.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { awaitTurn, record } from '../operators/audit-log.ts';
import type { Services } from '../services.ts';
import { faultOf } from './attempts.ts';
import { hasChanged, outcomeOf, type Processed } from './decide.ts';
import type { Delivery } from './deliveries.ts';
import { foresee } from './foresee.ts';
import { CalledOff, processDelivery } from './payments.ts';
import { readReplay, replayProgressed, type Replay } from './replay.ts';

/** Short, so that several replays take turns, and so that a stop is heard. */
const TURN_MAX_MS = 1_000;

/** Turns that one process takes at a time: each holds a connection while it uses others. */
const TURNS_AT_ONCE = 4;

/** One turn for each replay that is running. @returns how many deliveries were processed. */
export async function carryOutReplays(services: Services): Promise<number> {
  const running = await statement(services.mysql, (sql) =>
    sql.select().from(replays).where(eq(replays.state, 'running')).orderBy(asc(replays.id)),
  );
  let count = 0;
  for (let at = 0; at < running.length; at += TURNS_AT_ONCE) {
    const some = running.slice(at, at + TURNS_AT_ONCE);
    const turns = await Promise.allSettled(some.map((replay) => takeTurnAlone(services, replay)));
    for (const turn of turns) {
      if (turn.status === 'rejected') throw turn.reason;
      count += turn.value;
    }
  }
  return count;
}

/** One worker at a time, because the rate is counted from one item to the next. Safety does not depend on it. */
async function takeTurnAlone(services: Services, replay: Replay): Promise<number> {
  const turn = () => takeTurn(services, replay);
  return (await ifNobodyElse(services.mysql, `replay.${replay.id}`, turn)) ?? 0;
}

async function takeTurn(services: Services, replay: Replay): Promise<number> {
  const endAtMs = performance.now() + TURN_MAX_MS;
  const periodMs = 1_000 / replay.perSecond;
  let nextAtMs = performance.now() + (await msUntilNext(services, replay, periodMs));
  const ids = await itemsToDo(services, replay);
  let count = 0;
  for (const deliveryId of ids) {
    if (Math.max(nextAtMs, performance.now()) >= endAtMs) break;
    await Bun.sleep(Math.max(0, nextAtMs - performance.now()));
    // What took longer than its share is not made up for: at no time is it faster than it may be.
    nextAtMs = performance.now() + periodMs;
    if (!(await carryOut(services, replay, deliveryId))) break;
    services.reach('replay.processed');
    count += 1;
  }
  if (count === ids.length) await finish(services, replay);
  if (count > 0 || ids.length === 0) await tell(services, replay);
  return count;
}

/** Since its last item, whoever did that. */
async function msUntilNext({ mysql }: Services, { id }: Replay, periodMs: number): Promise<number> {
  const [last] = await statement(mysql, (sql) =>
    sql
      .select({ agoUs: raw<string | null>`timestampdiff(microsecond, max(done_at), utc_timestamp(3))` })
      .from(replayItems)
      .where(eq(replayItems.replayId, id)),
  );
  const agoUs = last?.agoUs ?? null;
  return agoUs === null ? 0 : Math.max(0, periodMs - Number(agoUs) / 1_000);
}

async function itemsToDo({ mysql }: Services, { id, perSecond }: Replay): Promise<number[]> {
  const rows = await statement(mysql, (sql) =>
    sql
      .select({ deliveryId: replayItems.deliveryId })
      .from(replayItems)
      .where(and(eq(replayItems.replayId, id), isNull(replayItems.doneAt)))
      .orderBy(asc(replayItems.deliveryId))
      .limit(perSecond + 1),
  );
  return rows.map(({ deliveryId }) => deliveryId);
}

interface Result {
  readonly outcome?: string;
  readonly isChanged?: boolean;
  readonly fault?: string;
}

/** @returns false when it is not to be done any more. @throws StoreUnavailable: it is done later */
async function carryOut(services: Services, replay: Replay, deliveryId: number): Promise<boolean> {
  try {
    if (replay.dryRun === 1) {
      const foreseen = await foresee(services, deliveryId);
      await transaction(services.mysql, (sql) => writeResult(sql, replay, deliveryId, foreseen));
    } else {
      await processDelivery(services, deliveryId, 'replay', {
        // What it may lock after this is waited for by buyers.
        first: awaitTurn,
        last: (sql, before, made) => writeReplayed(sql, replay, before, made),
      });
    }
    return true;
  } catch (error) {
    if (error instanceof CalledOff) return false;
    services.log.warn('a delivery could not be replayed', { replay: replay.id, deliveryId, error });
    return writeFailure(services, replay, deliveryId, error);
  }
}

async function writeReplayed(sql: Sql, replay: Replay, before: Delivery, made: Processed): Promise<void> {
  const [outcome, isChanged] = [outcomeOf(made), hasChanged(made)];
  await writeResult(sql, replay, before.id, { outcome, isChanged });
  await recordReplayed(sql, replay, before.id, {
    before: { state: before.state, outcome: before.outcome },
    after: { replay: replay.id, outcome, changed: isChanged },
  });
}

async function writeFailure(
  { mysql }: Services,
  replay: Replay,
  deliveryId: number,
  error: unknown,
): Promise<boolean> {
  const fault = faultOf(error);
  try {
    await transaction(mysql, async (sql) => {
      await awaitTurn(sql);
      await writeResult(sql, replay, deliveryId, { fault });
      if (replay.dryRun === 0) {
        await recordReplayed(sql, replay, deliveryId, { after: { replay: replay.id, fault } });
      }
    });
    return true;
  } catch (again) {
    if (again instanceof CalledOff) return false;
    throw again;
  }
}

/** @throws CalledOff: the replay was stopped, or another worker did this item */
async function writeResult(
  sql: Sql,
  { id }: Replay,
  deliveryId: number,
  { outcome, isChanged, fault }: Result,
): Promise<void> {
  // Held until COMMIT, so that whoever stops the replay waits for this item, and none is written after that.
  const [replay] = await sql
    .select({ state: replays.state })
    .from(replays)
    .where(eq(replays.id, id))
    .for('update');
  if (replay?.state !== 'running') throw new CalledOff(`replay ${id} does not run any more`);
  const [{ affectedRows }] = await sql
    .update(replayItems)
    .set({
      outcome: outcome ?? null,
      changed: isChanged === undefined ? null : Number(isChanged),
      fault: fault ?? null,
      doneAt: raw`utc_timestamp(3)`,
    })
    .where(
      and(eq(replayItems.replayId, id), eq(replayItems.deliveryId, deliveryId), isNull(replayItems.doneAt)),
    );
  if (affectedRows !== 1) {
    throw new CalledOff(`delivery ${deliveryId} is not to be replayed by replay ${id} any more`);
  }
}

/** One row per delivery: whoever looks at a delivery finds who replayed it, and what came of that. */
function recordReplayed(
  sql: Sql,
  { id, actor }: Replay,
  deliveryId: number,
  change: { before?: unknown; after: unknown },
): Promise<void> {
  const act = { actor, requestId: `replay.${id}`, once: null, reason: null };
  return record(sql, act, { action: 'webhook.replay', target: `delivery ${deliveryId}`, ...change });
}

async function finish({ mysql }: Services, { id }: Replay): Promise<void> {
  await statement(mysql, (sql) => {
    const toDo = sql
      .select({ one: raw`1` })
      .from(replayItems)
      .where(and(eq(replayItems.replayId, id), isNull(replayItems.doneAt)));
    return sql
      .update(replays)
      .set({ state: 'done', finishedAt: raw`utc_timestamp(3)` })
      .where(and(eq(replays.id, id), eq(replays.state, 'running'), notExists(toDo)));
  });
}

async function tell(services: Services, { id }: Replay): Promise<void> {
  const progress = await readReplay(services, id);
  if (progress !== null) replayProgressed(services, progress);
}
