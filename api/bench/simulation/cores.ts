/** The cores of a machine, shared evenly by whoever has something to do, as a scheduler shares them. */

import type { Clock } from './clock.ts';

/** So much CPU time for one thread, which has one such piece of work at a time. */
export type Work = (us: number, done: () => void) => void;

/** Every thread has a core of its own. */
export function ownCores(clock: Clock): Work {
  return (us, done) => clock.after(us, done);
}

interface Piece {
  leftUs: number;
  readonly done: () => void;
}

/** Less than the rounding errors of a long run, and nothing that anybody would notice. */
const NOTHING_US = 1e-6;

export function sharedCores(clock: Clock, cores: number): Work {
  const pieces = new Set<Piece>();
  let lookedAtUs = 0;
  let plan = 0;

  const speed = () => Math.min(1, cores / pieces.size);

  function progress(): void {
    const did = (clock.nowUs() - lookedAtUs) * speed();
    lookedAtUs = clock.nowUs();
    for (const piece of pieces) piece.leftUs -= did;
  }

  /** The next piece that ends; whatever was planned before is void. */
  function planNext(): void {
    plan += 1;
    if (pieces.size === 0) return;
    const mine = plan;
    const least = Math.min(...[...pieces].map(({ leftUs }) => leftUs));
    clock.after(Math.max(0, least) / speed(), () => {
      if (mine === plan) finish();
    });
  }

  function finish(): void {
    progress();
    const finished = [...pieces].filter(({ leftUs }) => leftUs <= NOTHING_US);
    for (const piece of finished) pieces.delete(piece);
    planNext();
    for (const { done } of finished) done();
  }

  return (us, done) => {
    if (pieces.size === 0) lookedAtUs = clock.nowUs();
    else progress();
    pieces.add({ leftUs: us, done });
    planNext();
  };
}
