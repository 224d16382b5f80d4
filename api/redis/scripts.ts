/** Every Lua script with a typed wrapper: parameters in, a closed union out. */

import type { Redis } from 'ioredis';
import applyCreditsLua from '@flash-sale/lua/apply_credits.lua' with { type: 'text' };
import auditSaleLua from '@flash-sale/lua/audit_sale.lua' with { type: 'text' };
import beginRebuildLua from '@flash-sale/lua/begin_rebuild.lua' with { type: 'text' };
import commitRebuildLua from '@flash-sale/lua/commit_rebuild.lua' with { type: 'text' };
import listOverduePinsLua from '@flash-sale/lua/list_overdue_pins.lua' with { type: 'text' };
import pinHoldLua from '@flash-sale/lua/pin_hold.lua' with { type: 'text' };
import placeHoldsLua from '@flash-sale/lua/place_holds.lua' with { type: 'text' };
import readHoldLua from '@flash-sale/lua/read_hold.lua' with { type: 'text' };
import readSaleLua from '@flash-sale/lua/read_sale.lua' with { type: 'text' };
import reapHoldsLua from '@flash-sale/lua/reap_holds.lua' with { type: 'text' };
import releaseHoldLua from '@flash-sale/lua/release_hold.lua' with { type: 'text' };
import retireSaleLua from '@flash-sale/lua/retire_sale.lua' with { type: 'text' };
import settleHoldsLua from '@flash-sale/lua/settle_holds.lua' with { type: 'text' };
import takeUnitsLua from '@flash-sale/lua/take_units.lua' with { type: 'text' };
import type { HoldOutcome, SaleState } from '@flash-sale/shared/lifecycle.ts';
import {
  ENDED_HOLD_KEPT_MS,
  HOLD_TTL_MAX_S,
  PIN_LEASE_MS,
  REAP_BATCH_MAX,
} from '@flash-sale/shared/limits.ts';
import { defineScript, runScript } from './script.ts';

/** This Redis process was not vouched for by a rebuild: nothing was read, nothing was decided. */
export interface NotArmed {
  readonly kind: 'not_armed';
}
const NOT_ARMED: NotArmed = { kind: 'not_armed' };

/** All but the two that take new units: what is promised is kept, and what ends gives back, even without memory. */
const ALLOW_OOM = { allowOom: true };

const placeHoldsScript = defineScript('place_holds', placeHoldsLua, [
  'not_armed',
  'placed',
  'held',
  'replayed',
  'key_reused',
  'not_open',
  'paused',
  'ended',
  'buyer_needed',
  'buyer_limit_reached',
  'insufficient_stock',
]);

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
}

export type HoldReply =
  | { kind: 'held'; holdId: string; deadlineMs: number; nowMs: number }
  | { kind: 'replayed'; holdId: string; deadlineMs: number; nowMs: number }
  | { kind: 'key_reused' }
  | { kind: 'not_open'; opensAtMs: number; nowMs: number }
  | { kind: 'paused' }
  | { kind: 'ended' }
  | { kind: 'buyer_needed' }
  | { kind: 'buyer_limit_reached'; limit: number; units: number }
  | { kind: 'insufficient_stock'; available: number; earliestDeadlineMs: number | null; nowMs: number };

type Placement = Exclude<(typeof placeHoldsScript.words)[number], 'not_armed' | 'placed'>;

export async function placeHolds(
  redis: Redis,
  saleId: number,
  requests: readonly HoldRequest[],
): Promise<NotArmed | { kind: 'placed'; replies: HoldReply[] }> {
  const args: (string | number)[] = [REAP_BATCH_MAX];
  for (const { holdId, quantity, ttlMs, buyerId, keyDigest, fingerprint } of requests) {
    args.push(holdId, quantity, ttlMs ?? 0, buyerId ?? '', keyDigest ?? '', fingerprint);
  }
  const [word, now, ...replies] = await runScript(redis, placeHoldsScript, saleId, args);
  if (word === 'not_armed') return NOT_ARMED;
  const nowMs = Number(now);
  return {
    kind: 'placed',
    replies: requests.map(({ holdId }, index) =>
      readPlacement(replies[index] as [Placement, ...unknown[]], holdId, nowMs),
    ),
  };
}

