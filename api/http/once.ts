/**
 * `Idempotency-Key` for operators: the change is made once, and whoever asks again under the key gets the answer that
 * was given. The row of the audit log is what remembers, so the promise holds over kill -9: it is written in the
 * transaction that makes the change.
 */

import type { ErrorCode, Failure } from '@flash-sale/shared/contracts/reply.ts';
import { AUDIT_TARGET_LENGTH_MAX, OPERATORS_WAITING_MAX, SQL_TIMEOUT_MS } from '@flash-sale/shared/limits.ts';
import { publish } from '../events/publish.ts';
import { exclusively } from '../mysql/exclusive.ts';
import { isDuplicateKey } from '../mysql/faults.ts';
import { transaction } from '../mysql/transaction.ts';
import { changeBy, findAct, keepReply, record, type Act, type PastAct } from '../operators/audit-log.ts';
import { perProcess } from '../per-process.ts';
import type { Services } from '../services.ts';
import { unlessAway } from '../store-unavailable.ts';
import { Turnstile } from '../turnstile.ts';
import { readReason } from './change-reason.ts';
import { checkKey } from './idempotency-key.ts';
import { operatorOf } from './operator.ts';
import { fail, succeed, type ReplySet } from './reply.ts';

export interface ChangeRequest {
  readonly request: Request;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly set: ReplySet;
}

/** What a change answers when its first answer is not known any more: only that it was made. */
export interface DoneBefore {
  readonly status: 'success';
  readonly message: string;
  readonly data: unknown;
}

interface OnceOptions {
  /** The answer holds a secret that must not be kept; asked again, it is not told again. */
  readonly isSecret?: boolean;
}

/** @param work makes the change as `act`, whose key it hands to `record` */
export async function once<Reply>(
  services: Services,
  { request, headers, body, set }: ChangeRequest,
  work: (act: Act) => Promise<Reply>,
  { isSecret = false }: OnceOptions = {},
): Promise<Reply | DoneBefore | Failure> {
  const key = checkKey(headers['idempotency-key'], 'Idempotency-Key');
  const reason = readReason(headers['change-reason']);
  const actor = operatorOf(request).name;
  const requestId = String(set.headers['x-request-id'] ?? crypto.randomUUID());
  const make = async (act: Act): Promise<Reply> => {
    const reply = await work(act);
    if (isSuccess(set)) tell(services, act);
    return reply;
  };
  if (key === null) return make({ actor, requestId, once: null, reason });

  const fingerprint = fingerprintOf(request, body);
  const act = { actor, requestId, once: { key, fingerprint }, reason };
  const askedBefore = async () => {
    const past = await findAct(services.mysql, actor, key);
    return past === null ? null : answerAgain<Reply>(set, past, fingerprint);
  };
  // A twin waits for the first: it would meet what that one is changing, a name that is taken, units that are gone.
  const name = `once.${digest(actor, key).slice(0, 32)}`;
  const inTurn = async () => {
    const answered = await askedBefore();
    if (answered !== null) return answered;
    let reply: Reply;
    try {
      reply = await make(act);
    } catch (error) {
      if (!isDuplicateKey(error, 'audit_log_once')) throw error;
      return (await askedBefore()) ?? Promise.reject(error);
    }
    services.reach('change.made');
    if (!isSuccess(set)) return (await askedBefore()) ?? reply;
    await remember(services, act, request);
    if (!isSecret) await keepReply(services.mysql, actor, key, set.status, reply).catch(unlessAway);
    return reply;
  };
  return linesOf(services).pass(() => exclusively(services.mysql, name, inTurn));
}

/** Each holds a connection for its key and needs another one for its work: buyers must find some, too. */
const linesOf = perProcess(
  () =>
    new Turnstile({
      store: 'sql',
      atOnce: 4,
      waitingMax: OPERATORS_WAITING_MAX,
      waitMaxMs: SQL_TIMEOUT_MS,
    }),
);

/**
 * What was so already is answered with success and changes nothing; its key is taken all the same. Else the same key
 * would change something after all, once somebody else has changed it back.
 */
async function remember({ mysql }: Services, act: Act, { method, url }: Request): Promise<void> {
  if (changeBy(act) !== undefined) return;
  const target = `${method} ${URL.parse(url)?.pathname}`.slice(0, AUDIT_TARGET_LENGTH_MAX);
  await transaction(mysql, (sql) => record(sql, act, { action: 'unchanged', target })).catch(
    (error: unknown) => {
      if (!isDuplicateKey(error, 'audit_log_once')) unlessAway(error);
    },
  );
}

function digest(...parts: unknown[]): string {
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

/** Whoever watches sees what operators do. */
function tell(services: Services, act: Act): void {
  const change = changeBy(act);
  if (change === undefined) return;
  const { actor, requestId } = act;
  const { action, target } = change;
  const saleId = /^sale (\d+)$/.exec(target)?.[1];
  const event = { type: 'operator.acted', actor, action, target, request_id: requestId } as const;
  publish(services, saleId === undefined ? null : Number(saleId), event);
}

function fingerprintOf({ method, url }: Request, body: unknown): string {
  return digest(method, URL.parse(url)?.pathname, body ?? null);
}

function isSuccess(set: ReplySet): boolean {
  return typeof set.status === 'number' && set.status < 300;
}

const REUSED: ErrorCode = 'idempotency_key_reused';

function answerAgain<Reply>(set: ReplySet, past: PastAct, fingerprint: string): Reply | DoneBefore | Failure {
  if (past.fingerprint !== fingerprint) {
    return fail(set, REUSED, 'This Idempotency-Key was used for another request.');
  }
  set.headers['idempotency-replayed'] = 'true';
  if (past.reply === null) {
    const { id, action, target } = past;
    return succeed(set, 200, 'This was done before.', { audit_id: id, action, target });
  }
  const { status, reply } = JSON.parse(past.reply) as { status: 200 | 201; reply: Reply };
  set.status = status;
  return reply;
}
