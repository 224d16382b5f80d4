/** A world in a few 32-bit words, exactly: two worlds are the same state if and only if their words are equal. */

import type { Buyer, Credit, Hold, Rebuilder, Redis, World } from './state.ts';

const SHARED_WORDS = 6;
const BUYER_WORDS = 2;

export function wordsPerState(buyers: number): number {
  return SHARED_WORDS + BUYER_WORDS * buyers;
}

function bit(flag: boolean, at: number): number {
  return flag ? 1 << at : 0;
}

/** A signed number of -8..7. Larger ones mean a scope that this packing was not made for. */
function small(value: number): number {
  if (value < -8 || value > 7) throw new Error(`${value} does not fit`);
  return value + 8;
}

function packRedis(redis: Redis): number {
  return (
    redis.life |
    (redis.armedLife << 3) |
    (redis.epoch << 6) |
    (redis.base << 10) |
    (small(redis.available) << 13) |
    (redis.begunEpoch << 17) |
    (redis.tokenLife << 21) |
    (redis.lastLife << 24) |
    bit(redis.isHalted, 27) |
    bit(redis.remembersLoss, 28)
  );
}

function unpackRedis(word: number, redis: Redis): void {
  redis.life = word & 7;
  redis.armedLife = (word >>> 3) & 7;
  redis.epoch = (word >>> 6) & 15;
  redis.base = (word >>> 10) & 7;
  redis.available = ((word >>> 13) & 15) - 8;
  redis.begunEpoch = (word >>> 17) & 15;
  redis.tokenLife = (word >>> 21) & 7;
  redis.lastLife = (word >>> 24) & 7;
  redis.isHalted = (word & (1 << 27)) !== 0;
  redis.remembersLoss = (word & (1 << 28)) !== 0;
}

function packHold(hold: Hold): number {
  const [first, second, third] = hold.records as [number, number, number];
  return (
    bit(hold.isPlaced, 0) |
    bit(hold.isOver, 1) |
    bit(hold.isReleased, 2) |
    bit(hold.isVouched, 3) |
    bit(hold.wasPinned, 4) |
    bit(hold.isRefused, 5) |
    (hold.outcome << 6) |
    (first << 8) |
    (second << 10) |
    (third << 12) |
    (hold.listed << 14)
  );
}

function unpackHold(word: number, hold: Hold): void {
  hold.isPlaced = (word & 1) !== 0;
  hold.isOver = (word & 2) !== 0;
  hold.isReleased = (word & 4) !== 0;
  hold.isVouched = (word & 8) !== 0;
  hold.wasPinned = (word & 16) !== 0;
  hold.isRefused = (word & 32) !== 0;
  hold.outcome = (word >>> 6) & 3;
  hold.records[0] = (word >>> 8) & 3;
  hold.records[1] = (word >>> 10) & 3;
  hold.records[2] = (word >>> 12) & 3;
  hold.listed = (word >>> 14) & 3;
}

function packCredit(credit: Credit): number {
  const [first, second, third] = credit.applied as [boolean, boolean, boolean];
  return (
    credit.seq |
    bit(credit.isDelivered, 4) |
    bit(credit.isAckSent, 5) |
    bit(first, 6) |
    bit(second, 7) |
    bit(third, 8)
  );
}

function unpackCredit(word: number, credit: Credit): void {
  credit.seq = word & 15;
  credit.isDelivered = (word & 16) !== 0;
  credit.isAckSent = (word & 32) !== 0;
  credit.applied[0] = (word & 64) !== 0;
  credit.applied[1] = (word & 128) !== 0;
  credit.applied[2] = (word & 256) !== 0;
}

function packRebuilder(rebuilder: Rebuilder): number {
  return (
    rebuilder.phase |
    (rebuilder.epoch << 3) |
    (rebuilder.base << 7) |
    (small(rebuilder.sellable) << 10) |
    bit(rebuilder.isHalted, 14) |
    bit(rebuilder.mayHaveLostData, 15)
  );
}

function unpackRebuilder(word: number, rebuilder: Rebuilder): void {
  rebuilder.phase = word & 7;
  rebuilder.epoch = (word >>> 3) & 15;
  rebuilder.base = (word >>> 7) & 7;
  rebuilder.sellable = ((word >>> 10) & 15) - 8;
  rebuilder.isHalted = (word & (1 << 14)) !== 0;
  rebuilder.mayHaveLostData = (word & (1 << 15)) !== 0;
}

