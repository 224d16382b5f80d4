/**
 * Walks every state that the protocol can reach within a scope, breadth first, so that the first violation found is
 * one of the shortest. I1, I2, I3 and I7 are checked in every state, I6 on every step, and from every state the
 * story is played to its quiet end (I8).
 */

import type { Guards } from './guards.ts';
import { findBroken, findUnsettled, findVanished } from './invariants.ts';
import { allSteps, type Scope, type Visit } from './model.ts';
import { pack, sortBuyers, unpack, wordsPerState } from './packing.ts';
import { ORDINALS_MAX, StateSet } from './state-set.ts';
import { newWorld, type Buyer, type World } from './state.ts';
import { tidyUp } from './tidy-up.ts';
import { traceTo } from './trace.ts';

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest shortest path. */
  readonly depth: number;
  readonly seconds: number;
  /** Every reachable state was visited. */
  readonly isExhausted: boolean;
  readonly violation: Violation | null;
}

interface Violation {
  readonly says: string;
  /** The steps from the launch of the sale. */
  readonly trace: readonly string[];
}

function firstWorld(scope: Scope, guards: Guards): World {
  const world = newWorld(scope, guards);
  world.faultsLeft = scope.faultsMax;
  world.copiesLeft = scope.copiesMax;
  return world;
}

export function explore(scope: Scope, guards: Guards, statesMax = Number.POSITIVE_INFINITY): Explored {
  const startedAt = performance.now();
  const width = wordsPerState(scope.units.length);
  const states = new StateSet(width);
  const words = new Int32Array(width);
  const world = firstWorld(scope, guards);
  const orders = scope.units.map(() => 0);
  let transitions = 0;
  let parent = 0;
  let ordinal = -1;
  let says: string | null = null;
  let violation: Violation | null = null;

  const check = () => {
    let index = 0;
    for (const { order } of world.buyers) {
      says ??= findVanished(orders[index] as number, order);
      index += 1;
    }
    tidyUp(world);
    pack(world, words);
    sortBuyers(words);
    if (states.add(words, parent, ordinal)) says ??= findBroken(world) ?? findUnsettled(world);
  };
  const visit: Visit = (isTaken) => {
    ordinal += 1;
    if (says !== null) return;
    says = world.broken;
    if (isTaken) {
      transitions += 1;
      check();
      unpack(states.blockOf(parent), states.offsetOf(parent), world);
    }
    if (says !== null) violation = { says, trace: traceTo(states, parent, ordinal, scope, guards) };
  };

  pack(world, words);
  states.add(words, 0, 0);
  let depth = 0;
  let depthEnds = 1;
  for (; parent < states.size && says === null && states.size < statesMax; parent += 1) {
    if (parent === depthEnds) {
      depth += 1;
      depthEnds = states.size;
    }
    unpack(states.blockOf(parent), states.offsetOf(parent), world);
    for (let buyer = 0; buyer < orders.length; buyer += 1) {
      orders[buyer] = (world.buyers[buyer] as Buyer).order;
    }
    ordinal = -1;
    allSteps(world, scope, visit);
    if (ordinal >= ORDINALS_MAX) throw new Error(`a state with ${ordinal} steps`);
  }
  const isExhausted = says === null && parent === states.size;
  const seconds = (performance.now() - startedAt) / 1_000;
  return { states: states.size, transitions, depth, seconds, isExhausted, violation };
}
