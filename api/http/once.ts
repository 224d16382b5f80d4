/**
 * `Idempotency-Key` for operators: the change is made once, and whoever asks again under the key gets the answer that
 * was given. The row of the audit log is what remembers, so the promise holds over kill -9: it is written in the
 * transaction that makes the change.
 */

import type { ErrorCode, Failure } from '@flash-sale/shared/contracts/reply.ts';
import { findAct, keepReply, type Act, type PastAct } from '../operators/audit-log.ts';
import { isDuplicateKey } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';
import { readKeyHeader } from './idempotency-key.ts';
import { operatorOf } from './operator.ts';
import { fail, succeed, type ReplySet } from './reply.ts';

export interface ChangeRequest {
  readonly request: Request;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly set: ReplySet;
}

/** What a change answers when its first answer is not known any more: only that it was made. */
export type DoneBefore = { readonly status: 'success'; readonly message: string; readonly data: unknown };

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
  const key = readKeyHeader(headers, 'Idempotency-Key');
  const actor = operatorOf(request).name;
  const requestId = String(set.headers['x-request-id'] ?? crypto.randomUUID());
  if (key === null) return work({ actor, requestId, once: null });

  const fingerprint = fingerprintOf(request, body);
  const past = await findAct(services.mysql, actor, key);
  if (past !== null) return answerAgain(set, past, fingerprint);
  try {
    const reply = await work({ actor, requestId, once: { key, fingerprint } });
    if (isSuccess(set) && !isSecret) {
      await keepReply(services.mysql, actor, key, JSON.stringify({ status: set.status, reply })).catch(
        () => {},
      );
    }
    return reply;
  } catch (error) {
    if (!isDuplicateKey(error, 'audit_log_once')) throw error;
    // The same request at the same time was faster.
    const made = await findAct(services.mysql, actor, key);
    if (made === null) throw error;
    return answerAgain(set, made, fingerprint);
  }
}

function fingerprintOf({ method, url }: Request, body: unknown): string {
  const parts = [method, URL.parse(url)?.pathname, body ?? null];
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex');
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
