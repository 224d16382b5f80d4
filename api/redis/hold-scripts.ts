/** The scripts about holds that are placed, and about pins, each with a typed wrapper: parameters in, a closed union out. */

import listOverduePinsLua from '@flash-sale/lua/list_overdue_pins.lua' with { type: 'text' };
import pinHoldLua from '@flash-sale/lua/pin_hold.lua' with { type: 'text' };
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
  REAP_BATCH_MAX,
  REAP_PIECE_MAX,
} from '@flash-sale/shared/limits.ts';
import { holdIdOf, holdName } from './hold-name.ts';
import { ALLOW_OOM, defineScript, NOT_ARMED, pairs, runScript, type NotArmed } from './script.ts';
import type { RedisClient } from './shards.ts';

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

/** As scripts take them: two arguments for each. */
export function inPairs(settlements: readonly Settlement[]): string[] {
  return settlements.flatMap(({ holdId, outcome }) => [holdName(holdId), outcome]);
}

export async function settleHolds(redis: RedisClient, saleId: number, settlements: readonly Settlement[]) {
  const [kind, count] = await runScript(redis, settleHoldsScript, saleId, inPairs(settlements));
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
