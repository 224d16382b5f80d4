/** One Redis, or the shards of a Redis Cluster: where the keys of a sale are, and who is asked about all of them. */

import { Cluster, Command, type Redis } from 'ioredis';
import { StoreUnavailable } from '../store-unavailable.ts';
import { saleMetaKey } from './keys.ts';

/** Of a Cluster only what it knows of its shards is used: it would send a command of unknown outcome again. */
export type RedisClient = Redis | Cluster;

/** A second one, because what the shards were asked for first may have been told by one that is behind. */
const LOOKUPS_MAX = 2;

/** What a shard says that does not serve the slot, now or any more. It ran nothing. */
const NOT_THERE = /^(MOVED|CLUSTERDOWN)/;

/**
 * Asks the Redis that has the keys of a sale. One that has them no longer, or takes part in its cluster no longer, says
 * so and does nothing: then the shards are looked up and the question is put again. `ASK` is not followed: a sale whose
 * keys are on their way between two shards is served by neither, or it could be rebuilt from half of them.
 * @throws StoreUnavailable when its shard is not connected; else what the question throws
 */
export function onShard<Answer>(
  redis: RedisClient,
  saleId: number,
  ask: (shard: Redis) => Promise<Answer>,
): Promise<Answer> {
  return redis instanceof Cluster ? askShard(redis, saleId, ask) : ask(redis);
}

async function askShard<Answer>(
  cluster: Cluster,
  saleId: number,
  ask: (shard: Redis) => Promise<Answer>,
): Promise<Answer> {
  for (let lookups = 0; ; lookups += 1) {
    try {
      return await askConnected(shardOf(cluster, saleId), ask);
    } catch (error) {
      const isElsewhere = error instanceof Error && NOT_THERE.test(error.message);
      if (!isElsewhere || lookups === LOOKUPS_MAX) throw error;
      await lookUpShards(cluster);
    }
  }
}

/** Nothing waits for a connection: whatever waits is carried out when its caller has long given up. */
async function askConnected<Answer>(
  shard: Redis | undefined,
  ask: (shard: Redis) => Promise<Answer>,
): Promise<Answer> {
  if (shard?.status !== 'ready') throw new StoreUnavailable('redis', 'not connected', false);
  return ask(shard);
}

/** Which Redis has the keys of a sale, as far as is known; undefined while there is no connection to it. */
export function shardOf(redis: RedisClient, saleId: number): Redis | undefined {
  return redis instanceof Cluster ? nodeAt(redis, addressFor(redis, saleId)) : redis;
}

/** The name of that Redis, for people to see, and the same at every process. */
export function shardNameOf(redis: RedisClient, saleId: number): string {
  return redis instanceof Cluster ? nameOf(addressFor(redis, saleId)) : ALONE;
}

/** It needs no name. */
const ALONE = 'Redis';
const nameOf = (address: string | undefined): string => `Redis ${address}`;

function addressFor(cluster: Cluster, saleId: number): string | undefined {
  return cluster.slots[slotOf(saleId)]?.[0];
}

/** The client knows how keys are hashed. */
export function slotOf(saleId: number): number {
  return new Command('GET', [saleMetaKey(saleId)]).getSlot() ?? 0;
}

function nodeAt(cluster: Cluster, address: string | undefined): Redis | undefined {
  return cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` === address);
}

/** Many may ask for it at once: the cluster is asked once. Whoever asks in vain finds out by what it does next. */
function lookUpShards(cluster: Cluster): Promise<void> {
  return new Promise((resolve) => cluster.refreshSlotsCache(() => resolve()));
}

// ---- all of them ----

export interface ShardAnswers<Answer> {
  /** By the name of the Redis. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Those that did not answer. */
  readonly away: readonly string[];
}

/** Asks every Redis that has slots. @throws StoreUnavailable when none answers */
export async function askEveryShard<Answer>(
  redis: RedisClient,
  ask: (shard: Redis) => Promise<Answer>,
): Promise<ShardAnswers<Answer>> {
  const shards = [...shardsOf(redis)];
  const asked = await Promise.allSettled(shards.map(([, shard]) => askConnected(shard, ask)));
  const answers = new Map<string, Answer>();
  const away: string[] = [];
  let cause: unknown = 'no shard is known';
  for (const [index, [name]] of shards.entries()) {
    const result = asked[index];
    if (result?.status === 'fulfilled') answers.set(name, result.value);
    else {
      away.push(name);
      cause = result?.reason;
    }
  }
  if (answers.size === 0) throw new StoreUnavailable('redis', cause);
  return { answers, away };
}

/** By name; undefined while there is no connection. */
export function shardsOf(redis: RedisClient): Map<string, Redis | undefined> {
  if (!(redis instanceof Cluster)) return new Map([[ALONE, redis]]);
  // Slots that are served alike share one list: far fewer lists than slots.
  const addresses = [...new Set(redis.slots)].flatMap((addressesOfSlot) => addressesOfSlot?.[0] ?? []);
  return new Map(addresses.map((address) => [nameOf(address), nodeAt(redis, address)]));
}
