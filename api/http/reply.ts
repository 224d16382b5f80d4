/** The two shapes of every reply, and the only map from a failure's code to its HTTP status. */

import type { Context } from 'elysia';
import type { ErrorCode, Failure, FieldErrors } from '@flash-sale/shared/contracts/reply.ts';

export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  unauthorized: 401,
  signature_invalid: 401,
  forbidden: 403,
  not_found: 404,
  product_not_found: 404,
  sale_not_found: 404,
  hold_not_found: 404,
  order_not_found: 404,
  payment_not_found: 404,
  delivery_not_found: 404,
  replay_not_found: 404,
  operator_not_found: 404,
  payment_intent_unknown: 404,
  method_not_allowed: 405,
  insufficient_stock: 409,
  buyer_limit_reached: 409,
  sale_not_open: 409,
  sale_paused: 409,
  sale_ended: 409,
  hold_expired: 409,
  hold_released: 409,
  hold_lost: 409,
  hold_ordered: 409,
  payment_intent_mismatch: 409,
  impossible_now: 409,
  product_busy: 409,
  name_taken: 409,
  body_too_large: 413,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  too_many_requests: 429,
  internal_error: 500,
  unavailable: 503,
};

export type ReplySet = Context['set'];

export interface Success<Data> {
  readonly status: 'success';
  readonly message: string;
  readonly data: Data;
}

export function succeed<Data>(
  set: ReplySet,
  httpStatus: 200 | 201,
  message: string,
  data: Data,
): Success<Data> {
  set.status = httpStatus;
  return { status: 'success', message, data };
}

export interface FailureDetail {
  readonly errors?: FieldErrors;
  readonly available_stock?: number;
  readonly retry_in_seconds?: number | null;
  readonly state?: string;
  readonly possible?: readonly string[];
  readonly possible_units?: number;
  /** Sent as `Retry-After`. */
  readonly retryAfterS?: number;
}

export function fail(set: ReplySet, code: ErrorCode, message: string, detail: FailureDetail = {}): Failure {
  const { retryAfterS, ...shown } = detail;
  set.status = HTTP_STATUS[code];
  if (retryAfterS !== undefined) set.headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterS)));
  return {
    status: 'error',
    code,
    message,
    ...(shown as Partial<Failure>),
    request_id: String(set.headers['x-request-id'] ?? ''),
  };
}

/** A failure found before there is a route to return it: while a body is read, say. */
export class RequestFault extends Error {
  override readonly name = 'RequestFault';
  readonly code: ErrorCode;
  readonly detail: FailureDetail;

  constructor(code: ErrorCode, message: string, detail: FailureDetail = {}) {
    super(message);
    this.code = code;
    this.detail = detail;
  }
}
