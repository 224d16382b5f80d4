/** Measures the requests of a listener, by the template of their route: raw paths are without number. */

import { Elysia } from 'elysia';
import type { Listener } from '../metrics.ts';
import type { Services } from '../services.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function measured({ metrics }: Services, listener: Listener) {
  const startedAtMs = new WeakMap<Request, number>();
  const series = new Map<string, { observe(seconds: number): void }>();
  const seriesOf = (given: string, template: string, status: number) => {
    const method = METHODS.has(given) ? given : 'other';
    const route = template || 'unmatched';
    const key = `${method} ${route} ${status}`;
    const known = series.get(key);
    if (known !== undefined) return known;
    const made = metrics.httpDuration.labels({ listener, method, route, status });
    series.set(key, made);
    return made;
  };
  return (
    new Elysia({ name: 'measured' })
      .onStart(({ server }) => {
        metrics.httpPending.set(listener, () => server?.pendingRequests ?? 0);
      })
      .onRequest(({ request }) => {
        startedAtMs.set(request, performance.now());
      })
      // Comes last, and for every answer; a hook after the response would cost a task of its own for each.
      .mapResponse({ as: 'global' }, ({ request, route, set, responseValue }) => {
        const startedAt = startedAtMs.get(request);
        // A stream is handed over at once and goes on for hours: neither is a duration.
        if (startedAt === undefined || isStream(responseValue)) return;
        const status = responseValue instanceof Response ? responseValue.status : Number(set.status ?? 200);
        seriesOf(request.method, route, status).observe((performance.now() - startedAt) / 1_000);
      })
  );
}

function isStream(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer;
}
