/** What SQL does: each function is one transaction, in the order of COMMITs. False when it changes nothing. */

import {
  ARMED,
  BEGUN,
  EXPIRED,
  IDLE,
  LISTED,
  NOTED,
  ORDERED,
  PAID,
  PENDING,
  RAISED,
  READ,
  UNDECIDED,
  VOID,
  type Buyer,
  type Credit,
  type Hold,
  type Rebuilder,
  type World,
} from './state.ts';

/**
 * orders/orders.ts `writeOrder` and orders/take.ts: outcome row, order row, units of the sale, or none of them. That
 * the COMMIT's answer may be lost, or its sender dead, needs no case of its own: nobody here waits for it.
 */
export function commitOrder(world: World, buyer: Buyer): boolean {
  const { hold, units } = buyer;
  if (!hold.isVouched || !mayTake(world, hold)) return false;
  if (isRefusedByGate(world, units)) {
    if (!world.hasLostData) world.broken = 'I7: the gate refused a granted hold, and Redis had lost nothing';
    if (hold.isRefused) return false;
    hold.isRefused = true;
    return true;
  }
  hold.outcome = ORDERED;
  buyer.order = PENDING;
  world.committed += units;
  return true;
}

/** payments/payments.ts `decide` and payments/late.ts `commitLateTake`: an order that was over is paid after all. */
export function commitTake(world: World, buyer: Buyer): boolean {
  const { take, units } = buyer;
  if (buyer.order !== EXPIRED || !take.isVouched || !mayTake(world, take)) return false;
  // Refused: money is owed back, the take is voided like any that was given up.
  if (isRefusedByGate(world, units)) return false;
  take.outcome = ORDERED;
  buyer.order = PAID;
  world.committed += units;
  return true;
}

/** The epoch is compared where it is raised: `raiseEpoch` takes the mark `isVouched` away. */
function mayTake(world: World, hold: Hold): boolean {
  return (hold.outcome === UNDECIDED || !world.guards.outcomeKey) && !world.isHalted;
}

function isRefusedByGate(world: World, units: number): boolean {
  return world.guards.sqlGate && world.committed + units > world.allotment;
}

/**
 * orders/orders.ts `voidHold`: by a handler that was refused by the gate (any time later), or by a settler that had
 * the pin on its list when the deadline was over (any time later). The primary key lets one row stand.
 */
export function voidHold(world: World, hold: Hold): boolean {
  if (hold.outcome !== UNDECIDED) return false;
  if (!hold.isRefused && !(hold.wasPinned && hold.isOver && world.guards.voidRow)) return false;
  hold.outcome = VOID;
  return true;
}

/** holds/holds.ts `releasePinned`: its buyer was told `pinned`, and gives it up unless its order is written. */
export function releasePinned(hold: Hold): boolean {
  if (hold.outcome !== UNDECIDED || !hold.wasPinned || hold.isOver) return false;
  hold.outcome = VOID;
  hold.isReleased = true;
  return true;
}

/** payments/payments.ts: a payment in time needs SQL only. */
export function payOrder(buyer: Buyer): boolean {
  if (buyer.order !== PENDING) return false;
  buyer.order = PAID;
  return true;
}

/** orders/give.ts `endPendingOrder`, by expiry or by a failed payment. */
export function endOrder(world: World, buyer: Buyer): boolean {
  if (buyer.order !== PENDING) return false;
  buyer.order = EXPIRED;
  world.committed -= buyer.units;
  writeCredit(world, buyer.credit);
  return true;
}

/** Somebody may have seen that the order was over when its money came, and is going to take units for it. */
export function wasLate({ order, take }: Buyer): boolean {
  return order === EXPIRED || take.outcome === ORDERED;
}

/** An operator adds a unit: a give, like an order that ends. */
export function restock(world: World): boolean {
  if (world.restock.seq !== 0) return false;
  world.allotment += 1;
  writeCredit(world, world.restock);
  return true;
}

function writeCredit(world: World, credit: Credit): void {
  world.seq += 1;
  credit.seq = world.guards.creditSeq ? world.seq : world.epoch;
}

/**
 * orders/give.ts: UPDATE ... WHERE sales.epoch = the reply's. The epoch was SQL's when Redis replied. That it may be
 * raised before this (the code mostly refuses then) is harmless: the next snapshot counts the credit.
 */
export function acknowledgeCredit(credit: Credit): boolean {
  if (!credit.isAckSent || credit.isDelivered) return false;
  credit.isDelivered = true;
  credit.isAckSent = false;
  return true;
}

/** sales/move.ts `writeMove`; Redis learns of it by a rebuild. */
export function haltOrResume(world: World): boolean {
  world.isHalted = !world.isHalted;
  return true;
}

/**
 * sales/rebuild.ts `raiseEpoch`. Whoever was vouched for by an older epoch is refused from now on (`epoch` of
 * TakeRefused).
 */
export function raiseEpoch(world: World, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase !== (world.guards.raiseFirst ? IDLE : LISTED)) return false;
  rebuilder.lastArmedEpoch = world.armedEpoch;
  world.epoch += 1;
  rebuilder.epoch = world.epoch;
  rebuilder.phase = RAISED;
  for (const { hold, take } of world.buyers) {
    if (world.guards.epochInGate) hold.isVouched = take.isVouched = false;
  }
  return true;
}

/** sales/rebuild.ts `noteArming`: the last epoch at which a Redis may have been armed. */
export function noteArming(world: World, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase !== (world.guards.noteFirst ? READ : ARMED)) return false;
  if (!world.guards.noteFirst) {
    world.armedEpoch = rebuilder.epoch;
    giveUpRebuild(world, rebuilder);
    return true;
  }
  if (world.guards.noteIfCurrent && rebuilder.epoch !== world.epoch) return giveUpRebuild(world, rebuilder);
  world.armedEpoch = Math.max(world.armedEpoch, rebuilder.epoch);
  rebuilder.phase = NOTED;
  return true;
}

/** The rebuilder died, or came too late, or is done. */
export function giveUpRebuild(world: World, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase === IDLE) return false;
  rebuilder.phase = IDLE;
  rebuilder.epoch = rebuilder.base = rebuilder.sellable = 0;
  rebuilder.lastArmedEpoch = rebuilder.tokenLife = 0;
  rebuilder.isHalted = rebuilder.mayHaveLostData = false;
  for (const { hold, take } of world.buyers) {
    hold.listed &= ~(1 << rebuilder.index);
    take.listed &= ~(1 << rebuilder.index);
  }
  return true;
}

/** sales/rebuild.ts `readTruth`: one snapshot, when all listed holds were gone over. */
export function readTruth(world: World, rebuilder: Rebuilder): boolean {
  if (rebuilder.phase !== BEGUN) return false;
  const mark = 1 << rebuilder.index;
  if (world.buyers.some(({ hold, take }) => ((hold.listed | take.listed) & mark) !== 0)) return false;
  rebuilder.phase = READ;
  rebuilder.base = world.seq;
  rebuilder.sellable = world.allotment - world.committed;
  rebuilder.isHalted = world.isHalted;
  return true;
}
