import { StoreUnavailable, type Store } from './store-unavailable.ts';

/**
 * Gathers the calls of one turn of the event loop and makes them one. Under load a turn brings many requests, so
 * a batch grows exactly when batching pays; alone, a call waits for nothing.
 *
 * A batch is sent after all of its calls were made, so an answer is never older than the question.
 */
export class Batcher<Item, Result, Key extends number | string = number> {
  readonly #send: Send<Key, Item, Result>;
  readonly #maxSize: number;
  readonly #bounds: LineBounds | null;
  readonly #lines = new Map<Key, Line<Item, Result>>();

  /**
   * @param send answers each item, in order; its failure is the failure of every item of the batch
   * @param bounds of each key: beyond `atOnce` batches under way calls wait, and leave as fewer and larger ones; null:
   * any number is under way
   */
  constructor(maxSize: number, send: Send<Key, Item, Result>, bounds: LineBounds | null = null) {
    this.#maxSize = maxSize;
    this.#send = send;
    this.#bounds = bounds;
  }

  /** @throws StoreUnavailable when what is under way takes too long; nothing was begun then */
  call(key: Key, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(key) ?? { waiting: [], underWay: 0 };
      this.#lines.set(key, line);
      line.waiting.push({ item, sinceMs: performance.now(), resolve, reject });
      // The first one to wait calls for the next batch.
      if (line.waiting.length === 1) setImmediate(() => this.#flush(key));
    });
  }

  #flush(key: Key): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    if (this.#bounds !== null) turnAway(line.waiting, this.#bounds);
    const atOnce = this.#bounds?.atOnce ?? Number.POSITIVE_INFINITY;
    while (line.waiting.length > 0 && line.underWay < atOnce) {
      line.underWay += 1;
      void this.#deliver(key, line.waiting.splice(0, this.#maxSize)).then(() => {
        line.underWay -= 1;
        this.#flush(key);
      });
    }
    if (line.underWay === 0) this.#lines.delete(key);
  }

  async #deliver(key: Key, batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#send(
        key,
        batch.map(({ item }) => item),
        batch[0]?.sinceMs ?? 0,
      );
      // `send` answers every item: an array of another length is a bug of its own, found in its tests.
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result | Promise<Result>));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      if (this.#bounds?.failsTogether && error instanceof StoreUnavailable) this.#failWaiting(key, error);
    }
  }

  #failWaiting(key: Key, { store, cause }: StoreUnavailable): void {
    const waiting = this.#lines.get(key)?.waiting.splice(0) ?? [];
    for (const { reject } of waiting) reject(new StoreUnavailable(store, cause, false));
  }
}

/** @param sinceMs when the first of the items began to wait, by `performance.now()` */
type Send<Key, Item, Result> = (key: Key, items: Item[], sinceMs: number) => Promise<Answers<Result>>;

/** In the order of the items; a promise fails for its own item only. */
export type Answers<Result> = readonly (Result | Promise<Result>)[];

/** For a batch that was refused as a whole. */
export async function eachAlone<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Answers<Result>> {
  const answers = items.map(work);
  await Promise.allSettled(answers);
  return answers;
}

export interface LineBounds {
  /** The one that batches are sent to: whoever is turned away is told that it is not available. */
  readonly store: Store;
  readonly atOnce: number;
  /** Whoever waited longer is told to come again: while a store hangs, the line must not fill the process. */
  readonly waitMaxMs: number;
  /** A store that did not answer one batch is not asked for what waited meanwhile: it waited long enough. */
  readonly failsTogether?: boolean;
}

/** They are in the order in which they came. */
function turnAway<Item, Result>(waiting: Waiting<Item, Result>[], { store, waitMaxMs }: LineBounds): void {
  const beforeMs = performance.now() - waitMaxMs;
  const inTime = waiting.findIndex(({ sinceMs }) => sinceMs >= beforeMs);
  const late = waiting.splice(0, inTime < 0 ? waiting.length : inTime);
  for (const { reject } of late) reject(new StoreUnavailable(store, 'too many wait for it', false));
}

interface Line<Item, Result> {
  readonly waiting: Waiting<Item, Result>[];
  underWay: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  /** By `performance.now()`. */
  readonly sinceMs: number;
  readonly resolve: (result: Result | Promise<Result>) => void;
  readonly reject: (error: unknown) => void;
}
