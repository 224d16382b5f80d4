/** Holds: place, read, release. Redis decides each in one step; SQL is asked only about holds that became orders. */

import type { VisibleHoldState } from '@flash-sale/shared/contracts/hold.ts';
import {
  BUYER_RATE_DEFAULT,
  HOLD_BATCH_MAX,
  HOLDS_LINE,
  RATE_WINDOW_MS,
  REBUILD_WAIT_MAX_MS,
} from '@flash-sale/shared/limits.ts';
import { Batcher } from '../batch.ts';
import { perProcess } from '../per-process.ts';
import type { Sale } from '../products/catalog.ts';
import {
  readHold as readHoldRecord,
  releaseHold as releaseHoldRecord,
  settleHolds,
} from '../redis/hold-scripts.ts';
import { placeHolds, type Asker, type HoldReply, type HoldRequest } from '../redis/placement-scripts.ts';
import { onArmedSale } from '../sales/arming.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { newHoldId, saleIdOf } from './hold-id.ts';
import { Newcomers } from './newcomers.ts';
import { readOutcome, voidHold, type HoldOrder } from './outcome.ts';
import { releaseUnheard } from './unheard.ts';

export interface PlaceHoldRequest {
  readonly productId: number;
  readonly quantity: number;
  readonly ttlMs: number | null;
  readonly buyerId: string | null;
  readonly idempotencyKey: string | null;
  /** From where it comes; asked only where requests are counted. */
  readonly address?: () => string | null;
}

export type HoldPlaced = HoldReply | { kind: 'product_not_found' } | { kind: 'no_sale' };

/** Takes units for a buyer. @throws StoreUnavailable: the hold may exist; the same idempotency key finds it. */
export async function placeHold(services: Services, request: PlaceHoldRequest): Promise<HoldPlaced> {
  const listing = await services.catalog.find(request.productId);
  if (listing === undefined) return { kind: 'product_not_found' };
  const sale = services.catalog.current(listing);
  if (sale === undefined) return { kind: 'no_sale' };

  const asker = askerOf(services, sale, request);
  const reply = await batcherOf(services).call(sale.id, {
    holdId: newHoldId(sale.id),
    quantity: request.quantity,
    ttlMs: request.ttlMs,
    buyerId: request.buyerId,
    keyDigest: request.idempotencyKey === null ? null : digest(request.idempotencyKey),
    fingerprint: request.idempotencyKey === null ? '' : fingerprintOf(request),
    asker,
  });
  const isUncounted = request.buyerId !== null && (asker?.buyer ?? null) === null;
  return isUncounted ? { ...reply, rates: { address: null, ...reply.rates, ...ALL_LEFT } } : reply;
}

/** The requests of one turn of the event loop for one sale go to Redis as one call; while some are there, more gather. */
const batcherOf = perProcess(
  (services) =>
    new Batcher<HoldRequest, HoldReply>(
      HOLD_BATCH_MAX,
      (saleId, requests, sinceMs) => decide(services, saleId, requests, sinceMs + REBUILD_WAIT_MAX_MS),
      HOLDS_LINE,
    ),
);

async function decide(services: Services, saleId: number, requests: readonly HoldRequest[], untilMs: number) {
  services.metrics.batchSize.observe(requests.length);
  const result = await placeAll(services, saleId, requests, untilMs);
  services.reach('hold.decided');
  const replies: HoldReply[] =
    result.kind === 'placed' ? result.replies : requests.map(() => ({ kind: 'ended' }));
  countOutcomes(services, replies);
  return replies;
}

function countOutcomes({ metrics }: Services, replies: readonly HoldReply[]): void {
  const counts = new Map<HoldReply['kind'], number>();
  for (const { kind } of replies) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const [outcome, count] of counts) metrics.holdAttempts.inc({ outcome }, count);
}

/** @param untilMs until then they wait for a rebuild; in their line some have waited before */
async function placeAll(
  services: Services,
  saleId: number,
  requests: readonly HoldRequest[],
  untilMs: number,
) {
  try {
    return await onArmedSale(services, saleId, () => placeHolds(services.redis, saleId, requests), untilMs);
  } catch (error) {
    if (error instanceof StoreUnavailable && error.mayHaveRun) releaseUnheard(services, saleId, requests);
    throw error;
  }
}

/** Callers' keys never become part of a Redis key or record as they are. 128 bits: nobody finds a second key. */
function digest(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url').slice(0, 22);
}

function fingerprintOf({ productId, quantity, ttlMs, buyerId }: PlaceHoldRequest): string {
  return digest(JSON.stringify([productId, quantity, ttlMs, buyerId]));
}

/** What the first request of a buyer is told. */
const ALL_LEFT = {
  buyer: { limit: BUYER_RATE_DEFAULT, left: BUYER_RATE_DEFAULT },
  resetMs: RATE_WINDOW_MS,
} as const;

