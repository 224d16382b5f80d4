/**
 * The protocol as a set of steps: from every state, everything that anybody could do next. `explore.ts` walks all of
 * it. Each step is written in redis-side.ts (Lua), sql-side.ts (transactions) or faults.ts, beside the name of the
 * code that it mirrors; here stands who may take it, and when.
 */

import * as faults from './faults.ts';
import * as redisSide from './redis-side.ts';
import * as sqlSide from './sql-side.ts';
import {
  NOTED,
  RAISED,
  READ,
  type Buyer,
  type Hold,
  type Rebuilder,
  type Redis,
  type World,
} from './state.ts';

/** How much of everything there is. Attempts to order, settlers, deliverers and rebuilds are unlimited in number. */
export interface Scope {
  readonly name: string;
  readonly allotment: number;
  /** Units of each buyer's hold. */
  readonly units: readonly number[];
  /** At work at the same time. */
  readonly rebuilders: 0 | 1 | 2;
  readonly faultsMax: number;
  readonly faults: faults.Faults;
  /**
   * Calls delivered a second time, some time later, to whatever Redis is there then. Calls that are not named here
   * may come again without limit, because anybody may make them again. Our client sends none of these twice.
   */
  readonly copiesMax: number;
  readonly copies: { readonly begin: boolean; readonly commit: boolean; readonly place: boolean };
  readonly latePayments: boolean;
  readonly restock: boolean;
  readonly halts: boolean;
  readonly releases: boolean;
  /** Whether a hold that was lost has to be called lost (the second half of I7). */
  readonly tellsLoss: boolean;
}

/** Told of each step; it may look at the world as the step left it, and puts it back before it returns. */
export type Visit = (isTaken: boolean, says: string, at: Redis | null, who: Buyer | Rebuilder | null) => void;

export function allSteps(world: World, scope: Scope, visit: Visit): void {
  ledgerSteps(world, scope, visit);
  callsTo(world.redis, world, scope, visit);
  if (faults.isRunning(world.old)) {
    callsTo(world.old, world, scope, visit);
    visit(faults.shutDownOld(world), 'the old master is shut down', null, null);
  }
  faultSteps(world, scope, visit);
}

/** Steps in SQL, and time. */
function ledgerSteps(world: World, scope: Scope, visit: Visit): void {
  for (const buyer of world.buyers) {
    visit(passDeadline(buyer.hold), 'the deadline passes', null, buyer);
    visit(sqlSide.commitOrder(world, buyer), 'SQL decides on the order', null, buyer);
    visit(sqlSide.voidHold(world, buyer.hold), 'SQL voids the hold', null, buyer);
    visit(sqlSide.payOrder(buyer), 'SQL records the payment in time', null, buyer);
    visit(sqlSide.endOrder(world, buyer), 'SQL expires the order', null, buyer);
    visit(sqlSide.acknowledgeCredit(buyer.credit), 'SQL marks the credit delivered', null, buyer);
    if (scope.releases) visit(sqlSide.releasePinned(buyer.hold), 'SQL releases the pinned hold', null, buyer);
    if (!scope.latePayments) continue;
    visit(sqlSide.commitTake(world, buyer), 'SQL decides on the late payment', null, buyer);
    visit(sqlSide.voidHold(world, buyer.take), 'SQL voids the take', null, buyer);
  }
  if (scope.restock) {
    visit(sqlSide.restock(world), 'SQL adds a unit', null, null);
    visit(sqlSide.acknowledgeCredit(world.restock), 'SQL marks the restock delivered', null, null);
  }
  if (scope.halts) visit(sqlSide.haltOrResume(world), 'SQL halts or resumes the sale', null, null);
  for (const rebuilder of world.rebuilders) {
    if (rebuilder.index >= scope.rebuilders) continue;
    visit(sqlSide.raiseEpoch(world, rebuilder), 'a rebuild raises the epoch in SQL', null, rebuilder);
    visit(sqlSide.readTruth(world, rebuilder), 'the rebuild reads SQL', null, rebuilder);
    visit(sqlSide.noteArming(world, rebuilder), 'the rebuild notes its epoch as armed', null, rebuilder);
    visit(sqlSide.giveUpRebuild(world, rebuilder), 'the rebuilder dies', null, rebuilder);
  }
}

function passDeadline(hold: Hold): boolean {
  if (!hold.isPlaced || hold.isOver) return false;
  hold.isOver = true;
  return true;
}

/** Script calls that reach this Redis now, whenever and for whichever Redis they were sent. */
function callsTo(redis: Redis, world: World, scope: Scope, visit: Visit): void {
  for (const buyer of world.buyers) {
    if (buyer.hold.isPlaced) callsForHold(redis, world, buyer, scope, visit);
    else visit(redisSide.placeHold(world, redis, buyer), 'place_holds', redis, buyer);
  }
  if (scope.restock) {
    const applied = redisSide.applyCredit(world, redis, world.restock, 1);
    visit(applied, 'apply_credits of the restock', redis, null);
  }
  for (const rebuilder of world.rebuilders) {
    if (rebuilder.index < scope.rebuilders) callsOfRebuild(redis, world, rebuilder, scope, visit);
  }
}

