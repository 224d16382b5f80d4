/**
 * Gathers the calls of one turn of the event loop and makes them one. Under load a turn brings many requests, so
 * a batch grows exactly when batching pays; alone, a call waits for nothing.
 *
 * A batch is sent after all of its calls were made, so an answer is never older than the question.
 */
export class Batcher<Item, Result> {
  readonly #send: (key: number, items: Item[]) => Promise<readonly Result[]>;
  readonly #maxSize: number;
  readonly #waiting = new Map<number, Waiting<Item, Result>[]>();

  /** @param send answers each item, in order; its failure is the failure of every item of the batch */
  constructor(maxSize: number, send: (key: number, items: Item[]) => Promise<readonly Result[]>) {
    this.#maxSize = maxSize;
    this.#send = send;
  }

  call(key: number, item: Item): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      this.#waiting.set(key, [{ item, resolve, reject }]);
      setImmediate(() => this.#flush(key));
    } else {
      waiting.push({ item, resolve, reject });
    }
    return promise;
  }

  #flush(key: number): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (let start = 0; start < waiting.length; start += this.#maxSize) {
      void this.#deliver(key, waiting.slice(start, start + this.#maxSize));
    }
  }

  async #deliver(key: number, batch: Waiting<Item, Result>[]): Promise<void> {
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

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
