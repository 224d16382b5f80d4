import { IDEMPOTENCY_KEY_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { invalidRequest } from './failures.ts';

/**
 * A caller's own name for a request.
 * @param key the header as it was sent, if it was
 * @throws RequestFault when it is not usable
 */
export function checkKey(
  key: string | null | undefined,
  name: 'Idempotency-Key' | 'webhook-id',
): string | null {
  if (key === undefined || key === null) return null;
  if (key.length >= 1 && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX && /^[ -~]+$/.test(key)) return key;
  throw invalidRequest({ [name]: [`must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable characters`] });
}
