/**
 * The world of the model: one sale, its ledger in SQL, up to two Redis processes, and everybody who talks to them.
 *
 * What is not here does not matter to the protocol: any script call or transaction may be made by anybody at any
 * time once its preconditions have been seen, so nobody needs a program counter, and a process that dies is one that
 * makes no further step. What somebody was told and may still act upon, however late, is kept as a mark on the hold.
 */

import type { Guards } from './guards.ts';

/** A hold's record in one Redis. Ended is ordered, released, expired or lost: its units are elsewhere. */
export const ABSENT = 0;
export const HELD = 1;
export const PINNED = 2;
export const ENDED = 3;

/** A row of hold_outcomes. `void` is written as expired or lost; to the protocol they are one. */
export const UNDECIDED = 0;
export const ORDERED = 1;
export const VOID = 2;

/** Orders. Cancelled is like expired; refund_due moves no unit and is therefore not told apart from expired. */
export const NO_ORDER = 0;
export const PENDING = 1;
export const PAID = 2;
export const EXPIRED = 3;

/** How far a rebuild is. `listed` is only in a mutant the first; whether it is noted or armed first is a guard. */
export const IDLE = 0;
export const LISTED = 1;
export const RAISED = 2;
export const BEGUN = 3;
export const READ = 4;
export const NOTED = 5;
export const ARMED = 6;

/** One Redis: its life, and its data (the rest), which outlives it or is replaced under it. 0 is nothing. */
export interface Redis {
  /** Index of this Redis in `records` and `applied`. */
  readonly index: number;
  /** Process and reign as master: another one after every restart and promotion. 0: there is no such process. */
  life: number;
  armedLife: number;
  epoch: number;
  base: number;
  available: number;
  begunEpoch: number;
  /** The life in which the rebuild token in store was made. Of two of one life, the epoch tells which it is. */
  tokenLife: number;
  isHalted: boolean;
  lastLife: number;
  /** Unknown holds are answered `lost`. */
  remembersLoss: boolean;
}

/** What units can be pinned under: a buyer's hold, or the take of a late payment, whose deadline is now. */
export interface Hold {
  /** Its id has been used. */
  isPlaced: boolean;
  isOver: boolean;
  isReleased: boolean;
  /** Somebody was told `pinned` at SQL's epoch, and may send the order transaction. */
  isVouched: boolean;
  /** Somebody may have it on a list of overdue pins. */
  wasPinned: boolean;
  /** Somebody was refused by the gate, and is going to write `lost`. */
  isRefused: boolean;
  outcome: number;
  /** By Redis.index. */
  readonly records: number[];
  /** Bit per rebuilder: listed by begin, and SQL was not asked about it yet. */
  listed: number;
}

/** Units that SQL gave back. seq 0: no such row. */
export interface Credit {
  seq: number;
  isDelivered: boolean;
  /** A Redis at SQL's epoch said `applied`, and the acknowledgement is under way. */
  isAckSent: boolean;
  /** By Redis.index: the credit's id is in the set. */
  readonly applied: boolean[];
}

export interface Buyer {
  units: number;
  readonly hold: Hold;
  readonly take: Hold;
  order: number;
  readonly credit: Credit;
}

export interface Rebuilder {
  readonly index: number;
  phase: number;
  epoch: number;
  base: number;
  /** allotment - committed, as read. */
  sellable: number;
  isHalted: boolean;
  mayHaveLostData: boolean;
  /** As read when the epoch was raised; forgotten after begin. */
  lastArmedEpoch: number;
  /** The life that answered begin: part of the token. */
  tokenLife: number;
}

export interface World {
  readonly guards: Guards;
  /** Whether a hold that was lost has to be called lost (the second half of I7). */
  readonly tellsLoss: boolean;
  faultsLeft: number;
  copiesLeft: number;
  /** SQL: the row of `sales`. `seq` counts gives only: no comparison depends on the steps that takes add. */
  allotment: number;
  committed: number;
  seq: number;
  epoch: number;
  armedEpoch: number;
  isHalted: boolean;
  readonly restock: Credit;
  /** The Redis that clients find, the old master that lives on beside it, and an older state that may come back. */
  readonly redis: Redis;
  readonly old: Redis;
  readonly image: Redis;
  /** So far. */
  lives: number;
  readonly rebuilders: readonly [Rebuilder, Rebuilder];
  /** Epoch of a second copy of a begin call that is still in a socket. */
  beginCopy: number;
  readonly buyers: readonly Buyer[];
  /** A fault took something from Redis that it had acknowledged. */
  hasLostData: boolean;
  /** A step that must not happen did: which invariant, and how. Not part of the state. */
  broken: string | null;
}