const newcomersOf = perProcess(() => new Newcomers(RATE_WINDOW_MS));

/**
 * Whom to count, where anybody is limited. A buyer is counted together with the address: nobody proves who they are, and
 * whoever names another buyer must not use up what that one may ask. By default a buyer's first request is not counted.
 */
function askerOf(services: Services, sale: Sale, { buyerId, address }: PlaceHoldRequest): Asker | undefined {
  const isFree =
    buyerId === null || (sale.buyerRate === null && newcomersOf(services).isNew(`${sale.id} ${buyerId}`));
  if (isFree && sale.addressRate === null) return undefined;
  const from = address?.() ?? null;
  return {
    buyer: isFree ? null : digest(`buyer ${buyerId} ${from}`),
    address: sale.addressRate === null || from === null ? null : digest(`address ${from}`),
  };
}

export type HoldSeen =
  | { kind: 'hold'; state: VisibleHoldState; quantity: number; msLeft: number; order: HoldOrder | null }
  | { kind: 'hold_not_found' }
  | { kind: 'hold_lost' };

/** What became of a hold. Redis knows of holds, SQL of those that were pinned, for ever. */
export async function readHold(services: Services, holdId: string): Promise<HoldSeen> {
  const saleId = saleIdOf(holdId);
  if (saleId === null) return { kind: 'hold_not_found' };
  const record = await onArmedSale(services, saleId, () =>
    readHoldRecord(services.redis, saleId, holdId),
  ).catch(unlessRedisIsAway);
  if (record.kind === 'hold' && record.state !== 'pinned' && record.state !== 'ordered') {
    const { state, quantity, deadlineMs, nowMs } = record;
    return { kind: 'hold', state, quantity, msLeft: state === 'held' ? deadlineMs - nowMs : 0, order: null };
  }

  const written = await readOutcome(services, holdId);
  if (written?.order) {
    const { order } = written;
    return { kind: 'hold', state: 'ordered', quantity: order.quantity, msLeft: 0, order };
  }
  // SQL is written first: what only Redis knows as ordered was forgotten by a SQL that was restored from a backup.
  const isForgotten = written === null && record.kind === 'hold' && record.state === 'ordered';
  if (written?.outcome === 'lost' || record.kind === 'lost' || isForgotten) return { kind: 'hold_lost' };
  if (record.kind === 'away') throw record.error;
  if (record.kind !== 'hold' || written?.outcome === 'withdrawn') return { kind: 'hold_not_found' };
  // Pinned, and nothing written yet: its order is on the way, or its buyer went away in the middle.
  const { quantity, deadlineMs, nowMs } = record;
  return { kind: 'hold', state: 'held', quantity, msLeft: Math.max(0, deadlineMs - nowMs), order: null };
}

/** While Redis is away, SQL still knows of holds that became orders. */
function unlessRedisIsAway(error: unknown): { kind: 'away'; error: StoreUnavailable } {
  if (error instanceof StoreUnavailable && error.store === 'redis') return { kind: 'away', error };
  throw error;
}

export interface HoldReleased {
  kind: 'released' | 'expired' | 'hold_ordered' | 'hold_not_found' | 'hold_lost';
}

/** Gives a hold's units back; again is fine. */
export async function releaseHold(services: Services, holdId: string): Promise<HoldReleased> {
  const saleId = saleIdOf(holdId);
  if (saleId === null) return { kind: 'hold_not_found' };
  const reply = await onArmedSale(services, saleId, () => releaseHoldRecord(services.redis, saleId, holdId));
  switch (reply.kind) {
    case 'released':
    case 'expired':
      return { kind: reply.kind };
    case 'pinned':
      return releasePinned(services, saleId, holdId);
    case 'ordered':
      return { kind: 'hold_ordered' };
    case 'lost':
    case 'unknown':
    case 'not_served': {
      const written = await readOutcome(services, holdId);
      if (written !== null) return { kind: RELEASE_OF_OUTCOME[written.outcome] };
      return { kind: reply.kind === 'lost' ? 'hold_lost' : 'hold_not_found' };
    }
  }
}

/** Nobody may unpin but SQL: if its order is not written, it never will be. */
async function releasePinned(services: Services, saleId: number, holdId: string): Promise<HoldReleased> {
  const outcome = await voidHold(services, { holdId, saleId }, 'released');
  await settleHolds(services.redis, saleId, [{ holdId, outcome }]);
  return { kind: RELEASE_OF_OUTCOME[outcome] };
}

const RELEASE_OF_OUTCOME = {
  ordered: 'hold_ordered',
  released: 'released',
  expired: 'expired',
  lost: 'hold_lost',
  // No hold, but the take of an operator.
  withdrawn: 'hold_not_found',
} as const;
