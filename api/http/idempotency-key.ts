import { IDEMPOTENCY_KEY_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { RequestFault } from './reply.ts';

/** A caller's own name for a request, or null when the header is absent. @throws RequestFault when it is not usable */
export function readKeyHeader(
  headers: Readonly<Record<string, string | undefined>>,
  name: 'Idempotency-Key' | 'webhook-id',
): string | null {
  const key = headers[name.toLowerCase()];
  if (key === undefined) return null;
  if (key.length >= 1 && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX && /^[ -~]+$/.test(key)) return key;
  throw new RequestFault('bad_request', 'The request is not valid; see errors.', {
    errors: { [name]: [`must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} printable characters`] },
  });
}
