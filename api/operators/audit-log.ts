/**
 * The audit log: who changed what, when, from what to what. A row is written in the transaction that makes the change,
 * and its hash covers the hash before it, so that no row can be changed or taken out unnoticed.
 */

import { and, asc, desc, eq, gt, lt, sql as raw } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { auditChain, auditLog } from '@flash-sale/drizzle/schema.ts';
import { statement, type Sql } from '../mysql/transaction.ts';

/** Somebody's request to change something. */
export interface Act {
  /** An operator's name, or the part of the system that acts by itself. */
  readonly actor: string;
  readonly requestId: string;
  /** The change is made once, however often it is asked for under this key; null when none was given. */
  readonly once: { readonly key: string; readonly fingerprint: string } | null;
  /** Why, in the operator's words; null when none were given. */
  readonly reason: string | null;
}

export interface Change {
  /** What was done: `sale.launch`. */
  readonly action: string;
  /** To what: `sale 7`. */
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What the system does by itself, the auditor's repairs for example. Operators cannot be named like this. */
export function bySystem(part: string): Act {
  return { actor: `system:${part}`, requestId: crypto.randomUUID(), once: null, reason: null };
}

const changeOf = new WeakMap<Act, Change>();

/** What was written down for this request, if anything: it stands once its transaction is committed. */
export function changeBy(act: Act): Change | undefined {
  return changeOf.get(act);
}

const CHAIN = 1;
const NO_HASH = '0'.repeat(64);

/**
 * Waits until it is this transaction's turn to write. A change that locks a hot row calls it first, so that buyers do not
 * wait with it for another operator; the others leave it to `record`. @returns the newest hash
 */
export async function awaitTurn(sql: Sql): Promise<string> {
  await sql
    .insert(auditChain)
    .values({ id: CHAIN, hash: NO_HASH })
    .onDuplicateKeyUpdate({ set: { id: CHAIN } });
  const [last] = await sql.select().from(auditChain).where(eq(auditChain.id, CHAIN)).for('update');
  if (last === undefined) throw new Error('the audit log has no chain');
  return last.hash;
}

/**
 * Writes down a change, in the transaction that makes it. @throws a duplicate key error of `audit_log_once` when the
 * change was made before under this key
 */
export async function record(sql: Sql, act: Act, change: Change): Promise<void> {
  const previousHash = await awaitTurn(sql);
  const [clock] = await sql
    .select({ now: raw<Date>`utc_timestamp(3)`.mapWith(auditLog.createdAt) })
    .from(auditChain);
  if (clock === undefined) throw new Error('SQL tells no time');
  const row = {
    actor: act.actor,
    action: change.action,
    target: change.target,
    before: asJson(change.before),
    after: asJson(change.after),
    requestId: act.requestId,
    createdAt: clock.now,
    idempotencyKey: act.once?.key ?? null,
    fingerprint: act.once?.fingerprint ?? null,
    reason: act.reason,
  };
  const hash = hashOf(row, previousHash);
  await sql.insert(auditLog).values({ ...row, previousHash, hash });
  await sql.update(auditChain).set({ hash }).where(eq(auditChain.id, CHAIN));
  changeOf.set(act, change);
}

function asJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

type Hashed = Pick<
  typeof auditLog.$inferSelect,
  | 'actor'
  | 'action'
  | 'target'
  | 'before'
  | 'after'
  | 'requestId'
  | 'createdAt'
  | 'idempotencyKey'
  | 'fingerprint'
  | 'reason'
>;

function hashOf(row: Hashed, previousHash: string): string {
  const { actor, action, target, before, after, requestId, createdAt, idempotencyKey, fingerprint, reason } =
    row;
  const covered = [
    previousHash,
    createdAt.toISOString(),
    actor,
    action,
    target,
    before,
    after,
    requestId,
    idempotencyKey,
    fingerprint,
    // Rows from before there were reasons keep their hash; one that is added to or taken from a row still changes it.
    ...(reason === null ? [] : [reason]),
  ];
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(covered)).digest('hex');
}

export type PastAct = Pick<
  typeof auditLog.$inferSelect,
  'id' | 'action' | 'target' | 'fingerprint' | 'reply'
>;

/** The change that was made under an operator's key, if there is one. */
export async function findAct(mysql: Pool, actor: string, key: string): Promise<PastAct | null> {
  const [row] = await statement(mysql, (sql) =>
    sql
      .select()
      .from(auditLog)
      .where(and(eq(auditLog.actor, actor), eq(auditLog.idempotencyKey, key))),
  );
  return row ?? null;
}

/** Keeps what was answered, as JSON. A process that dies before only makes the second answer a shorter one. */
export async function keepReply(
  mysql: Pool,
  actor: string,
  key: string,
  status: unknown,
  reply: unknown,
): Promise<void> {
  await statement(mysql, (sql) =>
    sql
      .update(auditLog)
      .set({ reply: JSON.stringify({ status, reply }) })
      .where(and(eq(auditLog.actor, actor), eq(auditLog.idempotencyKey, key))),
  );
}

export interface AuditQuery {
  /** Rows older than this one; null begins with the newest. */
  readonly before: number | null;
  readonly limit: number;
  readonly actor: string | null;
  readonly target: string | null;
}

/** Newest first. */
export function listAudit(mysql: Pool, { before, limit, actor, target }: AuditQuery) {
  return statement(mysql, (sql) =>
    sql
      .select()
      .from(auditLog)
      .where(
        and(
          before === null ? undefined : lt(auditLog.id, before),
          actor === null ? undefined : eq(auditLog.actor, actor),
          target === null ? undefined : eq(auditLog.target, target),
        ),
      )
      .orderBy(desc(auditLog.id))
      .limit(limit),
  );
}

export type ChainChecked =
  | { kind: 'intact'; rows: number }
  /** The first row whose hash is not what it should be; null when rows are missing at the end. */
  | { kind: 'broken'; rows: number; brokenAt: number | null };

const ROWS_AT_ONCE = 1_000;

/** Computes every hash again, oldest row first. Rows that are added meanwhile are right or wrong like the others. */
export async function verifyChain(mysql: Pool): Promise<ChainChecked> {
  const newest = await newestHash(mysql);
  let [rows, lastId, hash, isNewestMet] = [0, 0, NO_HASH, newest === NO_HASH];
  for (;;) {
    const page = await statement(mysql, (sql) =>
      sql
        .select()
        .from(auditLog)
        .where(gt(auditLog.id, lastId))
        .orderBy(asc(auditLog.id))
        .limit(ROWS_AT_ONCE),
    );
    for (const row of page) {
      if (row.previousHash !== hash || row.hash !== hashOf(row, hash)) {
        return { kind: 'broken', rows, brokenAt: row.id };
      }
      [rows, lastId, hash] = [rows + 1, row.id, row.hash];
      isNewestMet ||= hash === newest;
    }
    if (page.length === ROWS_AT_ONCE) continue;
    return isNewestMet ? { kind: 'intact', rows } : { kind: 'broken', rows, brokenAt: null };
  }
}

/** Kept apart from the rows, so that rows missing at the end are noticed. */
async function newestHash(mysql: Pool): Promise<string> {
  const [chain] = await statement(mysql, (sql) =>
    sql.select().from(auditChain).where(eq(auditChain.id, CHAIN)),
  );
  return chain?.hash ?? NO_HASH;
}
