/**
 * Gathers the calls of one turn of the event loop and makes them one. Under load a turn brings many requests, so
 * a batch grows exactly when batching pays; alone, a call waits for nothing.
 *
 * A batch is sent after all of its calls were made, so an answer is never older than the question.
 */
export class Batcher<Item, Result, Key extends number | string = number> {
  readonly #send: (key: Key, items: Item[]) => Promise<readonly Result[]>;
  readonly #maxSize: number;
  readonly #atOnce: number;
  readonly #lines = new Map<Key, Line<Item, Result>>();

  /**
   * @param send answers each item, in order; its failure is the failure of every item of the batch
   * @param atOnce batches of one key that may be under way; beyond them calls wait, and leave as fewer and larger ones
   */
  constructor(
    maxSize: number,
    send: (key: Key, items: Item[]) => Promise<readonly Result[]>,
    atOnce = Number.POSITIVE_INFINITY,
  ) {
    this.#maxSize = maxSize;
    this.#send = send;
    this.#atOnce = atOnce;
  }

  call(key: Key, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const line = this.#lines.get(key) ?? { waiting: [], underWay: 0 };
      this.#lines.set(key, line);
      line.waiting.push({ item, resolve, reject });
      // The first one to wait calls for the next batch.
      if (line.waiting.length === 1) setImmediate(() => this.#flush(key));
    });
  }

  #flush(key: Key): void {
    const line = this.#lines.get(key);
    while (line !== undefined && line.waiting.length > 0 && line.underWay < this.#atOnce) {
      line.underWay += 1;
      void this.#deliver(key, line.waiting.splice(0, this.#maxSize)).then(() => {
        line.underWay -= 1;
        if (line.waiting.length > 0) this.#flush(key);
        else if (line.underWay === 0) this.#lines.delete(key);
      });
    }
  }

  async #deliver(key: Key, batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#send(
        key,
        batch.map(({ item }) => item),
      );
      // `send` answers every item: an array of another length is a bug of its own, found in its tests.
      batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

interface Line<Item, Result> {
  readonly waiting: Waiting<Item, Result>[];
  underWay: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
