/** Signs of life of a sale, for people to see: read without a script, so they are of the same moment only roughly. */

import { saleDeadlinesKey, saleMetaKey } from './keys.ts';
import { onShard, type RedisClient } from './shards.ts';

export interface SaleSigns {
  /** Units that were ever held, and ordered, since Redis last began with nothing. */
  readonly heldUnits: number;
  readonly orderedUnits: number;
  /** By Redis' clock; null when nothing is held. */
  readonly oldestDeadlineMs: number | null;
}

export async function readSaleSigns(redis: RedisClient, saleId: number): Promise<SaleSigns> {
  const [counts, first] = await onShard(redis, saleId, (shard) =>
    Promise.all([
      shard.hmget(saleMetaKey(saleId), 'held_units', 'ordered_units'),
      shard.zrange(saleDeadlinesKey(saleId), '0', '0', 'WITHSCORES'),
    ]),
  );
  return {
    heldUnits: Number(counts[0] ?? 0),
    orderedUnits: Number(counts[1] ?? 0),
    oldestDeadlineMs: first[1] === undefined ? null : Number(first[1]),
  };
}