export function recordOf(hold: Hold, redis: Redis): number {
  return hold.records[redis.index] as number;
}

export function isApplied(credit: Credit, redis: Redis): boolean {
  return credit.applied[redis.index] as boolean;
}

export function isLive(record: number): boolean {
  return record === HELD || record === PINNED;
}

export function isLiveSomewhere(hold: Hold): boolean {
  const [first, second, third] = hold.records as [number, number, number];
  return isLive(first) || isLive(second) || isLive(third);
}

function newRedis(index: number): Redis {
  return {
    index,
    life: 0,
    armedLife: 0,
    epoch: 0,
    base: 0,
    available: 0,
    begunEpoch: 0,
    tokenLife: 0,
    isHalted: false,
    lastLife: 0,
    remembersLoss: false,
  };
}

function newHold(): Hold {
  return {
    isPlaced: false,
    isOver: false,
    isReleased: false,
    isVouched: false,
    wasPinned: false,
    isRefused: false,
    outcome: UNDECIDED,
    records: [ABSENT, ABSENT, ABSENT],
    listed: 0,
  };
}

function newCredit(): Credit {
  return { seq: 0, isDelivered: false, isAckSent: false, applied: [false, false, false] };
}

function newRebuilder(index: number): Rebuilder {
  return {
    index,
    phase: IDLE,
    epoch: 0,
    base: 0,
    sellable: 0,
    isHalted: false,
    mayHaveLostData: false,
    lastArmedEpoch: 0,
    tokenLife: 0,
  };
}

/** A sale just launched by a rebuild: armed at epoch 1, nobody there yet. */
export function newWorld(
  { allotment, units, tellsLoss }: { allotment: number; units: readonly number[]; tellsLoss: boolean },
  guards: Guards,
): World {
  const redis = newRedis(0);
  Object.assign(redis, { life: 1, armedLife: 1, epoch: 1, begunEpoch: 1, lastLife: 1, available: allotment });
  const launcher = { ...newRebuilder(0), phase: ARMED, epoch: 1 };
  return {
    guards,
    tellsLoss,
    faultsLeft: 0,
    copiesLeft: 0,
    allotment,
    committed: 0,
    seq: 0,
    epoch: 1,
    armedEpoch: guards.noteFirst ? 1 : 0,
    isHalted: false,
    restock: newCredit(),
    redis,
    old: newRedis(1),
    image: newRedis(2),
    lives: 1,
    rebuilders: [guards.noteFirst ? newRebuilder(0) : launcher, newRebuilder(1)],
    beginCopy: 0,
    buyers: units.map((count) => ({
      units: count,
      hold: newHold(),
      take: newHold(),
      order: NO_ORDER,
      credit: newCredit(),
    })),
    hasLostData: false,
    broken: null,
  };
}

/** Takes over data, not the process. */
export function copyData(world: World, from: Redis, to: Redis): void {
  to.armedLife = from.armedLife;
  to.epoch = from.epoch;
  to.base = from.base;
  to.available = from.available;
  to.begunEpoch = from.begunEpoch;
  to.tokenLife = from.tokenLife;
  to.isHalted = from.isHalted;
  to.lastLife = from.lastLife;
  to.remembersLoss = from.remembersLoss;
  world.restock.applied[to.index] = isApplied(world.restock, from);
  for (const { hold, take, credit } of world.buyers) {
    hold.records[to.index] = recordOf(hold, from);
    take.records[to.index] = recordOf(take, from);
    credit.applied[to.index] = isApplied(credit, from);
  }
}

export function clearData(world: World, redis: Redis): void {
  redis.armedLife = redis.epoch = redis.base = redis.available = 0;
  redis.begunEpoch = redis.tokenLife = redis.lastLife = 0;
  redis.isHalted = redis.remembersLoss = false;
  world.restock.applied[redis.index] = false;
  for (const { hold, take, credit } of world.buyers) {
    hold.records[redis.index] = ABSENT;
    take.records[redis.index] = ABSENT;
    credit.applied[redis.index] = false;
  }
}
