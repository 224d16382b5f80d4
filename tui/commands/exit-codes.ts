/** What a command ends with, for scripts. Numbers that were told once stay as they are. */

import type { RefusalCode } from '../api.ts';

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unreachable: 6,
  internal: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** For the help and the reference. */
export const EXIT_CODES: readonly (readonly [ExitCode, string])[] = [
  [EXIT.ok, 'done'],
  [
    EXIT.failed,
    'failed: what was watched, checked or replayed did not end well, or the API refused what was sent',
  ],
  [EXIT.usage, 'the command is not written as it should be, or needs a terminal or --yes'],
  [EXIT.notFound, 'what it is about is not there'],
  [EXIT.auth, 'the token is missing, unknown, revoked or expired, or its role does not suffice'],
  [EXIT.conflict, 'impossible as things are now, or the context is read-only'],
  [EXIT.unreachable, 'the API did not answer, or not in time'],
  [EXIT.internal, 'a fault of this program'],
  [EXIT.interrupted, 'ended by ctrl+c, or by another signal that asks it to end'],
];

export function exitCodeOf(code: RefusalCode): ExitCode {
  switch (code) {
    case 'bad_request':
    case 'method_not_allowed':
    case 'body_too_large':
    case 'unsupported_media_type':
    case 'internal_error':
      return EXIT.failed;
    case 'unauthorized':
    case 'forbidden':
    case 'signature_invalid':
      return EXIT.auth;
    case 'not_found':
    case 'product_not_found':
    case 'sale_not_found':
    case 'hold_not_found':
    case 'order_not_found':
    case 'delivery_not_found':
    case 'replay_not_found':
    case 'operator_not_found':
    case 'payment_not_found':
    case 'payment_intent_unknown':
      return EXIT.notFound;
    case 'insufficient_stock':
    case 'buyer_limit_reached':
    case 'sale_not_open':
    case 'sale_paused':
    case 'sale_ended':
    case 'hold_expired':
    case 'hold_released':
    case 'hold_lost':
    case 'hold_ordered':
    case 'payment_intent_mismatch':
    case 'impossible_now':
    case 'product_busy':
    case 'name_taken':
    case 'idempotency_key_reused':
      return EXIT.conflict;
    case 'too_many_requests':
    case 'unavailable':
    case 'unreachable':
      return EXIT.unreachable;
  }
}
