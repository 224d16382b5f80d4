/** Tells the shortest path to a step. States are kept sorted; here buyers and rebuilds keep their names. */

import type { Guards } from './guards.ts';
import { allSteps, type Scope, type Visit } from './model.ts';
import { pack, sortBuyers, unpack, wordsPerState } from './packing.ts';
import type { StateSet } from './state-set.ts';
import { newWorld, RAISED, type Buyer, type Rebuilder, type Redis, type World } from './state.ts';
import { areRebuildersSorted, tidyUp } from './tidy-up.ts';

/** The trace ends with the `ordinal`-th step from the state at `position`. */
export function traceTo(
  states: StateSet,
  position: number,
  ordinal: number,
  scope: Scope,
  guards: Guards,
): string[] {
  const path = [{ position, ordinal }];
  for (let at = position; at !== 0; at = states.parentOf(at)) {
    path.unshift({ position: states.parentOf(at), ordinal: states.ordinalOf(at) });
  }
  const words = new Int32Array(wordsPerState(scope.units.length));
  const world = newWorld(scope, guards);
  const names = new Names(scope);
  const trace: string[] = [];
  for (const step of path) {
    let next = -1;
    const read = () => unpack(states.blockOf(step.position), states.offsetOf(step.position), world);
    const visit: Visit = (_, says, at, who) => {
      next += 1;
      if (next === step.ordinal) {
        trace.push(names.sentence(world, says, at, who));
        if (!areRebuildersSorted(world)) names.rebuilds.reverse();
        tidyUp(world);
        pack(world, words);
        sortBuyers(words, names.holds);
      }
      read();
    };
    read();
    allSteps(world, scope, visit);
  }
  return trace;
}

class Names {
  readonly holds: string[];
  readonly rebuilds = ['the launch', ''];
  #raised = 0;

  constructor({ units }: Scope) {
    this.holds = units.map((_, index) => `hold ${index + 1}`);
  }

  sentence(world: World, says: string, at: Redis | null, who: Buyer | Rebuilder | null): string {
    const place = at === null ? '' : at.index === 0 ? ' on Redis' : ' on the old master';
    if (who === null) return `${says}${place}`;
    if ('units' in who) return `${says}${place}: ${this.holds[world.buyers.indexOf(who)]}`;
    if (who.phase === RAISED && who.tokenLife === 0 && says.includes('raises')) {
      this.#raised += 1;
      this.rebuilds[who.index] = `rebuild ${this.#raised}`;
    }
    return `${says}${place}: ${this.rebuilds[who.index]}`;
  }
}