function packTold({ lastArmedEpoch, tokenLife }: Rebuilder): number {
  return lastArmedEpoch | (tokenLife << 4);
}

function unpackTold(word: number, rebuilder: Rebuilder): void {
  rebuilder.lastArmedEpoch = word & 15;
  rebuilder.tokenLife = (word >>> 4) & 7;
}

function unpackBuyer(taken: number, rest: number, buyer: Buyer): void {
  unpackHold(taken & 0xffff, buyer.hold);
  unpackHold(taken >>> 16, buyer.take);
  buyer.units = rest & 3;
  buyer.order = (rest >>> 2) & 3;
  unpackCredit(rest >>> 4, buyer.credit);
}

export function pack(world: World, words: Int32Array): void {
  words[0] =
    world.faultsLeft |
    (world.copiesLeft << 3) |
    (world.allotment << 5) |
    (small(world.committed) << 8) |
    (world.seq << 12) |
    (world.epoch << 15) |
    (world.beginCopy << 19) |
    (world.lives << 23) |
    bit(world.isHalted, 26) |
    bit(world.hasLostData, 27);
  const [first, second] = world.rebuilders;
  words[1] = packRebuilder(first) | (packRebuilder(second) << 16);
  words[2] = packRedis(world.redis);
  words[3] = packRedis(world.old);
  words[4] = packRedis(world.image);
  words[5] =
    packCredit(world.restock) | (packTold(first) << 9) | (packTold(second) << 16) | (world.armedEpoch << 23);
  let at = SHARED_WORDS;
  for (const buyer of world.buyers) {
    words[at] = packHold(buyer.hold) | (packHold(buyer.take) << 16);
    words[at + 1] = buyer.units | (buyer.order << 2) | (packCredit(buyer.credit) << 4);
    at += BUYER_WORDS;
  }
}

/** Reads the words of one state out of many. */
export function unpack(words: Int32Array, start: number, world: World): void {
  const shared = words[start] as number;
  world.faultsLeft = shared & 7;
  world.copiesLeft = (shared >>> 3) & 3;
  world.allotment = (shared >>> 5) & 7;
  world.committed = ((shared >>> 8) & 15) - 8;
  world.seq = (shared >>> 12) & 7;
  world.epoch = (shared >>> 15) & 15;
  world.beginCopy = (shared >>> 19) & 15;
  world.lives = (shared >>> 23) & 7;
  world.isHalted = (shared & (1 << 26)) !== 0;
  world.hasLostData = (shared & (1 << 27)) !== 0;
  const rebuilders = words[start + 1] as number;
  const [first, second] = world.rebuilders;
  unpackRebuilder(rebuilders & 0xffff, first);
  unpackRebuilder(rebuilders >>> 16, second);
  unpackRedis(words[start + 2] as number, world.redis);
  unpackRedis(words[start + 3] as number, world.old);
  unpackRedis(words[start + 4] as number, world.image);
  const others = words[start + 5] as number;
  unpackCredit(others, world.restock);
  unpackTold(others >>> 9, first);
  unpackTold(others >>> 16, second);
  world.armedEpoch = (others >>> 23) & 15;
  let at = start + SHARED_WORDS;
  for (const buyer of world.buyers) {
    unpackBuyer(words[at] as number, words[at + 1] as number, buyer);
    at += BUYER_WORDS;
  }
}

/**
 * Buyers are interchangeable: sorts their words, so that worlds that differ only in who is who are one state.
 * `names` is carried along for traces.
 */
export function sortBuyers(words: Int32Array, names?: string[]): void {
  for (let last = SHARED_WORDS + BUYER_WORDS; last < words.length; last += BUYER_WORDS) {
    for (let at = last; at > SHARED_WORDS && isAfter(words, at - BUYER_WORDS, at); at -= BUYER_WORDS) {
      swap(words, at, at - BUYER_WORDS);
      swap(words, at + 1, at - BUYER_WORDS + 1);
      if (names === undefined) continue;
      const buyer = (at - SHARED_WORDS) / BUYER_WORDS;
      names.splice(buyer - 1, 2, names[buyer] as string, names[buyer - 1] as string);
    }
  }
}

function isAfter(words: Int32Array, one: number, other: number): boolean {
  const difference = (words[one] as number) - (words[other] as number);
  return difference > 0 || (difference === 0 && (words[one + 1] as number) > (words[other + 1] as number));
}

function swap(words: Int32Array, one: number, other: number): void {
  const kept = words[one] as number;
  words[one] = words[other] as number;
  words[other] = kept;
}
