import { Type, type TSchema } from '@sinclair/typebox';

/** Every failure a caller can meet. `code` is stable; the message is for people and may change. */
export const ERROR_CODES = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'signature_invalid',
  'not_found',
  'product_not_found',
  'sale_not_found',
  'hold_not_found',
  'order_not_found',
  'delivery_not_found',
  'replay_not_found',
  'operator_not_found',
  'payment_not_found',
  'payment_intent_unknown',
  'method_not_allowed',
  'insufficient_stock',
  'buyer_limit_reached',
  'sale_not_open',
  'sale_paused',
  'sale_ended',
  'hold_expired',
  'hold_released',
  'hold_lost',
  'hold_ordered',
  'payment_intent_mismatch',
  'impossible_now',
  'product_busy',
  'name_taken',
  'body_too_large',
  'unsupported_media_type',
  'idempotency_key_reused',
  'too_many_requests',
  'unavailable',
  'internal_error',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Field faults: name of the field -> what is wrong with it. */
export type FieldErrors = Record<string, string[]>;

export const Failure = Type.Object(
  {
    status: Type.Literal('error'),
    code: Type.Unsafe<ErrorCode>({ type: 'string', enum: [...ERROR_CODES] }),
    message: Type.String(),
    errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
    available_stock: Type.Optional(Type.Integer()),
    retry_in_seconds: Type.Optional(Type.Union([Type.Integer(), Type.Null()])),
    state: Type.Optional(Type.String({ description: 'With `impossible_now`: what it is now.' })),
    possible: Type.Optional(
      Type.Array(Type.String(), { description: 'With `impossible_now`: what is possible instead.' }),
    ),
    possible_units: Type.Optional(
      Type.Integer({ description: 'With `impossible_now`: how many units could be changed.' }),
    ),
    request_id: Type.String(),
  },
  { description: 'Every failure has this shape; `code` is stable.' },
);
export type Failure = typeof Failure.static;

export function success<Data extends TSchema>(data: Data) {
  return Type.Object({ status: Type.Literal('success'), message: Type.String(), data });
}
