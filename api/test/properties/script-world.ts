/** A private Redis on which stories of scripts are played, each on a sale of its own. */

import type { Redis } from 'ioredis';
import { connectRedis, redisReady } from '../../redis/connect.ts';
import { privateRedis, type TestStore } from '../stores.ts';
import { loseSale } from './photograph.ts';
import { ScriptRun } from './script-run.ts';
import type { ScriptStory } from './script-steps.ts';

export class ScriptWorld {
  readonly redis: Redis;
  readonly #store: TestStore;
  #lastSaleId = 0;

  private constructor(redis: Redis, store: TestStore) {
    this.redis = redis;
    this.#store = store;
  }

  static async open(): Promise<ScriptWorld> {
    const store = await privateRedis();
    const redis = connectRedis(store.url).duplicate({ enableAutoPipelining: true });
    await redisReady(redis, 5_000);
    return new ScriptWorld(redis, store);
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.#store.stop();
  }

  /** @param redis what the scripts run through. @returns how many steps applied */
  async play({ allotment, buyerLimit, steps }: ScriptStory, redis: Redis = this.redis): Promise<number> {
    this.#lastSaleId += 1;
    const saleId = this.#lastSaleId;
    const run = new ScriptRun({ redis, observer: this.redis, saleId }, allotment, buyerLimit);
    let count = 0;
    await run.take({ do: 'rebuild', nth: 0 });
    for (const step of steps) if (await run.take(step)) count += 1;
    await run.settle();
    await loseSale(this.redis, saleId);
    return count;
  }
}
