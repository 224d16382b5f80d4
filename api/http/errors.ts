/** The only place where something thrown becomes a reply. Nothing of the inside is ever told. */

import { Elysia, ParseError, ValidationError } from 'elysia';
import { fieldErrors } from '@flash-sale/shared/contracts/field-errors.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { failInvalid } from './failures.ts';
import type { Answered } from './measured.ts';
import { fail, RequestFault, type ReplySet } from './reply.ts';

/** Seconds until a store has probably come back; spread so that a crowd does not return at once. */
const RETRY_AFTER_S = 1;
const RETRY_SPREAD_S = 2;

/**
 * @param allowedMethods of a path, empty when the path is unknown
 * @param answered told of every reply that is made here
 */
export function errorReplies(
  services: Services,
  allowedMethods: (path: string) => string[],
  answered: Answered,
) {
  return new Elysia({ name: 'error-replies' }).onError(
    { as: 'global' },
    ({ code, error, set, request, path, route }) => {
      const reply =
        code === 'NOT_FOUND'
          ? unknownRoute(set, request.method, path, allowedMethods(path))
          : replyTo(services, error, set, `${request.method} ${path}`);
      answered({ request, route, set });
      return reply;
    },
  );
}

function unknownRoute(set: ReplySet, method: string, path: string, allowed: readonly string[]) {
  if (allowed.length === 0) {
    return fail(set, 'not_found', `There is nothing at ${path}; /docs tells what there is.`);
  }
  set.headers['allow'] = allowed.join(', ');
  return fail(set, 'method_not_allowed', `${method} is not possible here; possible: ${allowed.join(', ')}.`);
}

function replyTo(services: Services, thrown: unknown, set: ReplySet, route: string) {
  const error = thrown instanceof ParseError && thrown.cause instanceof Error ? thrown.cause : thrown;
  if (error instanceof RequestFault) return fail(set, error.code, error.message, error.detail);
  if (error instanceof ParseError) return fail(set, 'bad_request', 'The body could not be read.');
  if (error instanceof ValidationError && error.type !== 'response') {
    const errors = fieldErrors(error.all as Parameters<typeof fieldErrors>[0]);
    return failInvalid(set, errors);
  }
  // The caller went away in the middle of its body; nobody reads this answer.
  if (error instanceof Error && error.name === 'AbortError') {
    return fail(set, 'bad_request', 'The body ended early.');
  }
  const requestId = set.headers['x-request-id'];
  if (error instanceof StoreUnavailable) {
    services.log.debug('a request met a store that is away', { route, requestId, error });
    return fail(
      set,
      'unavailable',
      'This is not possible for a moment. Please send the same request again.',
      {
        retryAfterS: RETRY_AFTER_S + Math.random() * RETRY_SPREAD_S,
      },
    );
  }
  services.log.error('a request failed', { route, requestId, error });
  return fail(set, 'internal_error', 'Something went wrong on our side.');
}
