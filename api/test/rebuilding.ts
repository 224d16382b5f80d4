/** A rebuild up to where SQL is read, as `sales/rebuild.ts` goes through it. */

import { beginRebuild as begin, keepHolds } from '../redis/sale-scripts.ts';
import type { RedisClient } from '../redis/shards.ts';

export async function beginRebuild(
  redis: RedisClient,
  saleId: number,
  epochs: { epoch: number; lastArmedEpoch: number },
) {
  const begun = await begin(redis, saleId, epochs);
  if (begun.kind === 'superseded') return begun;
  const kept = await keepHolds(redis, saleId, begun.token);
  return kept.kind === 'superseded' ? kept : { ...begun, holdIds: kept.holdIds };
}
