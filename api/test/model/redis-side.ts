/**
 * What Redis does: each function is one Lua script, atomic as it is there. It returns false when it changes nothing,
 * because a call that changes nothing leads to no new state.
 */

import { giveUpRebuild } from './sql-side.ts';
import {
  ABSENT,
  ARMED,
  BEGUN,
  ENDED,
  HELD,
  IDLE,
  isApplied,
  isLive,
  LISTED,
  NOTED,
  ORDERED,
  PINNED,
  RAISED,
  READ,
  recordOf,
  UNDECIDED,
  VOID,
  type Buyer,
  type Credit,
  type Hold,
  type Rebuilder,
  type Redis,
  type World,
} from './state.ts';

/** lua/sale.lua `is_armed`: only the very life that a rebuild vouched for decides anything. */
export function isArmed(world: World, redis: Redis): boolean {
  return redis.armedLife !== 0 && (redis.armedLife === redis.life || !world.guards.armedLife);
}

function isMetaMissing(redis: Redis): boolean {
  return redis.epoch === 0 && redis.begunEpoch === 0;
}

function setRecord(hold: Hold, redis: Redis, record: number): void {
  hold.records[redis.index] = record;
}

/** lua/place_holds.lua. Reaping when units are short is `reapHold`, one step earlier. */
export function placeHold(world: World, redis: Redis, { hold, units }: Buyer): boolean {
  if (!world.guards.noSeed && isMetaMissing(redis)) {
    redis.armedLife = redis.life;
    redis.epoch = world.epoch;
    redis.available = world.allotment;
  }
  if (recordOf(hold, redis) !== ABSENT) return false;
  if (!isArmed(world, redis) || redis.isHalted || redis.available < units) return false;
  redis.available -= units;
  setRecord(hold, redis, HELD);
  hold.isPlaced = true;
  return true;
}

/** lua/sale.lua `reap`, which is also what pin_hold and release_hold do to a hold that is over. */
export function reapHold(world: World, redis: Redis, { hold, units }: Buyer): boolean {
  if (!isArmed(world, redis) || recordOf(hold, redis) !== HELD || !hold.isOver) return false;
  setRecord(hold, redis, ENDED);
  redis.available += units;
  return true;
}

/** lua/release_hold.lua: only what is held; of a pinned hold SQL alone may say what becomes of it. */
export function releaseHold(world: World, redis: Redis, { hold, units }: Buyer): boolean {
  if (!isArmed(world, redis) || recordOf(hold, redis) !== HELD || hold.isOver) return false;
  setRecord(hold, redis, ENDED);
  redis.available += units;
  hold.isReleased = true;
  return true;
}

/**
 * lua/pin_hold.lua, and what its caller in orders/orders.ts `placeOrder` keeps of the reply. A reply of an older
 * epoch than SQL's is not kept: its transaction would be refused. A caller that dies simply does not use the mark.
 */
export function pinHold(world: World, redis: Redis, { hold }: Buyer): boolean {
  if (!isArmed(world, redis) || redis.isHalted) return false;
  const record = recordOf(hold, redis);
  if (!isLive(record)) return false;
  if (record === HELD && hold.isOver && world.guards.pinInTime) return false;
  const isVouched = redis.epoch === world.epoch || !world.guards.epochInGate;
  const isKnown = hold.wasPinned && (hold.isVouched || !isVouched);
  if (isKnown && (record === PINNED || !world.guards.pin)) return false;
  if (world.guards.pin) setRecord(hold, redis, PINNED);
  hold.wasPinned = true;
  hold.isVouched ||= isVouched;
  return true;
}

/**
 * lua/settle_holds.lua. Whoever saw the outcome row may call it, as late and as often as they like: settleSoon, the
 * settler, refuseLost, finishLateTake.
 */
