/** The scripts about holds and pins, each with a typed wrapper: parameters in, a closed union out. */

import listOverduePinsLua from '@flash-sale/lua/list_overdue_pins.lua' with { type: 'text' };
import pinHoldLua from '@flash-sale/lua/pin_hold.lua' with { type: 'text' };
import placeHoldsLua from '@flash-sale/lua/place_holds.lua' with { type: 'text' };
import ratesLua from '@flash-sale/lua/rates.lua' with { type: 'text' };
import readHoldLua from '@flash-sale/lua/read_hold.lua' with { type: 'text' };
import reapHoldsLua from '@flash-sale/lua/reap_holds.lua' with { type: 'text' };
import releaseHoldLua from '@flash-sale/lua/release_hold.lua' with { type: 'text' };
import settleHoldsLua from '@flash-sale/lua/settle_holds.lua' with { type: 'text' };
import takeUnitsLua from '@flash-sale/lua/take_units.lua' with { type: 'text' };
import type { HoldOutcome } from '@flash-sale/shared/lifecycle.ts';
import {
  ENDED_HOLD_KEPT_MS,
  HOLD_TTL_MAX_S,
  PIN_LEASE_MS,
  RATE_WINDOW_MS,
  REAP_BATCH_MAX,
  REAP_PIECE_MAX,
} from '@flash-sale/shared/limits.ts';
import { holdIdOf, holdName } from './hold-name.ts';
import { ALLOW_OOM, defineScript, NOT_ARMED, pairs, runScript, type NotArmed } from './script.ts';
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

const readHoldScript = defineScript(
  'read_hold',
  readHoldLua,
  ['not_armed', 'unknown', 'lost', 'hold'],
  ALLOW_OOM,
);

type HoldRecordState = 'held' | 'pinned' | 'ordered' | 'released' | 'expired';
export type HoldRecord =
  | NotArmed
  | { kind: 'unknown' }
  | { kind: 'lost' }
  | { kind: 'hold'; state: HoldRecordState; quantity: number; deadlineMs: number; nowMs: number };

export async function readHold(redis: RedisClient, saleId: number, holdId: string): Promise<HoldRecord> {
  const [kind, state, quantity, deadline, now] = await runScript(redis, readHoldScript, saleId, [
    holdName(holdId),
  ]);
  if (kind !== 'hold') return { kind };
  return {
    kind,
    state: state as HoldRecordState,
    quantity: Number(quantity),
    deadlineMs: Number(deadline),
    nowMs: Number(now),
  };
}

const releaseHoldScript = defineScript(
  'release_hold',
  releaseHoldLua,
  ['not_armed', 'unknown', 'lost', 'released', 'expired', 'pinned', 'ordered'],
  ALLOW_OOM,
);

export async function releaseHold(redis: RedisClient, saleId: number, holdId: string) {
  const [kind] = await runScript(redis, releaseHoldScript, saleId, [holdName(holdId)]);
  return kind === 'not_armed' ? NOT_ARMED : { kind };
}

const pinHoldScript = defineScript(
  'pin_hold',
  pinHoldLua,
  ['not_armed', 'unknown', 'lost', 'halted', 'pinned', 'ordered', 'released', 'expired'],
  ALLOW_OOM,
);

export type Pin =
  | NotArmed
  | { kind: 'pinned'; quantity: number; epoch: number; buyerId: string | null }
  | { kind: Exclude<(typeof pinHoldScript.words)[number], 'pinned' | 'not_armed'> };

export async function pinHold(redis: RedisClient, saleId: number, holdId: string): Promise<Pin> {
  const [kind, quantity, epoch, buyer] = await runScript(redis, pinHoldScript, saleId, [
    holdName(holdId),
    PIN_LEASE_MS,
  ]);
  if (kind === 'not_armed') return NOT_ARMED;
  if (kind !== 'pinned') return { kind };
  return { kind, quantity: Number(quantity), epoch: Number(epoch), buyerId: String(buyer) || null };
}

const takeUnitsScript = defineScript('take_units', takeUnitsLua, [
  'not_armed',
  'closed',
  'insufficient_stock',
  'buyer_limit_reached',
  'taken',
  'over',
]);

export type Take =
  | NotArmed
  | { kind: 'taken'; epoch: number }
  | { kind: 'insufficient_stock'; available: number }
  | { kind: 'closed' | 'buyer_limit_reached' | 'over' };

export async function takeUnits(
  redis: RedisClient,
  saleId: number,
  take: { takeId: string; quantity: number; buyerId: string | null },
): Promise<Take> {
  const args = [holdName(take.takeId), take.quantity, take.buyerId ?? '', PIN_LEASE_MS, REAP_BATCH_MAX];
  const [kind, number] = await runScript(redis, takeUnitsScript, saleId, args);
  switch (kind) {
    case 'not_armed':
      return NOT_ARMED;
    case 'taken':
      return { kind, epoch: Number(number) };
    case 'insufficient_stock':
      return { kind, available: Number(number) };
    case 'closed':
    case 'buyer_limit_reached':
    case 'over':
      return { kind };
  }
}

const settleHoldsScript = defineScript('settle_holds', settleHoldsLua, ['not_armed', 'settled'], ALLOW_OOM);

export interface Settlement {
  readonly holdId: string;
  readonly outcome: HoldOutcome;
}

export async function settleHolds(redis: RedisClient, saleId: number, settlements: readonly Settlement[]) {
  const args = settlements.flatMap(({ holdId, outcome }) => [holdName(holdId), outcome]);
  const [kind, count] = await runScript(redis, settleHoldsScript, saleId, args);
  return kind === 'not_armed' ? NOT_ARMED : { kind, count: Number(count) };
}

const listOverduePinsScript = defineScript(
  'list_overdue_pins',
  listOverduePinsLua,
  ['not_armed', 'overdue'],
  ALLOW_OOM,
);

export async function listOverduePins(redis: RedisClient, saleId: number, limit: number) {
  const [kind, now, ...pins] = await runScript(redis, listOverduePinsScript, saleId, [limit, PIN_LEASE_MS]);
  if (kind === 'not_armed') return NOT_ARMED;
  return {
    kind,
    nowMs: Number(now),
    pins: pairs(pins).map(([holdId, deadline]) => ({
      holdId: holdIdOf(saleId, String(holdId)),
      deadlineMs: Number(deadline),
    })),
  };
}

const reapHoldsScript = defineScript('reap_holds', reapHoldsLua, ['not_armed', 'reaped'], ALLOW_OOM);

export async function reapHolds(redis: RedisClient, saleId: number) {
  const [kind, count, lag, forgotten] = await runScript(redis, reapHoldsScript, saleId, [
    REAP_PIECE_MAX,
    ENDED_HOLD_KEPT_MS,
    HOLD_TTL_MAX_S * 1_000,
    PIN_LEASE_MS,
  ]);
  if (kind === 'not_armed') return NOT_ARMED;
  const isMore = Number(count) === REAP_PIECE_MAX || Number(forgotten) === REAP_PIECE_MAX;
  return { kind, count: Number(count), lagMs: Number(lag), forgotten: Number(forgotten), isMore };
}
