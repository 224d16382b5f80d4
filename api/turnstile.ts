import { StoreUnavailable, type Store } from './store-unavailable.ts';

export interface TurnstileBounds {
  /** The one that the work needs: whoever is turned away is told that it is not available. */
  readonly store: Store;
  readonly atOnce: number;
  /** Beyond them nobody joins the line: who waits behind so many has given up before it is their turn. */
  readonly waitingMax: number;
  readonly waitMaxMs: number;
}

/** Lets so many work at a time; the others wait in a line that is bounded in length and time. */
export class Turnstile {
  readonly #bounds: TurnstileBounds;
  /** In order; each takes the place that becomes free. */
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(bounds: TurnstileBounds) {
    this.#bounds = bounds;
    this.#free = bounds.atOnce;
  }

  /** @throws StoreUnavailable when the line is too long, or too slow; nothing was begun then */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait();
    try {
      return await work();
    } finally {
      const [next] = this.#waiting;
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #wait(): Promise<void> {
    const tooBusy = () => new StoreUnavailable(this.#bounds.store, 'too many wait for it', false);
    if (this.#waiting.size >= this.#bounds.waitingMax) return Promise.reject(tooBusy());
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const enter = () => {
      this.#waiting.delete(enter);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      this.#waiting.delete(enter);
      reject(tooBusy());
    }, this.#bounds.waitMaxMs);
    this.#waiting.add(enter);
    return promise;
  }
}
