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
    const shard = shardOf(cluster, saleId);
    if (shard?.status !== 'ready') throw new StoreUnavailable('redis', 'the shard is not connected', false);
    try {
      return await ask(shard);
    } catch (error) {
      const isElsewhere = error instanceof Error && NOT_THERE.test(error.message);
      if (!isElsewhere || lookups === LOOKUPS_MAX) throw error;
      await lookUpShards(cluster);
    }
  }
}

/** Which Redis has the keys of a sale, as far as is known. */
export function shardOf(redis: RedisClient, saleId: number): Redis | undefined {
  if (!(redis instanceof Cluster)) return redis;
  const address = redis.slots[slotOf(saleId)]?.[0];
  return redis.nodes('master').find((shard) => addressOf(shard) === address);
}

/** The client knows how keys are hashed. */
function slotOf(saleId: number): number {
  return new Command('GET', [saleMetaKey(saleId)]).getSlot() ?? 0;
}

/** Every Redis that takes writes, as far as is known. */
export function shardsOf(redis: RedisClient): readonly Redis[] {
  return redis instanceof Cluster ? redis.nodes('master') : [redis];
}

/** For people to see. Of a Redis that is not one of a cluster there is only one, which needs no name. */
export function addressOf({ options: { host, port } }: Redis): string {
  return `${host}:${port}`;
}

/** Many may ask for it at once: the cluster is asked once. Whoever asks in vain finds out by what it does next. */
function lookUpShards(cluster: Cluster): Promise<void> {
  return new Promise((resolve) => cluster.refreshSlotsCache(() => resolve()));
}
