/** Places holds for what is measured later, without HTTP. */

import { HOLD_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../../holds/hold-id.ts';
import { placeHolds } from '../../redis/placement-scripts.ts';
import type { Services } from '../../services.ts';

/** Named: each by a buyer and with an idempotency key of its own. */
export type Holder = 'anonymous' | 'named';

interface Holds {
  readonly holder?: Holder;
  readonly ttlMs?: () => number;
}

const TTL_MS = 300_000;

/** @returns the ids of so many new holds of one unit */
export async function holdMany(
  { redis }: Services,
  saleId: number,
  count: number,
  { holder = 'anonymous', ttlMs = () => TTL_MS }: Holds = {},
): Promise<string[]> {
  const holdIds = Array.from({ length: count }, () => newHoldId(saleId));
  for (let start = 0; start < count; start += HOLD_BATCH_MAX) {
    const batch = holdIds.slice(start, start + HOLD_BATCH_MAX).map((holdId) => ({
      holdId,
      quantity: 1,
      ttlMs: ttlMs(),
      // Of the lengths that ids of buyers often have, and digests always.
      buyerId: holder === 'named' ? `buyer-${holdId.slice(9, 23)}` : null,
      keyDigest: holder === 'named' ? holdId.slice(14) : null,
      fingerprint: holder === 'named' ? holdId.slice(0, 22) : '',
    }));
    const placed = await placeHolds(redis, saleId, batch);
    if (placed.kind === 'not_armed' || placed.replies.some(({ kind }) => kind !== 'held')) {
      throw new Error('the bench could not place its holds');
    }
  }
  return holdIds;
}
