/** The scripts about a whole sale, each with a typed wrapper: parameters in, a closed union out. */

import applyCreditsLua from '@flash-sale/lua/apply_credits.lua' with { type: 'text' };
import auditSaleLua from '@flash-sale/lua/audit_sale.lua' with { type: 'text' };
import beginRebuildLua from '@flash-sale/lua/begin_rebuild.lua' with { type: 'text' };
import commitRebuildLua from '@flash-sale/lua/commit_rebuild.lua' with { type: 'text' };
import countBuyersLua from '@flash-sale/lua/count_buyers.lua' with { type: 'text' };
import markRebuildLua from '@flash-sale/lua/mark_rebuild.lua' with { type: 'text' };
import watchRebuildLua from '@flash-sale/lua/watch_rebuild.lua' with { type: 'text' };
import endDecidedLua from '@flash-sale/lua/end_decided.lua' with { type: 'text' };
import keepHoldsLua from '@flash-sale/lua/keep_holds.lua' with { type: 'text' };
import readSaleLua from '@flash-sale/lua/read_sale.lua' with { type: 'text' };
import retireSaleLua from '@flash-sale/lua/retire_sale.lua' with { type: 'text' };
import type { CreditReason, SaleState } from '@flash-sale/shared/lifecycle.ts';
import {
  AUDIT_COUNTED_MAX,
  ENDED_HOLD_KEPT_MS,
  HOLD_TTL_MAX_S,
  PIN_LEASE_MS,
  REAP_PIECE_MAX,
  REBUILD_CHUNK,
} from '@flash-sale/shared/limits.ts';
import { holdIdOf } from './hold-name.ts';
import { inPairs, type Settlement } from './hold-scripts.ts';
import { ALLOW_OOM, defineScript, NOT_ARMED, pairs, runScript, type NotArmed } from './script.ts';
import type { RedisClient } from './shards.ts';

const applyCreditsScript = defineScript(
  'apply_credits',
  applyCreditsLua,
  ['not_armed', 'applied'],
  ALLOW_OOM,
);

export interface Credit {
  readonly id: number;
  readonly seq: number;
  readonly units: number;
  readonly buyerId: string | null;
  readonly reason: CreditReason;
}

