/** Sales that live in Redis only, for tests of the Lua scripts: no SQL, no API, the test says what SQL would say. */

import { expect } from 'bun:test';
import type { HoldOutcome } from '@flash-sale/shared/lifecycle.ts';
import type { Redis } from 'ioredis';
import { newHoldId } from '../holds/hold-id.ts';
import { connectRedis, redisReady } from '../redis/connect.ts';
import { holdIdOf } from '../redis/hold-name.ts';
import { SALE_KEY_NAMES, saleKeys } from '../redis/keys.ts';
import {
  beginRebuild,
  commitRebuild,
  snapshotOf,
  type RebuildSnapshot,
  type SaleFacts,
} from './rebuilding.ts';
import { pinHold, settleHolds } from '../redis/hold-scripts.ts';
import { placeHolds, type HoldReply, type HoldRequest } from '../redis/placement-scripts.ts';
import { privateRedis, type TestStore } from './stores.ts';
import { until } from './until.ts';

export type Snapshot = Omit<RebuildSnapshot, 'token'> & { token: string };

export class ScriptSales {
  readonly redis: Redis;
  readonly #store: TestStore;
  #lastSaleId = 0;
  #lastEpoch = 0;

  private constructor(redis: Redis, store: TestStore) {
    this.redis = redis;
    this.#store = store;
  }

  static async open(): Promise<ScriptSales> {
    const store = await privateRedis();
    const redis = connectRedis(store.url);
    await redisReady(redis, 5_000);
    return new ScriptSales(redis, store);
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.#store.stop();
  }

  /** Of a sale that nothing is known of. */
  newSaleId(): number {
    this.#lastSaleId += 1;
    return this.#lastSaleId;
  }

  newEpoch(): number {
    this.#lastEpoch += 1;
    return this.#lastEpoch;
  }

  /** A live sale of ten units unless told otherwise. */
  async armed(facts: SaleFacts = {}): Promise<number> {
    const saleId = this.newSaleId();
    await this.rebuild(saleId, facts);
    return saleId;
  }

  /** @returns the units that are available then. */
  async rebuild(saleId: number, facts: SaleFacts = {}): Promise<number> {
    const snapshot = this.snapshot(facts);
    const begun = await this.begin(saleId, snapshot);
    if (begun.kind !== 'begun') throw new Error(`the rebuild of sale ${saleId} was ${begun.kind}`);
    const committed = await commitRebuild(this.redis, saleId, snapshot);
    if (committed.kind !== 'armed') throw new Error(`the rebuild of sale ${saleId} was ${committed.kind}`);
    return committed.available;
  }

  /** Begins a rebuild after the last one that was armed, and notes in the snapshot where it began. */
  async begin(saleId: number, snapshot: Snapshot) {
    const lastArmedEpoch = Number(await this.redis.hget(this.key(saleId, 'meta'), 'epoch'));
    const begun = await beginRebuild(this.redis, saleId, { epoch: snapshot.epoch, lastArmedEpoch });
    if (begun.kind === 'begun') snapshot.token = begun.token;
    return begun;
  }

  snapshot(facts: SaleFacts = {}): Snapshot {
    return snapshotOf({ token: 'not begun', epoch: this.newEpoch(), ...facts });
  }

  async place(saleId: number, ...requests: Partial<HoldRequest>[]): Promise<HoldReply[]> {
    const placed = await placeHolds(
      this.redis,
      saleId,
      requests.map((request) => holdRequest(saleId, request)),
    );
    if (placed.kind !== 'placed') throw new Error(`sale ${saleId}: ${placed.kind}`);
    return placed.replies;
  }

  /** A hold that is there now. @returns its id and its deadline. */
  async hold(
    saleId: number,
    request: Partial<HoldRequest> = {},
  ): Promise<{ holdId: string; deadlineMs: number }> {
    const [reply] = await this.place(saleId, request);
    if (reply?.kind !== 'held') throw new Error(`sale ${saleId}: ${reply?.kind}`);
    return reply;
  }

  /** A hold whose deadline has passed, that nobody has ended yet. */
  async overdueHold(saleId: number, request: Partial<HoldRequest> = {}) {
    const hold = await this.hold(saleId, { ttlMs: 2, ...request });
    await this.passed(hold.deadlineMs);
    return hold;
  }

  /** @returns the id of a hold that is pinned. */
  async pinned(saleId: number, request: Partial<HoldRequest> = {}): Promise<string> {
    const { holdId } = await this.hold(saleId, request);
    await pinHold(this.redis, saleId, holdId);
    return holdId;
  }

  /** @returns the id of a pin that SQL decided. */
  async settled(saleId: number, outcome: HoldOutcome): Promise<string> {
    const holdId = await this.pinned(saleId);
    await settleHolds(this.redis, saleId, [{ holdId, outcome }]);
    return holdId;
  }

  /** Waits until it is later than that by Redis' clock. */
  async passed(deadlineMs: number): Promise<void> {
    await until(async () => (await this.nowMs()) > deadlineMs);
  }

  async nowMs(): Promise<number> {
    const [seconds, microseconds] = await this.redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
  }

  key(saleId: number, name: (typeof SALE_KEY_NAMES)[number]): string {
    return saleKeys(saleId)[SALE_KEY_NAMES.indexOf(name)] as string;
  }

  /** The keys of a sale that exist. */
  async keysOf(saleId: number): Promise<string[]> {
    const keys = saleKeys(saleId);
    const found = await Promise.all(keys.map((key) => this.redis.exists(key)));
    return keys.filter((_, index) => found[index] === 1);
  }

  /** Hold ids, by their time. */
  async members(saleId: number, name: 'deadlines' | 'leases' | 'ended'): Promise<string[]> {
    const names = await this.redis.zrange(this.key(saleId, name), '0', '-1');
    return names.map((holdName) => holdIdOf(saleId, String(holdName)));
  }

  available(saleId: number): Promise<number> {
    return this.redis.hget(this.key(saleId, 'meta'), 'available').then(Number);
  }

  /** Everything that Redis knows of a sale, byte by byte: equal when nothing was written. */
  async photograph(saleId: number): Promise<string[]> {
    return Promise.all(
      saleKeys(saleId).map(async (key) => {
        if ((await this.redis.type(key)) === 'hash') return this.#photographHash(key);
        return (await this.redis.dumpBuffer(key))?.toString('hex') ?? 'absent';
      }),
    );
  }

  /** While Redis makes room in a hash its fields change places. */
  async #photographHash(key: string): Promise<string> {
    const fields = Object.entries(await this.redis.hgetall(key)).map(([name, value]) => `${name}=${value}`);
    return fields.sort().join('\n');
  }
}

export function holdRequest(saleId: number, request: Partial<HoldRequest> = {}): HoldRequest {
  return {
    holdId: newHoldId(saleId),
    quantity: 1,
    ttlMs: null,
    buyerId: null,
    keyDigest: null,
    fingerprint: '',
    ...request,
  };
}

/** One way to each word. The type demands a way to every word that the wrapper knows. */
export type Ways<Kind extends string> = Record<Kind, () => Promise<{ kind: string } | undefined>>;

export async function expectEachWord<Kind extends string>(ways: Ways<Kind>): Promise<void> {
  for (const [word, way] of Object.entries<Ways<Kind>[Kind]>(ways)) {
    expect((await way())?.kind ?? 'nothing').toBe(word);
  }
}
