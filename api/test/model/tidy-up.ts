/**
 * Forgets what cannot matter any more and renumbers epochs, so that worlds with the same future are one state. Each
 * line here says something about the protocol, so each says why.
 */

import { giveUpRebuild } from './sql-side.ts';
import { ARMED, clearData, EXPIRED, isLiveSomewhere, NOTED, READ, UNDECIDED, VOID } from './state.ts';
import type { Hold, Rebuilder, World } from './state.ts';

export function tidyUp(world: World): void {
  if (world.faultsLeft === 0 && world.image.life !== 0) {
    // Nothing can bring the image back.
    clearData(world, world.image);
    world.image.life = 0;
  }
  for (const buyer of world.buyers) {
    forgetFinished(buyer.hold, world);
    forgetFinished(buyer.take, world);
    const { take, order } = buyer;
    // A take that was voided and is in no Redis leaves nothing behind; the next try has another id.
    if (world.guards.takeIdOnce && take.outcome === VOID && order === EXPIRED && !isLiveSomewhere(take)) {
      resetTake(take);
    }
  }
  if (!world.tellsLoss) forgetLosses(world);
  sortRebuilders(world);
  renumberEpochs(world);
}

/**
 * What only serves to know whether data was lost decides nothing else, but that a rebuild which was overtaken before
 * its note goes no further: here it may, so more can happen than does.
 */
function forgetLosses(world: World): void {
  world.armedEpoch = 0;
  for (const redis of [world.redis, world.old, world.image]) {
    redis.lastLife = 0;
    redis.remembersLoss = false;
  }
  for (const rebuilder of world.rebuilders) {
    if (rebuilder.phase === READ && world.guards.noteFirst) rebuilder.phase = NOTED;
    if (rebuilder.phase === ARMED) giveUpRebuild(world, rebuilder);
    rebuilder.lastArmedEpoch = 0;
    rebuilder.mayHaveLostData = false;
  }
}

function forgetFinished(hold: Hold, world: World): void {
  if (!hold.isPlaced) return;
  if (hold.outcome !== UNDECIDED) {
    // The primary key stands: an order transaction or a void that is still under way changes nothing.
    if (world.guards.outcomeKey) hold.isVouched = false;
    hold.isRefused = false;
    if (world.guards.pinStays) hold.wasPinned = false;
  }
  // A copy of the call that placed it may still be under way.
  if (isLiveSomewhere(hold) || world.copiesLeft > 0) return;
  // In no Redis, and decided or given back: its deadline means nothing.
  hold.listed = 0;
  if (hold.outcome !== UNDECIDED || hold.isReleased) hold.isOver = true;
}

function resetTake(take: Hold): void {
  take.isPlaced = take.isOver = take.isVouched = take.wasPinned = take.isRefused = false;
  take.outcome = UNDECIDED;
  take.records.fill(0);
  take.listed = 0;
}

/** Rebuilders are interchangeable: the newer comes first. */
export function areRebuildersSorted({ rebuilders: [first, second] }: World): boolean {
  return rank(first) >= rank(second);
}

function sortRebuilders(world: World): void {
  if (areRebuildersSorted(world)) return;
  const [first, second] = world.rebuilders;
  const { ...kept } = first;
  copyRebuilder(second, first);
  copyRebuilder(kept, second);
  for (const { hold, take } of world.buyers) {
    hold.listed = ((hold.listed & 1) << 1) | (hold.listed >> 1);
    take.listed = ((take.listed & 1) << 1) | (take.listed >> 1);
  }
}

function rank({ phase, epoch }: Rebuilder): number {
  return epoch * 8 + phase;
}

function copyRebuilder(from: Rebuilder, to: Rebuilder): void {
  to.phase = from.phase;
  to.epoch = from.epoch;
  to.base = from.base;
  to.sellable = from.sellable;
  to.isHalted = from.isHalted;
  to.mayHaveLostData = from.mayHaveLostData;
  to.lastArmedEpoch = from.lastArmedEpoch;
  to.tokenLife = from.tokenLife;
}

/**
 * Epochs are only ever compared, so only their order matters: 1, 2, 3... for those in use, 0 for none. That makes the
 * number of rebuilds unlimited.
 */
function renumberEpochs(world: World): void {
  const { redis, old, image, rebuilders, buyers, restock } = world;
  const [first, second] = rebuilders;
  let used = 1 << world.epoch;
  used |= (1 << redis.epoch) | (1 << redis.begunEpoch) | (1 << old.epoch) | (1 << old.begunEpoch);
  used |= (1 << image.epoch) | (1 << image.begunEpoch);
  used |= (1 << first.epoch) | (1 << second.epoch) | (1 << world.beginCopy);
  used |= (1 << first.lastArmedEpoch) | (1 << second.lastArmedEpoch) | (1 << world.armedEpoch);
  if (!world.guards.creditSeq) {
    used |= 1 << restock.seq;
    for (const { credit } of buyers) used |= 1 << credit.seq;
  }
  used |= 1;
  // Already 0..n without a gap.
  if ((used & (used + 1)) === 0) return;
  world.epoch = renumbered(used, world.epoch);
  for (const one of [redis, old, image]) {
    one.epoch = renumbered(used, one.epoch);
    one.begunEpoch = renumbered(used, one.begunEpoch);
  }
  for (const one of rebuilders) {
    one.epoch = renumbered(used, one.epoch);
    one.lastArmedEpoch = renumbered(used, one.lastArmedEpoch);
  }
  world.armedEpoch = renumbered(used, world.armedEpoch);
  world.beginCopy = renumbered(used, world.beginCopy);
  if (world.guards.creditSeq) return;
  restock.seq = renumbered(used, restock.seq);
  for (const { credit } of buyers) credit.seq = renumbered(used, credit.seq);
}

/** How many epochs in use are smaller. */
function renumbered(used: number, epoch: number): number {
  let below = used & ((1 << epoch) - 1);
  let count = 0;
  for (; below !== 0; below &= below - 1) count += 1;
  return count;
}