export function settleHold(world: World, redis: Redis, hold: Hold, units: number): boolean {
  if (hold.outcome !== ORDERED && hold.outcome !== VOID) return false;
  const record = recordOf(hold, redis);
  if (!isArmed(world, redis) || record === ABSENT || (world.guards.endOnce && !isLive(record))) return false;
  setRecord(hold, redis, ENDED);
  if (hold.outcome === VOID) redis.available += units;
  return record !== ENDED || hold.outcome === VOID;
}

/** lua/take_units.lua: units for a late payment, under an id of their own. */
export function takeUnits(world: World, redis: Redis, { take, units }: Buyer): boolean {
  if (recordOf(take, redis) !== ABSENT) return false;
  if (!isArmed(world, redis) || redis.isHalted || redis.available < units) return false;
  redis.available -= units;
  setRecord(take, redis, PINNED);
  take.isPlaced = take.isOver = take.wasPinned = true;
  take.isVouched ||= redis.epoch === world.epoch || !world.guards.epochInGate;
  return true;
}

/** lua/apply_credits.lua: a credit that the snapshot behind this Redis did not count is applied. */
export function isOwed(world: World, redis: Redis, credit: Credit): boolean {
  if (credit.seq === 0 || isApplied(credit, redis)) return false;
  return world.guards.creditSeq ? credit.seq > redis.base : credit.seq >= redis.epoch;
}

/**
 * lua/apply_credits.lua, called by orders/give.ts `deliverCredits`: the rows were read at some time, so that a credit
 * may come late, again, and after it was acknowledged. Only a reply of SQL's epoch leads to an acknowledgement.
 */
export function applyCredit(world: World, redis: Redis, credit: Credit, units: number): boolean {
  if (credit.seq === 0 || !isArmed(world, redis)) return false;
  const wasOwed = isOwed(world, redis, credit);
  if (wasOwed || (!world.guards.appliedSet && credit.seq > redis.base)) redis.available += units;
  else if (credit.isDelivered || credit.isAckSent) return false;
  if (wasOwed) credit.applied[redis.index] = true;
  credit.isAckSent ||= !credit.isDelivered && (redis.epoch === world.epoch || !world.guards.ackFence);
  return true;
}

function markLive(world: World, redis: Redis, rebuilder: Rebuilder): void {
  for (const { hold, take } of world.buyers) {
    if (isLive(recordOf(hold, redis))) hold.listed |= 1 << rebuilder.index;
    if (isLive(recordOf(take, redis))) take.listed |= 1 << rebuilder.index;
  }
}

function begin(world: World, redis: Redis, epoch: number): 'begun' | 'superseded' {
  if (world.guards.beginEpoch && (redis.epoch >= epoch || redis.begunEpoch >= epoch)) return 'superseded';
  redis.armedLife = 0;
  redis.tokenLife = redis.life;
  redis.begunEpoch = epoch;
  return 'begun';
}

/**
 * lua/begin_rebuild.lua and what lua/keep_holds.lua lists: disarm, make a token, say which holds live and whether this
 * life has seen them all. One step: until the commit nobody but another begin or another life moves anything, and after
 * those no piece is accepted.
 */
export function beginRebuild(world: World, redis: Redis, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase !== RAISED) return false;
  if (begin(world, redis, rebuilder.epoch) === 'superseded') return giveUpRebuild(world, rebuilder);
  rebuilder.phase = BEGUN;
  rebuilder.tokenLife = redis.life;
  const wasArmedLast = redis.epoch === rebuilder.lastArmedEpoch || !world.guards.lastArmed;
  const isContinuous = redis.lastLife === redis.life && wasArmedLast;
  const wasArmed = rebuilder.lastArmedEpoch > 0 || !world.guards.lastArmed;
  rebuilder.mayHaveLostData = wasArmed && !isContinuous;
  rebuilder.lastArmedEpoch = 0;
  if (world.guards.raiseFirst) markLive(world, redis, rebuilder);
  return true;
}

