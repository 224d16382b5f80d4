/** The operators' listener, with the types of its own routes. */

import { treaty } from '@elysiajs/eden';
import type { OpsApp } from '@flash-sale/api/app.ts';
import { API_SILENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import { firstWords } from './fault-words.ts';
import { ERROR_CODES, type ErrorCode, type Failure } from '@flash-sale/shared/contracts/reply.ts';

/** Dates stay text: what arrives is what the contracts say. @param ended ends what is being asked */
export function connectApi(url: string, token: string, silenceMs = API_SILENCE_MS, ended?: AbortSignal) {
  const patience = () => AbortSignal.timeout(silenceMs);
  return treaty<OpsApp>(url, {
    parseDate: false,
    onRequest: (_path, options) => ({
      ...options,
      signal: ended === undefined ? patience() : AbortSignal.any([ended, patience()]),
    }),
    headers: { authorization: `Bearer ${token}` },
  }).ops;
}

export type Api = ReturnType<typeof connectApi>;

/** Words of others as one piece of a path: buyers choose the ids of their payments, and `../` in one led elsewhere. */
export function inPath(words: string): string {
  return encodeURIComponent(words);
}

/** `unreachable`: nobody answered, or what answered is not this API. */
export type RefusalCode = ErrorCode | 'unreachable';

export interface Refusal {
  readonly ok: false;
  readonly code: RefusalCode;
  /** What was wrong and what to do about it, for people. */
  readonly message: string;
  /** Field -> what is wrong with it. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly failure: Failure | null;
}

export type Answer<Data> = { readonly ok: true; readonly data: Data; readonly message: string } | Refusal;

interface Envelope {
  readonly data: unknown;
  readonly error: unknown;
  readonly status: number;
}

/** The data of an envelope of ours: a change that was made before may answer with less. */
type DataOf<Body> = Body extends { status: 'success'; data: infer Data }
  ? unknown extends Data
    ? never
    : Data
  : never;

/**
 * Waits for a call of `Api`. Never throws: whoever asks shows what came instead.
 * @param call what a method of `Api` returned
 */
export async function answerOf<Reply extends { data: unknown; error: unknown; status: number }>(
  call: Promise<Reply>,
): Promise<Answer<DataOf<NonNullable<Reply['data']>>>> {
  const { data, error, status }: Envelope = await call.catch((fault: unknown) => ({
    data: null,
    error: fault,
    status: 0,
  }));
  if (error === null && isSuccess(data)) {
    return { ok: true, data: data.data as DataOf<NonNullable<Reply['data']>>, message: data.message };
  }
  return refusal(status, error);
}

/** Whether it is not known what became of the request: it may be sent again under its key. */
export function isUnanswered({ code }: Refusal): boolean {
  return code === 'unreachable' || code === 'unavailable';
}

function refusal(status: number, error: unknown): Refusal {
  const value = valueOf(error);
  if (isFailure(value)) {
    return {
      ok: false,
      code: value.code,
      message: value.message,
      fields: value.errors ?? {},
      failure: value,
    };
  }
  const said = value instanceof Error ? firstWords(value) : `status ${status}`;
  return {
    ok: false,
    code: 'unreachable',
    message: `The API did not answer (${said}). It may be away: nothing is known of what was asked.`,
    fields: {},
    failure: null,
  };
}

/** What was wrong, with each field that was. */
export function refusalWords({ message, fields }: Refusal): string {
  const faults = Object.entries(fields).map(([field, wrong]) => `${field} ${wrong.join(', ')}`);
  return faults.length === 0 ? message : `${message} ${faults.join('; ')}.`;
}

function valueOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'value' in error ? error.value : error;
}

function isSuccess(body: unknown): body is { status: 'success'; message: string; data: unknown } {
  return typeof body === 'object' && body !== null && 'status' in body && body.status === 'success';
}

function isFailure(body: unknown): body is Failure {
  if (typeof body !== 'object' || body === null || !('code' in body) || !('message' in body)) return false;
  return ERROR_CODES.some((code) => code === body.code);
}
