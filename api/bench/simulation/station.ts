/** One thread that serves whoever comes, one after the other: a Redis shard, the row of a sale, the thread of a client. */

import type { Work } from './cores.ts';
import { createQueue } from './queue.ts';

interface Customer {
  /** When its turn comes. @returns how long it takes */
  readonly begin: () => number;
  readonly done: () => void;
}

export interface Station {
  enter(customer: Customer): void;
  /** Waiting, and being served. */
  size(): number;
}

export function createStation(work: Work): Station {
  const waiting = createQueue<Customer>();
  let isBusy = false;

  function serveNext(): void {
    const [next] = waiting.take(1);
    isBusy = next !== undefined;
    if (next === undefined) return;
    work(next.begin(), () => {
      next.done();
      serveNext();
    });
  }

  return {
    enter(customer) {
      waiting.push(customer);
      if (!isBusy) serveNext();
    },
    size: () => waiting.length + (isBusy ? 1 : 0),
  };
}