export async function applyCredits(redis: RedisClient, saleId: number, credits: readonly Credit[]) {
  const args = credits.flatMap(({ id, seq, units, buyerId, reason }) => {
    const added = reason === 'restock' ? units : 0;
    return [id, seq, units, buyerId ?? '', added];
  });
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

export async function readSale(redis: RedisClient, saleId: number): Promise<NotArmed | SaleStock> {
  const reply = await runScript(redis, readSaleScript, saleId, [REAP_PIECE_MAX]);
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

const keepHoldsScript = defineScript('keep_holds', keepHoldsLua, ['superseded', 'kept'], ALLOW_OOM);

/** Stops the sale. @throws StoreUnavailable: begin another one. */
export async function beginRebuild(
  redis: RedisClient,
  saleId: number,
  { epoch, lastArmedEpoch }: { epoch: number; lastArmedEpoch: number },
) {
  const [kind, token, continuous] = await runScript(redis, beginRebuildScript, saleId, [
    epoch,
    lastArmedEpoch,
  ]);
  return kind === 'superseded' ? { kind } : { kind, token: String(token), isContinuous: continuous === 1 };
}

/**
 * Some of the living holds, from `cursor` on ('0' begins). That cursor again gives the same holds and does no harm.
 * @throws StoreUnavailable
 */
export async function keepHolds(redis: RedisClient, saleId: number, token: string, cursor: string) {
  const piece = [token, cursor, REBUILD_CHUNK, PIN_LEASE_MS, HOLD_TTL_MAX_S * 1_000];
  const [kind, next, ...names] = await runScript(redis, keepHoldsScript, saleId, piece);
  if (kind === 'superseded') return { kind };
  // '0' when there are no more.
  return { kind, next: String(next), holdIds: names.map((name) => holdIdOf(saleId, String(name))) };
}

const endDecidedScript = defineScript('end_decided', endDecidedLua, ['superseded', 'ended'], ALLOW_OOM);

/** Ends holds as SQL decided. Harmless to repeat. @throws StoreUnavailable */
export async function endDecided(
  redis: RedisClient,
  saleId: number,
  token: string,
  outcomes: readonly Settlement[],
) {
  const [kind] = await runScript(redis, endDecidedScript, saleId, [token, ...inPairs(outcomes)]);
  return { kind };
}

const markRebuildScript = defineScript('mark_rebuild', markRebuildLua, ['superseded', 'marked'], ALLOW_OOM);

export async function markRebuild(redis: RedisClient, saleId: number, token: string): Promise<void> {
  await runScript(redis, markRebuildScript, saleId, [token]);
}

const watchRebuildScript = defineScript('watch_rebuild', watchRebuildLua, ['idle', 'under_way'], ALLOW_OOM);

/** Whether a rebuild goes on that gave a sign of life within `silenceMaxMs`. @throws StoreUnavailable */
export async function isBeingRebuilt(
  redis: RedisClient,
  saleId: number,
  silenceMaxMs: number,
): Promise<boolean> {
  const [kind, ageMs] = await runScript(redis, watchRebuildScript, saleId, []);
  // After a clock was set back far, nobody waits for it to catch up.
  return kind === 'under_way' && Math.abs(Number(ageMs)) <= silenceMaxMs;
}

const countBuyersScript = defineScript('count_buyers', countBuyersLua, ['superseded', 'counted'], ALLOW_OOM);

export interface BuyerUnits {
  readonly buyerId: string;
  readonly units: number;
}

/** @param piece from 0, in their order. Harmless to repeat. @throws StoreUnavailable */
export async function countBuyers(
  redis: RedisClient,
  saleId: number,
  token: string,
  piece: number,
  buyers: readonly BuyerUnits[],
) {
  const args = buyers.flatMap(({ buyerId, units }) => [buyerId, units]);
  const [kind] = await runScript(redis, countBuyersScript, saleId, [token, piece, ...args]);
  return { kind };
}

const commitRebuildScript = defineScript(
  'commit_rebuild',
  commitRebuildLua,
  ['superseded', 'armed'],
  ALLOW_OOM,
);

export interface RebuildSnapshot {
  /** As begin_rebuild gave it: only the Redis whose holds were gone over may be armed, once. */
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
  /** Hold requests per RATE_WINDOW_MS; null: not limited. */
  readonly buyerRate: number | null;
  readonly addressRate: number | null;
  /** 0 when nothing can have been lost. */
  readonly lossRememberedMs: number;
}

/** Arms what the pieces left. @throws StoreUnavailable: begin another rebuild. */
export async function commitRebuild(redis: RedisClient, saleId: number, snapshot: RebuildSnapshot) {
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
    snapshot.buyerRate ?? 0,
    snapshot.addressRate ?? 0,
  ]);
  return kind === 'superseded' ? { kind } : { kind, available: Number(available) };
}

const auditSaleScript = defineScript('audit_sale', auditSaleLua, ['not_armed', 'sums'], ALLOW_OOM);

/** @param countedMax of more living holds than this the sums are taken, instead of counting their records */
export async function auditSale(
  redis: RedisClient,
  saleId: number,
  undeliveredCreditIds: readonly number[],
  countedMax = AUDIT_COUNTED_MAX,
) {
  const reply = await runScript(redis, auditSaleScript, saleId, [countedMax, ...undeliveredCreditIds]);
  const [kind, epoch, base, allotment, available, expired, released, ...looked] = reply;
  const [held, unlisted, pinCount, ...rest] = looked;
  if (kind === 'not_armed') return NOT_ARMED;
  const pinsEnd = Number(pinCount) * 2;
  return {
    kind,
    epoch: Number(epoch),
    baseSeq: Number(base),
    allotment: Number(allotment),
    available: Number(available),
    expiredUnits: Number(expired),
    releasedUnits: Number(released),
    heldUnits: Number(held),
    unlistedHolds: Number(unlisted),
    pins: pairs(rest.slice(0, pinsEnd)).map(([holdId, quantity]) => ({
      holdId: holdIdOf(saleId, String(holdId)),
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

export async function retireSale(redis: RedisClient, saleId: number) {
  const [kind] = await runScript(redis, retireSaleScript, saleId, [ENDED_HOLD_KEPT_MS]);
  return kind === 'not_armed' ? NOT_ARMED : { kind };
}
