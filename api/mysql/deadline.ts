/** What waits for it is given up, and may go on all the same. */
export class DeadlinePassed extends Error {}

/** One deadline for everything that happens on a borrowed connection. */
export class Deadline {
  readonly #passed = Promise.withResolvers<never>();
  readonly #ms: number;
  #timer: Timer;

  constructor(ms: number) {
    this.#ms = ms;
    this.#timer = this.#start();
    // Nobody may be waiting when it passes.
    this.#passed.promise.catch(() => {});
  }

  race<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#passed.promise]);
  }

  renew(): void {
    this.end();
    this.#timer = this.#start();
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #start(): Timer {
    const pass = () => this.#passed.reject(new DeadlinePassed(`no answer within ${this.#ms} ms`));
    return setTimeout(pass, this.#ms);
  }
}
