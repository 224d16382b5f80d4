/**
 * Holds whose batch was not answered: they may have been carried out, and nobody was told. A buyer with an idempotency
 * key asks again and finds the hold; the others would leave units held by nobody until they expire.
 */

import { UNHEARD_MAX } from '@flash-sale/shared/limits.ts';
import { perProcess } from '../per-process.ts';
import { releaseHold } from '../redis/hold-scripts.ts';
import type { HoldRequest } from '../redis/placement-scripts.ts';
import type { Services } from '../services.ts';

/** The first attempt goes the way of the hold itself: one connection keeps the order of its commands. */
const PAUSES_MS = [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

const pendingOf = perProcess(() => ({ count: 0 }));

export function releaseUnheard(services: Services, saleId: number, requests: readonly HoldRequest[]): void {
  const pending = pendingOf(services);
  for (const { holdId, keyDigest } of requests) {
    if (keyDigest !== null || pending.count >= UNHEARD_MAX) continue;
    pending.count += 1;
    void releaseOne(services, saleId, holdId).finally(() => {
      pending.count -= 1;
    });
  }
}

async function releaseOne({ redis }: Services, saleId: number, holdId: string): Promise<void> {
  for (const pauseMs of PAUSES_MS) {
    if (pauseMs > 0) await Bun.sleep(pauseMs);
    const reply = await releaseHold(redis, saleId, holdId).catch(() => null);
    // Unknown may mean "not yet": what lies in a connection that we gave up can still be read after this.
    if (reply !== null && reply.kind !== 'unknown' && reply.kind !== 'not_armed') return;
  }
}