function callsForHold(redis: Redis, world: World, buyer: Buyer, scope: Scope, visit: Visit): void {
  const { hold, take, units, credit } = buyer;
  visit(redisSide.pinHold(world, redis, buyer), 'pin_hold', redis, buyer);
  visit(redisSide.reapHold(world, redis, buyer), 'reap_holds', redis, buyer);
  visit(redisSide.settleHold(world, redis, hold, units), 'settle_holds', redis, buyer);
  visit(redisSide.applyCredit(world, redis, credit, units), 'apply_credits', redis, buyer);
  if (scope.releases) visit(redisSide.releaseHold(world, redis, buyer), 'release_hold', redis, buyer);
  // payments/late.ts: each try under an id of its own. One at a time here: `tidyUp` makes room for the next.
  if (take.isPlaced) {
    visit(redisSide.settleHold(world, redis, take, units), 'settle_holds of the take', redis, buyer);
  }
  if (scope.latePayments && sqlSide.wasLate(buyer) && !(take.isPlaced && world.guards.takeIdOnce)) {
    visit(redisSide.takeUnits(world, redis, buyer), 'take_units', redis, buyer);
  }
  if (world.copiesLeft > 0 && scope.copies.place) copiesOfPlaces(redis, world, buyer, visit);
  if (!world.guards.pinStays) visit(redisSide.unpinHold(redis, buyer), 'the pin is given back', redis, buyer);
  if (world.guards.voidRow) return;
  const isReleased = redisSide.releaseOverduePin(world, redis, hold, units);
  visit(isReleased, 'units of an overdue pin return', redis, buyer);
}

function callsOfRebuild(redis: Redis, world: World, rebuilder: Rebuilder, scope: Scope, visit: Visit): void {
  if (!world.guards.raiseFirst) {
    visit(redisSide.listHolds(world, redis, rebuilder), 'the holds are listed', redis, rebuilder);
  }
  visit(redisSide.beginRebuild(world, redis, rebuilder), 'begin_rebuild', redis, rebuilder);
  for (const { hold, take } of world.buyers) {
    visit(redisSide.endDecided(world, redis, rebuilder, hold), 'end_decided of a hold', redis, rebuilder);
    visit(redisSide.endDecided(world, redis, rebuilder, take), 'end_decided of a take', redis, rebuilder);
  }
  visit(redisSide.commitRebuild(world, redis, rebuilder), 'commit_rebuild', redis, rebuilder);
  visit(redisSide.beginAgain(world, redis), 'a copy of begin_rebuild', redis, null);
  if (world.copiesLeft === 0) return;
  if (scope.copies.begin) beginTwice(redis, world, rebuilder, visit);
  if (scope.copies.commit) commitTwice(redis, world, rebuilder, visit);
}

function beginTwice(redis: Redis, world: World, rebuilder: Rebuilder, visit: Visit): void {
  const { phase, epoch } = rebuilder;
  if (phase !== RAISED || world.beginCopy !== 0) return;
  redisSide.beginRebuild(world, redis, rebuilder);
  world.copiesLeft -= 1;
  world.beginCopy = epoch;
  visit(true, 'begin_rebuild, of which a copy is under way,', redis, rebuilder);
}

/** The rebuilder stays as it is: it is the copy from now on. */
function commitTwice(redis: Redis, world: World, rebuilder: Rebuilder, visit: Visit): void {
  if (rebuilder.phase !== (world.guards.noteFirst ? NOTED : READ)) return;
  const copy = { ...rebuilder };
  redisSide.commitRebuild(world, redis, rebuilder);
  world.copiesLeft -= 1;
  Object.assign(rebuilder, copy);
  visit(true, 'commit_rebuild, of which a copy is under way,', redis, rebuilder);
}

function copiesOfPlaces(redis: Redis, world: World, buyer: Buyer, visit: Visit): void {
  if (redisSide.placeHold(world, redis, buyer)) {
    world.copiesLeft -= 1;
    visit(true, 'a copy of place_holds', redis, buyer);
  }
  if (buyer.take.isPlaced && redisSide.takeUnits(world, redis, buyer)) {
    world.copiesLeft -= 1;
    visit(true, 'a copy of take_units', redis, buyer);
  }
}

function faultSteps(world: World, scope: Scope, visit: Visit): void {
  if (world.faultsLeft === 0) return;
  const { restart, lossyRestart, flush, failover, failback } = scope.faults;
  if (restart) visit(faults.restart(world), 'FAULT: Redis is killed and restarts', null, null);
  if (flush) visit(faults.flush(world), 'FAULT: FLUSHALL', null, null);
  if (lossyRestart || failover) {
    visit(faults.keepImage(world), '(this is what a fault will bring back)', null, null);
  }
  if (lossyRestart) {
    visit(faults.lossyRestart(world), 'FAULT: Redis restarts without its newest writes', null, null);
  }
  if (failover) {
    visit(faults.failover(world), 'FAULT: a stale replica is promoted, the old master lives on', null, null);
  }
  if (failback) {
    visit(faults.failback(world), 'FAULT: the old master copies the new one and is promoted', null, null);
  }
}
