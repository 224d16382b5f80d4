/** What every listener does with every request: an id, safe headers, bounds. */

import { Elysia } from 'elysia';
import {
  BODY_BYTES_MAX,
  IDLE_TIMEOUT_S,
  REQUESTS_IN_FLIGHT_MAX,
  WEBHOOKS_IN_FLIGHT_MAX,
} from '@flash-sale/shared/limits.ts';
import type { Failure } from '@flash-sale/shared/contracts/reply.ts';
import type { Listener } from '../metrics.ts';
import type { Services } from '../services.ts';
import type { Door } from './door.ts';
import { errorReplies } from './errors.ts';
import { measureAnswers, measured, startTimer } from './measured.ts';
import { fail } from './reply.ts';

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** In which not enough can arrive to matter. */
const CROWD_LOOK_MS = 1;

const SAFE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * A listener without routes. `normalize: false`: unknown fields are refused, not silently dropped.
 * @param idleRequests how many of the requests in flight are streams, which cost nothing while nothing changes
 */
export function createFrame(
  services: Services,
  listener: Listener,
  door: Door,
  idleRequests: () => number = () => 0,
) {
  const answered = measureAnswers(services, listener);
  const crowd = { size: 0, lookedAtMs: Number.NEGATIVE_INFINITY };
  const app = new Elysia({
    normalize: false,
    // A host of three letters or fewer ("api", in a compose network) is a host too.
    handler: { standardHostname: false },
    serve: {
      // Only a last bound, for bodies without a length: ours is smaller and answers in our words.
      maxRequestBodySize: 4 * BODY_BYTES_MAX,
      idleTimeout: IDLE_TIMEOUT_S,
      development: false,
    },
  })
    .headers(SAFE_HEADERS)
    .use(measured(services, listener, answered))
    .onRequest(({ request, set }) => {
      const nowMs = performance.now();
      startTimer(set, nowMs);
      door.lastRequestAtMs = nowMs;
      if (door.isClosing) set.headers['connection'] = 'close';
      const given = request.headers.get('x-request-id');
      set.headers['x-request-id'] = given !== null && REQUEST_ID.test(given) ? given : crypto.randomUUID();
      // Asked once in a while, because it costs as much as the rest of this hook.
      if (nowMs - crowd.lookedAtMs >= CROWD_LOOK_MS) {
        crowd.size = (app.server?.pendingRequests ?? 0) - idleRequests();
        crowd.lookedAtMs = nowMs;
      }
      // Elysia takes a hook that returns a call's result for one that may be a promise, and waits for it each time.
      let refusal: Failure | undefined;
      if (isTooMuch(crowd.size, request)) {
        services.metrics.httpTurnedAway.inc({ listener, status: 503 });
        refusal = fail(set, 'unavailable', 'Too much at once. Please send the same request again.', {
          retryAfterS: 1 + Math.random() * 2,
        });
      }
      return refusal;
    });
  return app.use(errorReplies(services, (path) => allowedMethods(app.routes, path), answered));
}

function isTooMuch(crowd: number, request: Request): boolean {
  return crowd > REQUESTS_IN_FLIGHT_MAX && (crowd > WEBHOOKS_IN_FLIGHT_MAX || !isAboutMoney(request));
}

/** A payment provider is heard even in a crowd. */
function isAboutMoney(request: Request): boolean {
  return URL.parse(request.url)?.pathname.startsWith('/api/webhook/') ?? false;
}

interface Route {
  readonly method: string;
  readonly path: string;
}

function allowedMethods(routes: readonly Route[], path: string): string[] {
  const matching = routes.filter((route) =>
    new RegExp(`^${route.path.replaceAll(/:\w+/g, '[^/]+')}/?$`).test(path),
  );
  return [...new Set(matching.map(({ method }) => method))].sort();
}
