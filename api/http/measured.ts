/** Measures the requests of a listener, by the template of their route: raw paths are without number. */

import { Elysia } from 'elysia';
import type { Listener } from '../metrics.ts';
import type { Services } from '../services.ts';

/** Kept where the request's own reply is prepared: to look it up elsewhere costs as much as to measure it. */
const STARTED_AT_MS = Symbol('started at');
interface Timed {
  [STARTED_AT_MS]?: number;
}

export type Answered = ReturnType<typeof measureAnswers>;

interface Context {
  readonly request: Request;
  /** None where there is nothing. */
  readonly route?: string;
  readonly set: { readonly status?: number | string };
  readonly responseValue?: unknown;
}

/** For a hook that is called for each answer of a listener, when its status is known. */
export function measureAnswers({ metrics }: Services, listener: Listener) {
  return ({ request, route, set, responseValue }: Context): void => {
    const startedAt = (set as Timed)[STARTED_AT_MS];
    // A stream is handed over at once and goes on for hours: neither is a duration.
    if (startedAt === undefined || isStream(responseValue)) return;
    const seconds = (performance.now() - startedAt) / 1_000;
    const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200);
    // The method of a request for nothing is the caller's invention.
    const [method, template] = route ? [request.method, route] : ['any', 'unmatched'];
    metrics.httpDuration.observe(seconds, listener, method, template, String(status));
  };
}

/** From now on the request is timed. */
export function startTimer(set: object, nowMs: number): void {
  (set as Timed)[STARTED_AT_MS] = nowMs;
}

/**
 * Not a hook after the response, because that costs a task of its own for each request; and not mapResponse, with which
 * Elysia sends a 404 without its content type. So what `errorReplies` answers is told by it.
 */
export function measured({ metrics }: Services, listener: Listener, answered: Answered) {
  return new Elysia({ name: 'measured' })
    .onStart(({ server }) => {
      metrics.httpPending.set(listener, () => server?.pendingRequests ?? 0);
    })
    .onAfterHandle({ as: 'global' }, answered);
}

function isStream(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}
