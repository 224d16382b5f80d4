/** One thread that works in turns, as the event loop of a process does: a turn takes what has come, and then does it. */

import type { Chance } from '../../test/seeded.ts';
import type { Clock } from './clock.ts';
import type { Work } from './cores.ts';
import { ASSUMED } from './costs.ts';
import { createQueue } from './queue.ts';

/** What a turn takes, and what becomes of it when it is over. */
export interface Turn {
  us: number;
  readonly afterwards: (() => void)[];
}

export type Step = (turn: Turn) => void;

export interface EventLoop {
  /** What came: a part of the next turn. */
  receive(step: Step): void;
}

/** @param last step of every turn */
export function createEventLoop(clock: Clock, chance: Chance, work: Work, last: Step): EventLoop {
  const inbox = createQueue<Step>();
  let isAwake = false;
  let nextStallUs = exponential(chance, ASSUMED.stallEveryUs);

  function begin(): void {
    const stallUs = clock.nowUs() >= nextStallUs ? exponential(chance, ASSUMED.stallUs) : 0;
    if (stallUs === 0) return turn();
    nextStallUs = clock.nowUs() + stallUs + exponential(chance, ASSUMED.stallEveryUs);
    clock.after(stallUs, turn);
  }

  function turn(): void {
    const now: Turn = { us: 0, afterwards: [] };
    for (const step of inbox.take(ASSUMED.turnMax)) step(now);
    last(now);
    work(now.us, () => {
      for (const act of now.afterwards) act();
      isAwake = inbox.length > 0;
      if (isAwake) begin();
    });
  }

  return {
    receive(step) {
      inbox.push(step);
      if (isAwake) return;
      isAwake = true;
      begin();
    },
  };
}

export function exponential(chance: Chance, mean: number): number {
  return -mean * Math.log(1 - chance.next());
}
