/**
 * What clients asked and were told, written down on their side before anything is made of it. The file alone is
 * enough to judge a run: everything that is counted or checked is read from entries, in the order of the file.
 */

import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

export type Ask =
  | {
      readonly do: 'hold';
      readonly saleId: number;
      readonly productId: number;
      readonly quantity: number;
      readonly buyerId: string | null;
      /** Idempotency-Key. */
      readonly key: string;
      /** What the sale grants. */
      readonly ttlMs: number;
    }
  | { readonly do: 'release' | 'read'; readonly holdId: string }
  | { readonly do: 'order'; readonly holdId: string; readonly intentId: string }
  | {
      /** A payment provider's notice that an intent succeeded or failed. */
      readonly do: 'success' | 'failure';
      readonly holdId: string;
      readonly intentId: string;
      readonly webhookId: string;
      readonly amount: number | null;
      readonly currency: string | null;
      /** Signed by somebody who does not know the secret. */
      readonly isForged: boolean;
    };

export type Deed = Ask['do'];

export interface Reply {
  readonly status: number;
  /** Of a failure. */
  readonly code: string | null;
  /** `data` of a success; of a failure what it tells besides its code. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly retryAfter: number | null;
}

/** A fault after which Redis may not know holds that it granted. */
export interface Loss {
  readonly id: number;
  readonly kind: string;
  readonly from: number;
  /** null: it goes on. */
  readonly to: number | null;
  /** Holds that were told before this are not affected. null: all are. */
  readonly heldSince: number | null;
}

/** Times are Date.now(): Redis and MariaDB run on the same machine, so deadlines can be compared to them. */
export type Entry =
  | { readonly at: number; readonly n: number; readonly to: string; readonly sent: Ask }
  | { readonly at: number; readonly n: number; readonly told: Reply }
  | { readonly at: number; readonly n: number; readonly silence: string }
  | { readonly at: number; readonly loss: Loss }
  | { readonly at: number; readonly fault: string };

/** Numbers the asks, for `n`. */
export class History {
  readonly file: string;
  readonly #fd: number;
  readonly #readers: ((entry: Entry) => void)[] = [];
  #asks = 0;
  #isClosed = false;

  constructor(file: string) {
    this.file = file;
    this.#fd = openSync(file, 'a', 0o600);
  }

  /** Readers are given an entry after it was written. */
  readBy(reader: (entry: Entry) => void): void {
    this.#readers.push(reader);
  }

  sent(to: string, sent: Ask): number {
    this.#asks += 1;
    this.append({ at: Date.now(), n: this.#asks, to, sent });
    return this.#asks;
  }

  append(entry: Entry): void {
    // An answer that comes after the end belongs to nobody.
    if (this.#isClosed) return;
    writeSync(this.#fd, `${JSON.stringify(entry)}\n`);
    for (const read of this.#readers) read(entry);
  }

  close(): void {
    this.#isClosed = true;
    closeSync(this.#fd);
  }
}

export async function* readHistory(file: string): AsyncGenerator<Entry> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) if (line !== '') yield JSON.parse(line) as Entry;
}
