/** What workers and operators do, and what faults and time do to them. */

import { SALE_MOVES, type SaleState } from '@flash-sale/shared/lifecycle.ts';
import { restock, shrink } from '../../orders/allotment.ts';
import { expireOrders } from '../../orders/expiry.ts';
import { deliverCredits } from '../../orders/give.ts';
import { settleOverduePins } from '../../orders/settler.ts';
import { workOffInbox } from '../../payments/inbox.ts';
import type { ReachablePoint } from '../../reach.ts';
import { saleMetaKey } from '../../redis/keys.ts';
import { reapHolds } from '../../redis/hold-scripts.ts';
import { armSale, keepSalesArmed } from '../../sales/arming.ts';
import { rebuildSale } from '../../sales/rebuild.ts';
import { moveSale } from '../../sales/sales.ts';
import { passPayWindow } from '../settling.ts';
import { expectEqual } from './exact-look.ts';
import { orDied, type FeatureStage, type Step } from './feature-stage.ts';
import { letPass, passDeadline } from './photograph.ts';
import { choose } from './script-rebuilds.ts';

const HOUR_MS = 3_600_000;

const REBUILD_POINTS: readonly ReachablePoint[] = ['rebuild.raised', 'rebuild.kept', 'rebuild.read'];

export async function move(stage: FeatureStage, to: SaleState): Promise<void> {
  await moveSale(stage.one, stage.saleId, to);
  stage.ledger.move(to);
  stage.model.rebuild();
}

async function expire(stage: FeatureStage, nth: number, at?: ReachablePoint): Promise<boolean> {
  const pending = stage.pending();
  const chosen = nth % 3 === 0 ? pending : pending.slice(nth % Math.max(1, pending.length)).slice(0, 1);
  // Of several that are due, which ends first is not for the model to know.
  if (chosen.length === 0 || (at !== undefined && chosen.length > 1)) return false;
  const orderIds = chosen.map(({ holdId }) => stage.model.orderIds.get(holdId) ?? '');
  await passPayWindow(stage.world.world.services, stage.saleId, orderIds);
  stage.model.expire(chosen, at);
  await orDied(expireOrders(at === undefined ? stage.one : stage.world.dying(stage.one, at)));
  return true;
}

async function endLeases(stage: FeatureStage): Promise<true> {
  for (const hold of stage.redis.holds.values()) hold.leaseMs = -1_000;
  await letPass(stage.world.world.services.redis, stage.saleId, 'leases', 1_000);
  return true;
}

async function overtake(stage: FeatureStage, holdId: string): Promise<void> {
  const hold = stage.redis.holds.get(holdId);
  if (hold !== undefined) hold.deadlineMs = -1_000;
  await passDeadline(stage.world.world.services.redis, stage.saleId, holdId, 1_000);
}

/** It has voided one pin, and settled none. With more of them, which is the first is not for the model to know. */
async function settlerDies(stage: FeatureStage, nth: number): Promise<boolean> {
  const { redis, ledger, model, world } = stage;
  const undecided = () =>
    [...redis.holds].filter(([holdId, { state }]) => state === 'pinned' && !ledger.outcomes.has(holdId));
  const [holdId] = choose(undecided(), nth) ?? [];
  if (holdId === undefined || !redis.isArmed) return false;
  if (undecided().some(([other, { deadlineMs }]) => other !== holdId && deadlineMs <= 0)) return false;
  await overtake(stage, holdId);
  await endLeases(stage);
  model.settlePins('pin.voided');
  await orDied(settleOverduePins(world.dying(stage.one, 'pin.voided'), stage.saleId));
  return true;
}

async function restockBy(stage: FeatureStage, nth: number, at?: ReachablePoint): Promise<true> {
  const units = 1 + (nth % 2);
  const expected = stage.model.restock(units, at);
  const services = at === undefined ? stage.one : stage.world.dying(stage.one, at);
  expectEqual('restock', await orDied(restock(services, stage.saleId, units)), expected);
  return true;
}

async function shrinkBy(stage: FeatureStage, nth: number, at?: ReachablePoint): Promise<true> {
  const units = 1 + (nth % 3);
  const expected = stage.model.shrink(units, at);
  const services = at === undefined ? stage.one : stage.world.dying(stage.one, at);
  expectEqual('shrink', await orDied(shrink(services, stage.saleId, units)), expected);
  return true;
}

async function rebuildTwice(stage: FeatureStage): Promise<true> {
  stage.model.rebuild();
  stage.model.rebuild();
  await Promise.all([stage.one, stage.other].map((services) => rebuildSale(services, stage.saleId)));
  // Whether the second knew of the first when it began decides how careful it was.
  const meta = saleMetaKey(stage.saleId);
  const remembered = await stage.world.world.services.redis.hexists(meta, 'loss_remembered_until');
  stage.redis.remembersLoss = remembered === 1;
  return true;
}

