/** Requests for holds: many, decided in one step. The typed wrapper of `place_holds`: parameters in, a closed union out. */

import placeHoldsLua from '@flash-sale/lua/place_holds.lua' with { type: 'text' };
import ratesLua from '@flash-sale/lua/rates.lua' with { type: 'text' };
import { RATE_WINDOW_MS, REAP_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { holdIdOf, holdName } from './hold-name.ts';
import { defineScript, NOT_ARMED, runScript, type NotArmed } from './script.ts';
import type { RedisClient } from './shards.ts';

const placeHoldsScript = defineScript(
  'place_holds',
  placeHoldsLua,
  [
    'not_armed',
    'placed',
    'too_many_requests',
    'held',
    'replayed',
    'key_reused',
    'not_open',
    'paused',
    'ended',
    'buyer_needed',
    'buyer_limit_reached',
    'insufficient_stock',
  ],
  { allowOom: false, part: ratesLua },
);

/** What can become of a request for a hold. */
export const HOLD_DECISIONS = placeHoldsScript.words.filter(
  (word) => word !== 'not_armed' && word !== 'placed',
);

export interface Asker {
  readonly buyer: string | null;
  readonly address: string | null;
}

export interface HoldRequest {
  readonly holdId: string;
  readonly quantity: number;
  /** null: the sale decides. */
  readonly ttlMs: number | null;
  readonly buyerId: string | null;
  /** Digest of the idempotency key; null when the caller sent none. */
  readonly keyDigest: string | null;
  /** Says whether two requests with one key are the same request. */
  readonly fingerprint: string;
  /** Who is counted, where the sale limits how often somebody asks: digests, and no two kinds alike. */
  readonly asker?: Asker | undefined;
}

/** A limit, and how many more requests are within it now. */
interface Quota {
  readonly limit: number;
  readonly left: number;
}

export interface Rates {
  readonly buyer: Quota | null;
  readonly address: Quota | null;
  /** Until what was asked begins to be forgotten. */
  readonly resetMs: number;
}

type Counted = 'buyer' | 'address';

/** `rates`: present when the request was counted by somebody's name. */
export type HoldReply = HoldDecision & { readonly rates?: Rates };

type HoldDecision =
  | { kind: 'too_many_requests'; whose: Counted; waitMs: number }
  | { kind: 'held'; holdId: string; deadlineMs: number; nowMs: number }
  | { kind: 'replayed'; holdId: string; deadlineMs: number; nowMs: number }
  | { kind: 'key_reused' }
  | { kind: 'not_open'; opensAtMs: number; nowMs: number }
  | { kind: 'paused' }
  | { kind: 'ended' }
  | { kind: 'buyer_needed' }
  | { kind: 'buyer_limit_reached'; limit: number; units: number }
  | { kind: 'insufficient_stock'; available: number; earliestDeadlineMs: number | null; nowMs: number };

/** `held` is told as its deadline alone, and a refusal that was told before in the same call as 0. */
type PlacementReply = number | [Exclude<(typeof HOLD_DECISIONS)[number], 'held'>, ...unknown[]];

export async function placeHolds(
  redis: RedisClient,
  saleId: number,
  requests: readonly HoldRequest[],
): Promise<NotArmed | { kind: 'placed'; replies: HoldReply[] }> {
  // One argument: for ioredis each one is work.
  const args = [REAP_BATCH_MAX, JSON.stringify(columnsOf(requests))];
  const [word, now, rates, ...replies] = await runScript(redis, placeHoldsScript, saleId, args);
  if (word === 'not_armed') return NOT_ARMED;
  const nowMs = Number(now);
  let refusal: HoldDecision | undefined;
  return {
    kind: 'placed',
    replies: requests.map(({ holdId }, index): HoldReply => {
      const reply = replies[index] as PlacementReply;
      const decision = reply === 0 && refusal ? refusal : readPlacement(reply, saleId, holdId, nowMs);
      if (typeof reply !== 'number') refusal = decision;
      const left = readRates(rates as number[], index, nowMs);
      return left === null ? decision : { ...decision, rates: left };
    }),
  };
}

/** What no request has is left out: Lua then neither reads nor looks at it. */
function columnsOf(requests: readonly HoldRequest[]) {
  const hasBuyers = requests.some(({ buyerId }) => buyerId !== null);
  const hasKeys = requests.some(({ keyDigest }) => keyDigest !== null);
  const isCounting = requests.some(({ asker }) => asker !== undefined);
  return {
    ids: requests.map(({ holdId }) => holdName(holdId)),
    quantities: requests.map(({ quantity }) => quantity),
    ttls: requests.map(({ ttlMs }) => ttlMs ?? 0),
    ...(hasBuyers && { buyers: requests.map(({ buyerId }) => buyerId ?? '') }),
    ...(hasKeys && {
      digests: requests.map(({ keyDigest }) => keyDigest ?? ''),
      fingerprints: requests.map(({ fingerprint }) => fingerprint),
    }),
    ...(isCounting && {
      buyer_names: requests.map(({ asker }) => asker?.buyer ?? ''),
      address_names: requests.map(({ asker }) => asker?.address ?? ''),
    }),
  };
}

function readRates(rates: readonly number[], index: number, nowMs: number): Rates | null {
  if (rates.length === 0) return null;
  const [ofBuyers = 0, ofAddresses = 0] = rates;
  const perRequest = (ofBuyers > 0 ? 1 : 0) + (ofAddresses > 0 ? 1 : 0);
  const left = rates.slice(2 + index * perRequest, 2 + (index + 1) * perRequest);
  const quota = (limit: number) => {
    const count = limit > 0 ? (left.shift() ?? -1) : -1;
    return count < 0 ? null : { limit, left: count };
  };
  const [buyer, address] = [quota(ofBuyers), quota(ofAddresses)];
  if (buyer === null && address === null) return null;
  return { buyer, address, resetMs: RATE_WINDOW_MS - (nowMs % RATE_WINDOW_MS) };
}

function readPlacement(reply: PlacementReply, saleId: number, holdId: string, nowMs: number): HoldDecision {
  if (typeof reply === 'number') return { kind: 'held', holdId, deadlineMs: reply, nowMs };
  const [kind, first, second] = reply;
  switch (kind) {
    case 'too_many_requests':
      return { kind, whose: first as Counted, waitMs: Number(second) };
    case 'replayed':
      return { kind, holdId: holdIdOf(saleId, String(first)), deadlineMs: Number(second), nowMs };
    case 'not_open':
      return { kind, opensAtMs: Number(first), nowMs };
    case 'buyer_limit_reached':
      return { kind, limit: Number(first), units: Number(second) };
    case 'insufficient_stock':
      return { kind, available: Number(first), earliestDeadlineMs: Number(second) || null, nowMs };
    case 'key_reused':
    case 'paused':
    case 'ended':
    case 'buyer_needed':
      return { kind };
  }
}
