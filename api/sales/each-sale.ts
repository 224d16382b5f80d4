import type { Redis } from 'ioredis';
import { shardOf } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

/**
 * Works on one sale after the other; on those of another shard meanwhile. A sale that fails does not stop the others,
 * but where its shard says nothing at all the rest of that one wait for the next turn. Throws what is no fault of a
 * store, and when no sale had a turn, once all are through. @returns the sum of what was done.
 */
export async function eachSale<Sale extends { readonly id: number }>(
  { redis, log }: Services,
  sales: readonly Sale[],
  work: (sale: Sale) => Promise<number>,
): Promise<number> {
  const failures: unknown[] = [];
  let count = 0;
  let served = 0;
  const workOn = async (shard: Redis | undefined, ofShard: readonly Sale[]) => {
    for (const sale of ofShard) {
      try {
        const done = await work(sale);
        count += done;
        served += 1;
      } catch (error) {
        failures.push(error);
        if (isAway(error) && !(await answers(shard))) return;
      }
    }
  };
  const byShard = Map.groupBy(sales, ({ id }) => shardOf(redis, id));
  await Promise.all([...byShard].map(([shard, ofShard]) => workOn(shard, ofShard)));
  if (failures.length > 0) log.debug('sales failed in a turn', { failures: failures.length, served });
  const faults = failures.filter((failure) => !isStore(failure));
  if (faults.length > 0) throw faults[0];
  if (failures.length > 0 && served === 0) throw failures[0];
  return count;
}

function isStore(error: unknown): error is StoreUnavailable {
  return error instanceof StoreUnavailable;
}

function isAway(error: unknown): boolean {
  return isStore(error) && error.store === 'redis';
}

async function answers(shard: Redis | undefined): Promise<boolean> {
  if (shard?.status !== 'ready') return false;
  return shard.ping().then(
    () => true,
    () => false,
  );
}
