/** What must hold in every state (I1, I2, I3), between every two (I6), and at the end of every story (I8). */

import * as redisSide from './redis-side.ts';
import * as sqlSide from './sql-side.ts';
import {
  ABSENT,
  HELD,
  isLive,
  NO_ORDER,
  ORDERED,
  PAID,
  PENDING,
  PINNED,
  recordOf,
  UNDECIDED,
  type Credit,
  type Hold,
  type Redis,
  type World,
} from './state.ts';
import { shutDownOld } from './faults.ts';

/** The first invariant that this state breaks. */
export function findBroken(world: World): string | null {
  let ordered = 0;
  for (const { hold, order, units } of world.buyers) {
    if (order === PENDING || order === PAID) ordered += units;
    if ((order !== NO_ORDER) !== (hold.outcome === ORDERED)) {
      return 'I3: an order without its outcome, or two outcomes';
    }
  }
  if (world.committed !== ordered) return `I1: committed ${world.committed}, ordered ${ordered}`;
  if (world.committed > world.allotment) return `I1: committed ${world.committed} of ${world.allotment}`;
  return (
    drift(world, world.redis) ??
    drift(world, world.old) ??
    findDishonoured(world, world.redis) ??
    findDishonoured(world, world.old)
  );
}

/** I2 and I4, as api/test/audit.ts evaluates them: for a Redis that is armed at SQL's epoch. */
function drift(world: World, redis: Redis): string | null {
  if (redis.life === 0 || !redisSide.isArmed(world, redis) || redis.epoch !== world.epoch) return null;
  let held = 0;
  let owed = isOwedYet(world, redis, world.restock) ? 1 : 0;
  for (const { hold, take, credit, units } of world.buyers) {
    held += (unitsIn(hold, redis) + unitsIn(take, redis)) * units;
    if (isOwedYet(world, redis, credit)) owed += units;
  }
  const total = redis.available + held + owed + world.committed;
  if (total === world.allotment) return null;
  return `I2: ${redis.available} available + ${held} held + ${owed} owed + ${world.committed} committed = ${total}, not ${world.allotment}`;
}

function unitsIn(hold: Hold, redis: Redis): number {
  const record = recordOf(hold, redis);
  return record === HELD || (record === PINNED && hold.outcome !== ORDERED) ? 1 : 0;
}

function isOwedYet(world: World, redis: Redis, credit: Credit): boolean {
  return !credit.isDelivered && redisSide.isOwed(world, redis, credit);
}

/**
 * I7, as a buyer sees it who asks this Redis for an order: a hold in time is honoured, or it is called lost and
 * something was lost. A Redis that SQL has left behind may be wrong about what it never heard of.
 */
function findDishonoured(world: World, redis: Redis): string | null {
  if (!redisSide.isArmed(world, redis) || redis.epoch !== world.epoch) return null;
  for (const { hold } of world.buyers) {
    const isOwn = hold.isPlaced && !hold.isOver && !hold.isReleased && hold.outcome !== ORDERED;
    if (!isOwn || isLive(recordOf(hold, redis))) continue;
    if (!world.hasLostData) return 'I7: a hold in time is gone, and Redis had lost nothing';
    const isCalledNotFound =
      hold.outcome === UNDECIDED && recordOf(hold, redis) === ABSENT && !redis.remembersLoss;
    if (world.tellsLoss && isCalledNotFound) return 'I7: a lost hold is answered "not found"';
  }
  return null;
}

/** I6: an order that was acknowledged stays, and so does a payment. */
export function findVanished(before: number, after: number): string | null {
  if (before === PAID && after !== PAID) return 'I6: a payment vanished';
  return before !== NO_ORDER && after === NO_ORDER ? 'I6: an order vanished' : null;
}

/**
 * I8. Faults stop: every process of ours dies with what it had under way, the old master is shut down, time passes.
 * Then the workers' turns run (arming, expiry, settler, order expiry, credits), and nothing may be left open.
 * Destroys the world that it is given.
 */
export function findUnsettled(world: World): string | null {
  const { redis, buyers, restock, rebuilders } = world;
  shutDownOld(world);
  for (const rebuilder of rebuilders) sqlSide.giveUpRebuild(world, rebuilder);
  world.beginCopy = 0;
  keepArmed(world);
  for (const buyer of buyers) {
    for (const hold of [buyer.hold, buyer.take]) {
      hold.isOver = true;
      settleOverdue(world, redis, hold, buyer.units);
    }
    redisSide.reapHold(world, redis, buyer);
    sqlSide.endOrder(world, buyer);
    deliver(world, buyer.credit, buyer.units);
    if (isLive(recordOf(buyer.hold, redis)) || isLive(recordOf(buyer.take, redis))) {
      return 'I8: a hold never ends';
    }
    if (buyer.credit.seq !== 0 && !buyer.credit.isDelivered) return 'I8: a credit is never delivered';
  }
  deliver(world, restock, 1);
  const open = world.allotment - world.committed - redis.available;
  return open === 0 ? null : `I8: everything settled, and ${open} units are missing`;
}

/** sales/arming.ts `keepSalesArmed`. */
function keepArmed(world: World): void {
  const { redis, rebuilders } = world;
  const [rebuilder] = rebuilders;
  const isUpToDate = redisSide.isArmed(world, redis) && redis.epoch === world.epoch;
  if (isUpToDate && redis.isHalted === world.isHalted) return;
  if (!world.guards.raiseFirst) redisSide.listHolds(world, redis, rebuilder);
  sqlSide.raiseEpoch(world, rebuilder);
  redisSide.beginRebuild(world, redis, rebuilder);
  for (const { hold, take } of world.buyers) {
    redisSide.endDecided(world, redis, rebuilder, hold);
    redisSide.endDecided(world, redis, rebuilder, take);
  }
  sqlSide.readTruth(world, rebuilder);
  if (world.guards.noteFirst) sqlSide.noteArming(world, rebuilder);
  redisSide.commitRebuild(world, redis, rebuilder);
}

/** orders/settler.ts: the outcome is read, or `expired` is written. */
function settleOverdue(world: World, redis: Redis, hold: Hold, units: number): void {
  if (recordOf(hold, redis) !== PINNED) return;
  hold.wasPinned = true;
  sqlSide.voidHold(world, hold);
  if (!world.guards.voidRow) redisSide.releaseOverduePin(world, redis, hold, units);
  if (recordOf(hold, redis) === PINNED) redisSide.settleHold(world, redis, hold, units);
}

/** orders/give.ts `deliverCredits`. */
function deliver(world: World, credit: Credit, units: number): void {
  if (credit.isDelivered) return;
  redisSide.applyCredit(world, world.redis, credit, units);
  sqlSide.acknowledgeCredit(credit);
}
