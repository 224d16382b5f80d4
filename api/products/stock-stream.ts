/**
 * Live stock for browsers: now, and on every change, at most four times a second. However many watch, a product
 * is read once per period.
 */

import type { StockView } from '@flash-sale/shared/contracts/product.ts';
import { STOCK_STREAM_PERIOD_MS, STREAM_HEARTBEAT_MS } from '@flash-sale/shared/limits.ts';
import type { Services } from '../services.ts';
import { viewProduct } from './products.ts';

export type StockEvent = { kind: 'stock'; stock: StockView } | { kind: 'heartbeat' };

interface Watched {
  latest: Promise<StockView | null>;
  readAtMs: number;
}

export class StockStream {
  readonly #services: Services;
  readonly #watched = new Map<number, Watched>();
  readonly #closing = new AbortController();
  #watchers = 0;

  constructor(services: Services) {
    this.#services = services;
  }

  get watchers(): number {
    return this.#watchers;
  }

  /** Ends every stream: a listener that shuts down must not wait for its watchers. */
  close(): void {
    this.#closing.abort();
  }

  /** Ends when the watcher goes away, the product does, or the stream is closed. */
  async *watch(productId: number, gone: AbortSignal): AsyncGenerator<StockEvent> {
    this.#watchers += 1;
    try {
      yield* this.#events(productId, gone);
    } finally {
      this.#watchers -= 1;
    }
  }

  async *#events(productId: number, gone: AbortSignal): AsyncGenerator<StockEvent> {
    const ended = AbortSignal.any([gone, this.#closing.signal]);
    let last = '';
    let saidAtMs = performance.now();
    while (!ended.aborted) {
      const stock = await this.#read(productId);
      if (stock === null) return;
      const text = JSON.stringify(stock);
      if (text !== last) {
        yield { kind: 'stock', stock };
        last = text;
        saidAtMs = performance.now();
      } else if (performance.now() - saidAtMs >= STREAM_HEARTBEAT_MS) {
        yield { kind: 'heartbeat' };
        saidAtMs = performance.now();
      }
      await pause(STOCK_STREAM_PERIOD_MS, ended);
    }
  }

  #read(productId: number): Promise<StockView | null> {
    const now = performance.now();
    const watched = this.#watched.get(productId);
    // A little less than the period, so that watchers of one period share a read.
    if (watched !== undefined && now - watched.readAtMs < STOCK_STREAM_PERIOD_MS * 0.8) return watched.latest;
    const latest = this.#stockOf(productId);
    this.#watched.set(productId, { latest, readAtMs: now });
    return latest;
  }

  async #stockOf(productId: number): Promise<StockView | null> {
    const view = await viewProduct(this.#services, productId);
    if (view === null) return null;
    const { total_stock, available_stock, is_sold_out, stock_is_estimate } = view;
    return { total_stock, available_stock, is_sold_out, ...(stock_is_estimate ? { stock_is_estimate } : {}) };
  }
}

function pause(ms: number, ended: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (ended.aborted) return Promise.resolve();
  const timer = setTimeout(done, ms);
  ended.addEventListener('abort', done, { once: true });
  function done() {
    clearTimeout(timer);
    ended.removeEventListener('abort', done);
    resolve();
  }
  return promise;
}
