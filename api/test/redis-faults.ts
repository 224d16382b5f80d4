/** What can happen to the Redis of a world. Its clients stay; they find the one that comes back by themselves. */

import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SALE_KEY_NAMES, saleKeys } from '../redis/keys.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { privateRedis, type TestStore } from './stores.ts';
import type { World } from './world.ts';

export class RedisFaults {
  readonly #world: World;
  #running: TestStore;
  #isDown = false;
  #forgetsNothing = false;

  constructor(world: World) {
    this.#world = world;
    this.#running = world.redis;
  }

  /**
   * From now on a write is on disk before its reply. Otherwise a Redis whose disk is slow holds writes back for up to
   * two seconds, and killed -9 it loses them: true, but chance, and not what these tests are about.
   */
  async neverForget(): Promise<void> {
    this.#forgetsNothing = true;
    await this.#world.services.redis.config('SET', 'appendfsync', 'always');
  }

  get pid(): number {
    return this.#running.pid;
  }

  async kill(): Promise<void> {
    this.#isDown = true;
    await this.#running.kill();
  }

  /** On the same folder; nothing happens when it runs. Resolves when Redis answers, whoever has noticed. */
  async startStore(): Promise<void> {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#running = await privateRedis({ folder: this.#running.folder });
  }

  /** Resolves when the world's own client has noticed, too. */
  async start(): Promise<void> {
    await this.startStore();
    await this.#world.services.ready(15_000);
    if (this.#forgetsNothing) await this.neverForget();
  }

  /** Killed -9, and started again with what its append-only file remembers. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Killed -9, and started again as if its disk were new. */
  async restartEmpty(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true });
    await this.start();
  }

  /** Keeps a copy of its files. @returns what kills it and starts it on that older state. */
  keepState(): () => Promise<void> {
    const copy = `${this.#data}-copy-${crypto.randomUUID()}`;
    cpSync(this.#data, copy, { recursive: true });
    return async () => {
      await this.kill();
      rmSync(this.#data, { recursive: true });
      cpSync(copy, this.#data, { recursive: true });
      await this.start();
    };
  }

  /** Redis forgets one sale and keeps running. @throws StoreUnavailable */
  async forget(saleId: number): Promise<void> {
    try {
      await this.#world.services.redis.del(...saleKeys(saleId));
    } catch (error) {
      throw new StoreUnavailable('redis', error);
    }
  }

  key(saleId: number, name: (typeof SALE_KEY_NAMES)[number]): string {
    return saleKeys(saleId)[SALE_KEY_NAMES.indexOf(name)] as string;
  }

  /** Does nothing while `work` runs, as in a long pause of its machine. */
  async frozen<Result>(work: () => Promise<Result>): Promise<Result> {
    process.kill(this.pid, 'SIGSTOP');
    try {
      return await work();
    } finally {
      process.kill(this.pid, 'SIGCONT');
    }
  }

  /** The world stops only the one that it started. */
  stop(): Promise<void> {
    return this.#running.stop();
  }

  get #data(): string {
    return join(this.#running.folder, 'data');
  }
}