export const WORKER_STEPS = {
  inbox: async (stage) => {
    await stage.world.mysql.query(
      `UPDATE deliveries SET last_received_at = last_received_at - INTERVAL 1 MINUTE,
         next_attempt_at = if(state = 'parked', utc_timestamp(3) - INTERVAL 1 SECOND, NULL)
       WHERE state <> 'processed'`,
    );
    stage.model.workOffInbox();
    await workOffInbox(stage.one);
    return true;
  },
  expireOrders: (stage, nth) => expire(stage, nth),
  expireDies: (stage, nth) => expire(stage, nth, 'give.committed'),
  deliver: async (stage) => {
    stage.model.deliver();
    await deliverCredits(stage.one, stage.saleId);
    return true;
  },
  deliverTwice: async (stage) => {
    if (stage.ledger.undelivered().length === 0) return false;
    stage.model.deliver();
    await Promise.all([stage.one, stage.other].map((services) => deliverCredits(services, stage.saleId)));
    return true;
  },
  deliverDies: async (stage) => {
    if (stage.ledger.undelivered().length === 0) return false;
    stage.model.deliver('give.credited');
    await orDied(deliverCredits(stage.world.dying(stage.one, 'give.credited'), stage.saleId));
    return true;
  },
  settler: async (stage) => {
    stage.model.settlePins();
    await settleOverduePins(stage.one, stage.saleId);
    return true;
  },
  settlerDies,
  restock: (stage, nth) => restockBy(stage, nth),
  restockDies: (stage, nth) => restockBy(stage, nth, 'give.committed'),
  shrink: (stage, nth) => shrinkBy(stage, nth),
  shrinkDies: (stage, nth) => shrinkBy(stage, nth, nth % 2 === 0 ? 'shrink.taken' : 'shrink.committed'),
  endLeases,
  reap: async (stage) => {
    stage.redis.reapHolds();
    await reapHolds(stage.one.redis, stage.saleId);
    return true;
  },
  move: async (stage, nth) => {
    const moves = SALE_MOVES[stage.ledger.state].filter((state) => state !== 'ended');
    // Back to selling, mostly: a sale that is stopped shows little.
    const back = moves.find((state) => state === 'live' || state === 'paused');
    const to = nth % 3 === 0 ? choose(moves, nth) : (back ?? choose(moves, nth));
    if (to !== undefined) await move(stage, to);
    return to !== undefined;
  },
  rebuild: async (stage) => {
    stage.model.rebuild();
    await rebuildSale(stage.one, stage.saleId);
    return true;
  },
  rebuildTwice,
  rebuildDies: async (stage, nth) => {
    const at = REBUILD_POINTS[nth % REBUILD_POINTS.length] as ReachablePoint;
    stage.model.rebuild(at);
    await orDied(rebuildSale(stage.world.dying(stage.one, at), stage.saleId));
    return true;
  },
  keepArmed: async (stage, nth) => {
    stage.model.keepArmed();
    await (nth % 2 === 0 ? keepSalesArmed(stage.other) : armSale(stage.other, stage.saleId));
    return true;
  },
  passDeadline: async (stage, nth) => {
    const isLiving = (state: string) => state === 'held' || state === 'pinned';
    const living = [...stage.redis.holds].filter(([, { state }]) => isLiving(state));
    const [holdId] = choose(living, nth) ?? [];
    if (holdId !== undefined) await overtake(stage, holdId);
    return holdId !== undefined;
  },
  shiftClock: async (stage, nth) => {
    await stage.shiftClock(nth % 3 === 0 ? -HOUR_MS : HOUR_MS);
    return true;
  },
  forgetEnded: async (stage) => {
    for (const hold of stage.redis.holds.values()) {
      hold.isOld = hold.state !== 'held' && hold.state !== 'pinned';
    }
    await letPass(stage.world.world.services.redis, stage.saleId, 'ended', HOUR_MS);
    return true;
  },
  flush: async (stage) => {
    stage.redis.flush();
    await stage.world.world.services.redis.flushall();
    return true;
  },
  /** SIGKILL; its append-only file brings everything back. */
  restart: async (stage) => {
    stage.redis.restart();
    await stage.world.faults.restart();
    await stage.world.reconnected();
    return true;
  },
  restartEmpty: async (stage) => {
    stage.redis.flush();
    await stage.world.faults.restartEmpty();
    await stage.world.reconnected();
    return true;
  },
} as const satisfies Readonly<Record<string, Step>>;
