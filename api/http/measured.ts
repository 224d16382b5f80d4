/** Measures the requests of a listener, by the template of their route: raw paths are without number. */

import { Elysia } from 'elysia';
import type { Listener } from '../metrics.ts';
import type { Services } from '../services.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Kept where the request's own reply is prepared: to look it up elsewhere costs as much as to measure it. */
const STARTED_AT_MS = Symbol('started at');
interface Timed {
  [STARTED_AT_MS]?: number;
}

export function measured({ metrics }: Services, listener: Listener) {
  return (
    new Elysia({ name: 'measured' })
      .onStart(({ server }) => {
        metrics.httpPending.set(listener, () => server?.pendingRequests ?? 0);
      })
      .onRequest(({ set }) => {
        (set as Timed)[STARTED_AT_MS] = performance.now();
      })
      // Called once for every answer. So is mapResponse, but with it Elysia sends a 404 without its content type.
      .onAfterResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
        const startedAt = (set as Timed)[STARTED_AT_MS];
        // A stream is handed over at once and goes on for hours: neither is a duration.
        if (startedAt === undefined || isStream(responseValue)) return;
        const seconds = (performance.now() - startedAt) / 1_000;
        const method = METHODS.has(request.method) ? request.method : 'other';
        const status = responseValue instanceof Response ? responseValue.status : (set.status ?? 200);
        metrics.httpDuration.observe(seconds, listener, method, route || 'unmatched', String(status));
      })
  );
}

function isStream(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}