function readPlacement(reply: [Placement, ...unknown[]], holdId: string, nowMs: number): HoldReply {
  const [kind, first, second] = reply;
  switch (kind) {
    case 'held':
      return { kind, holdId, deadlineMs: Number(first), nowMs };
    case 'replayed':
      return { kind, holdId: String(first), deadlineMs: Number(second), nowMs };
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

export type HoldRecordState = 'held' | 'pinned' | 'ordered' | 'released' | 'expired';
export type HoldRecord =
  | NotArmed
  | { kind: 'unknown' }
  | { kind: 'lost' }
  | { kind: 'hold'; state: HoldRecordState; quantity: number; deadlineMs: number; nowMs: number };

export async function readHold(redis: Redis, saleId: number, holdId: string): Promise<HoldRecord> {
  const [kind, state, quantity, deadline, now] = await runScript(redis, readHoldScript, saleId, [holdId]);
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

export async function releaseHold(redis: Redis, saleId: number, holdId: string) {
  const [kind] = await runScript(redis, releaseHoldScript, saleId, [holdId]);
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

export async function pinHold(redis: Redis, saleId: number, holdId: string): Promise<Pin> {
  const [kind, quantity, epoch, buyer] = await runScript(redis, pinHoldScript, saleId, [
    holdId,
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
  | { kind: Exclude<(typeof takeUnitsScript.words)[number], 'taken' | 'not_armed'> };

export async function takeUnits(
  redis: Redis,
  saleId: number,
  take: { takeId: string; quantity: number; buyerId: string | null },
): Promise<Take> {
  const args = [take.takeId, take.quantity, take.buyerId ?? '', PIN_LEASE_MS, REAP_BATCH_MAX];
  const [kind, epoch] = await runScript(redis, takeUnitsScript, saleId, args);
  if (kind === 'not_armed') return NOT_ARMED;
  return kind === 'taken' ? { kind, epoch: Number(epoch) } : { kind };
}

const settleHoldsScript = defineScript('settle_holds', settleHoldsLua, ['not_armed', 'settled'], {
  allowOom: true,
});

export interface Settlement {
  readonly holdId: string;
  readonly outcome: HoldOutcome;
}

export async function settleHolds(redis: Redis, saleId: number, settlements: readonly Settlement[]) {
  const args = settlements.flatMap(({ holdId, outcome }) => [holdId, outcome]);
  const [kind, count] = await runScript(redis, settleHoldsScript, saleId, args);
  return kind === 'not_armed' ? NOT_ARMED : { kind, count: Number(count) };
}

const listOverduePinsScript = defineScript(
  'list_overdue_pins',
  listOverduePinsLua,
  ['not_armed', 'overdue'],
  ALLOW_OOM,
);

export async function listOverduePins(redis: Redis, saleId: number, limit: number) {
  const [kind, now, ...pins] = await runScript(redis, listOverduePinsScript, saleId, [limit, PIN_LEASE_MS]);
  if (kind === 'not_armed') return NOT_ARMED;
  return {
    kind,
    nowMs: Number(now),
    pins: pairs(pins).map(([holdId, deadline]) => ({ holdId: String(holdId), deadlineMs: Number(deadline) })),
  };
}

const reapHoldsScript = defineScript('reap_holds', reapHoldsLua, ['not_armed', 'reaped'], ALLOW_OOM);

export async function reapHolds(redis: Redis, saleId: number) {
  const [kind, count, lag, forgotten] = await runScript(redis, reapHoldsScript, saleId, [
    REAP_BATCH_MAX,
    ENDED_HOLD_KEPT_MS,
  ]);
  if (kind === 'not_armed') return NOT_ARMED;
  return { kind, count: Number(count), lagMs: Number(lag), forgotten: Number(forgotten) };
}

const applyCreditsScript = defineScript('apply_credits', applyCreditsLua, ['not_armed', 'applied'], {
  allowOom: true,
});

export interface Credit {
  readonly id: number;
  readonly seq: number;
  readonly units: number;
  readonly buyerId: string | null;
}

export async function applyCredits(redis: Redis, saleId: number, credits: readonly Credit[]) {
  const args = credits.flatMap(({ id, seq, units, buyerId }) => [id, seq, units, buyerId ?? '']);
  const [kind, epoch] = await runScript(redis, applyCreditsScript, saleId, args);
  return kind === 'not_armed' ? NOT_ARMED : { kind, epoch: Number(epoch) };
}

const readSaleScript = defineScript('read_sale', readSaleLua, ['not_armed', 'sale'], ALLOW_OOM);

export interface SaleStock {
  readonly kind: 'sale';
  readonly nowMs: number;
  readonly epoch: number;
  readonly state: SaleState;
  readonly opensAtMs: number;
  readonly closesAtMs: number | null;
  readonly allotment: number;
  readonly available: number;
  /** How many holds, not units. */
  readonly holds: number;
  readonly pins: number;
}

export async function readSale(redis: Redis, saleId: number): Promise<NotArmed | SaleStock> {
  const reply = await runScript(redis, readSaleScript, saleId, [REAP_BATCH_MAX]);
  const [kind, now, epoch, state, opensAt, closesAt, allotment, available, holds, pins] = reply;
  if (kind === 'not_armed') return NOT_ARMED;
  return {
    kind,
    nowMs: Number(now),
    epoch: Number(epoch),
    state: state as SaleState,
    opensAtMs: Number(opensAt),
    closesAtMs: Number(closesAt) || null,
    allotment: Number(allotment),
    available: Number(available),
    holds: Number(holds),
    pins: Number(pins),
  };
}

const beginRebuildScript = defineScript('begin_rebuild', beginRebuildLua, ['superseded', 'begun'], ALLOW_OOM);

export async function beginRebuild(
  redis: Redis,
  saleId: number,
  { epoch, lastArmedEpoch }: { epoch: number; lastArmedEpoch: number },
) {
  const args = [epoch, lastArmedEpoch];
  const [kind, token, continuous, ...ids] = await runScript(redis, beginRebuildScript, saleId, args);
  if (kind === 'superseded') return { kind };
  return { kind, token: String(token), isContinuous: continuous === 1, holdIds: ids.map(String) };
}

const commitRebuildScript = defineScript(
  'commit_rebuild',
  commitRebuildLua,
  ['superseded', 'armed'],
  ALLOW_OOM,
);

export interface RebuildSnapshot {
  /** As begin_rebuild gave it: only the Redis whose holds were listed may be armed, once. */
  readonly token: string;
  readonly epoch: number;
  readonly baseSeq: number;
  readonly allotment: number;
  readonly committed: number;
  readonly state: SaleState;
  readonly opensAtMs: number;
  readonly closesAtMs: number | null;
  readonly holdTtlMs: number;
  readonly buyerLimit: number | null;
  /** 0 when nothing can have been lost. */
  readonly lossRememberedMs: number;
  readonly outcomes: readonly Settlement[];
  readonly buyers: readonly { buyerId: string; units: number }[];
}

export async function commitRebuild(redis: Redis, saleId: number, snapshot: RebuildSnapshot) {
  const { outcomes, buyers } = snapshot;
  const [kind, available] = await runScript(redis, commitRebuildScript, saleId, [
    snapshot.token,
    snapshot.epoch,
    snapshot.baseSeq,
    snapshot.allotment,
    snapshot.committed,
    snapshot.state,
    snapshot.opensAtMs,
    snapshot.closesAtMs ?? 0,
    snapshot.holdTtlMs,
    snapshot.buyerLimit ?? 0,
    snapshot.lossRememberedMs,
    PIN_LEASE_MS,
    HOLD_TTL_MAX_S * 1_000,
    outcomes.length,
    ...outcomes.flatMap(({ holdId, outcome }) => [holdId, outcome]),
    ...buyers.flatMap(({ buyerId, units }) => [buyerId, units]),
  ]);
  return kind === 'superseded' ? { kind } : { kind, available: Number(available) };
}

const auditSaleScript = defineScript('audit_sale', auditSaleLua, ['not_armed', 'sums'], ALLOW_OOM);

export async function auditSale(redis: Redis, saleId: number, undeliveredCreditIds: readonly number[]) {
  const reply = await runScript(redis, auditSaleScript, saleId, [...undeliveredCreditIds]);
  const [kind, epoch, base, allotment, available, held, unlisted, pinCount, ...rest] = reply;
  if (kind === 'not_armed') return NOT_ARMED;
  const pinsEnd = Number(pinCount) * 2;
  return {
    kind,
    epoch: Number(epoch),
    baseSeq: Number(base),
    allotment: Number(allotment),
    available: Number(available),
    heldUnits: Number(held),
    unlistedHolds: Number(unlisted),
    pins: pairs(rest.slice(0, pinsEnd)).map(([holdId, quantity]) => ({
      holdId: String(holdId),
      quantity: Number(quantity),
    })),
    appliedCreditIds: rest.slice(pinsEnd).map(Number),
  };
}

const retireSaleScript = defineScript(
  'retire_sale',
  retireSaleLua,
  ['not_armed', 'busy', 'retired'],
  ALLOW_OOM,
);

export async function retireSale(redis: Redis, saleId: number) {
  const [kind] = await runScript(redis, retireSaleScript, saleId, [ENDED_HOLD_KEPT_MS]);
  return kind === 'not_armed' ? NOT_ARMED : { kind };
}

function pairs(values: readonly unknown[]): [unknown, unknown][] {
  const result: [unknown, unknown][] = [];
  for (let index = 0; index + 1 < values.length; index += 2) result.push([values[index], values[index + 1]]);
  return result;
}
