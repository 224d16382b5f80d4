/** The scripts that only operators need. */

import extendHoldLua from '@flash-sale/lua/extend_hold.lua' with { type: 'text' };
import listHoldsLua from '@flash-sale/lua/list_holds.lua' with { type: 'text' };
import type { ListedHoldState } from '@flash-sale/shared/contracts/operator-hold.ts';
import { HOLD_TTL_MAX_S, HOLDS_LOOKED_AT_MAX, REAP_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { holdIdOf, holdName } from './hold-name.ts';
import { ALLOW_OOM, defineScript, NOT_ARMED, runScript, type NotArmed } from './script.ts';
import type { RedisClient } from './shards.ts';

const listHoldsScript = defineScript('list_holds', listHoldsLua, ['not_armed', 'holds'], ALLOW_OOM);

/** The orders in which holds can be listed. */
export const HOLD_LISTS = ['held', 'pinned', 'ended'] as const;
export type HoldList = (typeof HOLD_LISTS)[number];

export interface ListedHold {
  readonly holdId: string;
  readonly state: ListedHoldState;
  readonly quantity: number;
  readonly deadlineMs: number;
  /** The deadline, the end of the lease or when it ended, as the list has it. */
  readonly listedAtMs: number;
  readonly buyerId: string | null;
}

/** Where a list goes on. */
export interface HoldPlace {
  readonly score: number;
  readonly holdId: string;
}

export interface HoldsAsked {
  readonly list: HoldList;
  readonly after: HoldPlace | null;
  readonly limit: number;
  readonly state: ListedHoldState | null;
  readonly buyerId: string | null;
}

export type HoldsListed =
  | NotArmed
  /** There may be more behind `next`, although fewer than asked for were found. */
  | { kind: 'holds'; nowMs: number; holds: ListedHold[]; next: HoldPlace | null };

export async function listHolds(
  redis: RedisClient,
  saleId: number,
  { list, after, limit, state, buyerId }: HoldsAsked,
): Promise<HoldsListed> {
  const [kind, now, lastScore, lastHoldId, ...values] = await runScript(redis, listHoldsScript, saleId, [
    list,
    after?.score ?? '',
    after === null ? '' : holdName(after.holdId),
    limit,
    HOLDS_LOOKED_AT_MAX,
    state ?? '',
    buyerId ?? '',
    REAP_BATCH_MAX,
  ]);
  if (kind === 'not_armed') return NOT_ARMED;
  const next =
    lastHoldId === '' ? null : { score: Number(lastScore), holdId: holdIdOf(saleId, String(lastHoldId)) };
  return { kind, nowMs: Number(now), holds: holdsOf(saleId, values), next };
}

function holdsOf(saleId: number, values: readonly unknown[]): ListedHold[] {
  const holds: ListedHold[] = [];
  for (let at = 0; at + 5 < values.length; at += 6) {
    const [holdId, state, quantity, deadline, listedAt, buyer] = values.slice(at, at + 6);
    holds.push({
      holdId: holdIdOf(saleId, String(holdId)),
      state: state as ListedHoldState,
      quantity: Number(quantity),
      deadlineMs: Number(deadline),
      listedAtMs: Number(listedAt),
      buyerId: String(buyer) || null,
    });
  }
  return holds;
}

const extendHoldScript = defineScript(
  'extend_hold',
  extendHoldLua,
  ['not_armed', 'unknown', 'lost', 'pinned', 'ordered', 'released', 'expired', 'extended'],
  ALLOW_OOM,
);

export type Extension =
  | NotArmed
  | { kind: 'extended'; wasMs: number; deadlineMs: number; nowMs: number }
  | { kind: Exclude<(typeof extendHoldScript.words)[number], 'extended' | 'not_armed'> };

export async function extendHold(
  redis: RedisClient,
  saleId: number,
  holdId: string,
  moreMs: number,
): Promise<Extension> {
  const args = [holdName(holdId), moreMs, HOLD_TTL_MAX_S * 1_000];
  const [kind, was, deadline, now] = await runScript(redis, extendHoldScript, saleId, args);
  if (kind === 'not_armed') return NOT_ARMED;
  if (kind !== 'extended') return { kind };
  return { kind, wasMs: Number(was), deadlineMs: Number(deadline), nowMs: Number(now) };
}