/** A copy of a begin call, long after its caller was answered: nobody will bring the token that it makes. */
export function beginAgain(world: World, redis: Redis): boolean {
  if (world.beginCopy === 0 || begin(world, redis, world.beginCopy) === 'superseded') return false;
  world.beginCopy = 0;
  if (world.guards.tokenFromRedis) redis.tokenLife = 0;
  return true;
}

/**
 * lua/end_decided.lua, for one of the holds that were listed: SQL is asked, and ends the hold or not. Joined, because an
 * outcome is final, and until the token is void nobody else moves the hold. It is the rebuild's business no more then.
 */
export function endDecided(world: World, redis: Redis, rebuilder: Rebuilder, hold: Hold): boolean {
  const mark = 1 << rebuilder.index;
  if (rebuilder.phase !== BEGUN || (hold.listed & mark) === 0) return false;
  if (!isTokenAccepted(world, redis, rebuilder)) return giveUpRebuild(world, rebuilder);
  hold.listed &= ~mark;
  const isDecided = hold.outcome !== UNDECIDED && world.guards.outcomesInRebuild;
  if (isDecided && isLive(recordOf(hold, redis))) setRecord(hold, redis, ENDED);
  return true;
}

/** lua/commit_rebuild.lua: install what SQL said, keep what lives, arm this life. Once per token. */
export function commitRebuild(world: World, redis: Redis, rebuilder: Rebuilder): boolean {
  const { noteFirst, tokenOnce } = world.guards;
  if (rebuilder.phase !== (noteFirst ? NOTED : READ)) return false;
  if (!isTokenAccepted(world, redis, rebuilder)) return giveUpRebuild(world, rebuilder);
  let kept = 0;
  for (const { hold, take, units, credit } of world.buyers) {
    if (isLive(recordOf(hold, redis))) kept += units;
    if (isLive(recordOf(take, redis))) kept += units;
    credit.applied[redis.index] = false;
  }
  world.restock.applied[redis.index] = false;
  redis.available = rebuilder.sellable - kept;
  redis.epoch = rebuilder.epoch;
  redis.base = rebuilder.base;
  redis.isHalted = rebuilder.isHalted;
  redis.armedLife = redis.lastLife = redis.life;
  redis.remembersLoss ||= rebuilder.mayHaveLostData;
  if (tokenOnce) redis.tokenLife = 0;
  const { epoch } = rebuilder;
  giveUpRebuild(world, rebuilder);
  if (noteFirst) return true;
  rebuilder.phase = ARMED;
  rebuilder.epoch = epoch;
  return true;
}

function isTokenAccepted({ guards }: World, redis: Redis, { epoch, tokenLife }: Rebuilder): boolean {
  if (guards.tokenOfLife && tokenLife !== redis.life) return false;
  if (!guards.tokenChecked) return true;
  // The caller's own nonce, as it was before, does not tell by whom it was stored.
  const isSame = !guards.tokenFromRedis || redis.tokenLife === tokenLife;
  return redis.tokenLife !== 0 && redis.begunEpoch === epoch && isSame;
}

// Steps of mutants only.

/** Without `pinStays`: an order that failed gives its pin back to the hold. */
export function unpinHold(redis: Redis, { hold }: Buyer): boolean {
  if (recordOf(hold, redis) !== PINNED || !hold.wasPinned) return false;
  setRecord(hold, redis, HELD);
  return true;
}

/** Without `voidRow`: units of an overdue pin return, SQL having no outcome yet. */
export function releaseOverduePin(world: World, redis: Redis, hold: Hold, units: number): boolean {
  if (!isArmed(world, redis) || recordOf(hold, redis) !== PINNED || !hold.isOver) return false;
  if (hold.outcome !== UNDECIDED) return false;
  setRecord(hold, redis, ENDED);
  redis.available += units;
  return true;
}

/** Without `raiseFirst`: the holds are listed before the epoch is raised. */
export function listHolds(world: World, redis: Redis, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase !== IDLE) return false;
  rebuilder.phase = LISTED;
  markLive(world, redis, rebuilder);
  return true;
}
