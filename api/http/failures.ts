/** Failures that several routes answer with, each in one sentence. */

import type { Failure, FieldErrors } from '@flash-sale/shared/contracts/reply.ts';
import { fail, RequestFault, type ReplySet } from './reply.ts';

export const NOT_VALID = 'The request is not valid; see errors.';

export function failInvalid(set: ReplySet, errors: FieldErrors): Failure {
  return fail(set, 'bad_request', NOT_VALID, { errors });
}

/** The same, to be thrown where a request is read. */
export function invalidRequest(errors: FieldErrors): RequestFault {
  return new RequestFault('bad_request', NOT_VALID, { errors });
}

type Named = 'product' | 'sale' | 'order' | 'delivery' | 'replay' | 'operator';

/** @param name as the caller wrote it */
export function failMissing(set: ReplySet, what: Named, name: string | number): Failure {
  return fail(set, `${what}_not_found`, `There is no ${what} ${name}.`);
}

/** What whoever comes too late for a hold is told, buyers and operators alike. */
export const ENDED_HOLD = {
  hold_not_found: 'There is no such hold, or it ended more than ten minutes ago.',
  hold_lost: 'This hold was lost when a store lost data. Hold again; what was paid for it is owed back.',
  hold_ordered: 'This hold is an order, or is about to become one.',
  hold_released: 'The hold was released.',
  hold_expired: 'The hold has expired and its units are back in stock.',
} as const;

export function failEndedHold(set: ReplySet, code: keyof typeof ENDED_HOLD): Failure {
  return fail(set, code, ENDED_HOLD[code]);
}
