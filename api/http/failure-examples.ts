/** Every code that a caller can meet: when, and how the failure reads then. A new code is not complete without. */

import type { ErrorCode, Failure } from '@flash-sale/shared/contracts/reply.ts';
import { exampleOf, REQUEST_ID } from './example.ts';
import { ENDED_HOLD, NOT_VALID } from './failures.ts';

const ORDER_ID = String(exampleOf({ type: 'string' }, 'order_id'));

interface Explained {
  readonly when: string;
  readonly message: string;
  readonly detail?: Partial<Omit<Failure, 'status' | 'code' | 'message' | 'request_id'>>;
}

const EXPLAINED: Readonly<Record<ErrorCode, Explained>> = {
  bad_request: {
    when: 'The body, a parameter or a header is not as documented. `errors` says which, and why.',
    message: NOT_VALID,
    detail: { errors: { quantity: ['must be an integer'] } },
  },
  unauthorized: {
    when: 'The operator token is missing, unknown, revoked or expired.',
    message: 'The operator token is missing: send "Authorization: Bearer fsop_...".',
  },
  forbidden: {
    when: 'The token is right, and its role is too low.',
    message: 'This needs the role operator; ann is viewer.',
  },
  signature_invalid: {
    when: 'A webhook is not signed, not by our secret, or too long ago. Nothing was recorded.',
    message: 'The webhook signature is invalid; nothing was recorded.',
  },
  not_found: {
    when: 'There is no such path.',
    message: 'There is nothing at /api/nothing; /docs tells what there is.',
  },
  product_not_found: { when: 'There is no such product.', message: 'There is no product 7.' },
  sale_not_found: { when: 'There is no such sale.', message: 'There is no sale 7.' },
  hold_not_found: {
    when: 'There is no such hold, or it ended more than ten minutes ago.',
    message: ENDED_HOLD.hold_not_found,
  },
  order_not_found: { when: 'There is no such order.', message: `There is no order ${ORDER_ID}.` },
  payment_not_found: {
    when: 'Nobody told of a payment of this intent.',
    message: 'There is no payment of pi_1 by native.',
  },
  delivery_not_found: { when: 'There is no such delivery.', message: 'There is no delivery 7.' },
  replay_not_found: { when: 'There is no such replay.', message: 'There is no replay 7.' },
  operator_not_found: { when: 'There is no such operator.', message: 'There is no operator ann.' },
  payment_intent_unknown: {
    when: 'No order has this payment intent yet. The delivery is recorded, and applied when the order appears.',
    message:
      'No order has this payment intent yet. The delivery is recorded and applied when the order appears.',
  },
  method_not_allowed: {
    when: 'The path is right, and the method is not. `Allow` lists those that are.',
    message: 'PUT is not possible here; possible: GET.',
  },
  insufficient_stock: {
    when: 'Fewer units are available than asked for. `retry_in_seconds`: when the next hold may end.',
    message: 'Only 1 available.',
    detail: { available_stock: 1, retry_in_seconds: 42 },
  },
  buyer_limit_reached: {
    when: 'The buyer would have more units than the sale allows.',
    message: 'This sale allows 4 units per buyer; this buyer has 4.',
  },
  sale_not_open: {
    when: 'The sale opens later (`Retry-After` says when), or the product has none.',
    message: 'The sale opens at 2026-11-27T09:00:00.000Z.',
  },
  sale_paused: { when: 'An operator paused or stopped the sale.', message: 'The sale is paused.' },
  sale_ended: { when: 'The sale is over.', message: 'The sale has ended.' },
  hold_expired: {
    when: 'The hold was not ordered in time; its units are back in stock.',
    message: ENDED_HOLD.hold_expired,
  },
  hold_released: { when: 'The hold was released before.', message: ENDED_HOLD.hold_released },
  hold_lost: {
    when: 'Redis lost data, or SQL was restored from a backup, and this hold may have been among what is lost. What was paid for it is owed back.',
    message: ENDED_HOLD.hold_lost,
  },
  hold_ordered: {
    when: 'The hold is an order, or is about to become one.',
    message: ENDED_HOLD.hold_ordered,
  },
  payment_intent_mismatch: {
    when: 'The hold was ordered with another intent, or the intent pays another order.',
    message: 'The hold was ordered with another payment intent, or this intent pays another order.',
  },
  impossible_now: {
    when: 'Not in this state. `state`, `possible` and `possible_units` say what is possible instead.',
    message: 'pause: not while the sale is draft.',
    detail: { state: 'draft', possible: ['schedule', 'launch'] },
  },
  product_busy: {
    when: 'The product has another sale that is on.',
    message: 'The product has another sale that is on; end that one first.',
  },
  name_taken: { when: 'The name belongs to somebody, or did.', message: 'The name ann is taken.' },
  body_too_large: {
    when: 'The body is larger than any that is needed.',
    message: 'The body is larger than 65536 bytes.',
  },
  unsupported_media_type: {
    when: 'The body is not JSON, or its content type does not say so.',
    message: 'The body must be JSON: send "Content-Type: application/json", not "text/plain".',
  },
  idempotency_key_reused: {
    when: 'The Idempotency-Key was used for another request.',
    message: 'This Idempotency-Key was used for another request.',
  },
  too_many_requests: {
    when: 'The caller asks too often. `Retry-After` says when to come again.',
    message: 'This buyer asks too often. Please wait a moment.',
  },
  internal_error: {
    when: 'A fault of ours. It is logged under the request id.',
    message: 'Something went wrong on our side.',
  },
  unavailable: {
    when: 'A store is away, or too much is under way. Send the same request again after `Retry-After`.',
    message: 'This is not possible for a moment. Please send the same request again.',
  },
};

export function whenOf(code: ErrorCode): string {
  return EXPLAINED[code].when;
}

export function failureExample(code: ErrorCode): Failure {
  const { message, detail = {} } = EXPLAINED[code];
  return { status: 'error', code, message, ...detail, request_id: REQUEST_ID };
}
