import type { Redis } from 'ioredis';
import { perProcess } from '../per-process.ts';
import { shardOf } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

/** Of each kind of work, the shards whose sales are still being worked on. */
const busyOf = perProcess(() => new Map<string, Set<Redis | undefined>>());

/** A shard that hangs keeps the next turn of the others waiting no longer. */
const LATE_MS = 100;

/**
 * Works on one sale after the other; on those of another shard meanwhile. A sale that fails does not stop the others,
 * but where its shard says nothing at all the rest of that one wait for the next turn. The turn ends without a shard that
 * takes much longer than another; that one has its next turn when it is through. Throws what is no fault of a store, and
 * when no sale had a turn, at the end of it. @param name of the work @returns the sum of what was done.
 */
export async function eachSale<Sale extends { readonly id: number }>(
  services: Services,
  name: string,
  sales: readonly Sale[],
  work: (sale: Sale) => Promise<number>,
): Promise<number> {
  const { redis, log } = services;
  const busy = busyOf(services).get(name) ?? new Set();
  busyOf(services).set(name, busy);
  const failures: unknown[] = [];
  let isOver = false;
  let count = 0;
  let served = 0;
  const workOn = async (shard: Redis | undefined, ofShard: readonly Sale[]) => {
    for (const sale of ofShard) {
      try {
        const done = await work(sale);
        count += done;
        served += 1;
      } catch (error) {
        if (isOver && !isStore(error)) log.error('a sale failed after the end of a turn', { name, error });
        failures.push(error);
        if (isAway(error) && !(await answers(shard))) return;
      }
    }
  };
  const byShard = [...Map.groupBy(sales, ({ id }) => shardOf(redis, id))];
  const rows = byShard
    .filter(([shard]) => !busy.has(shard))
    .map(([shard, ofShard]) => {
      busy.add(shard);
      return workOn(shard, ofShard).finally(() => busy.delete(shard));
    });
  await allButLate(rows);
  isOver = true;
  if (failures.length > 0) log.debug('sales failed in a turn', { failures: failures.length, served });
  const faults = failures.filter((failure) => !isStore(failure));
  if (faults.length > 0) throw faults[0];
  if (failures.length > 0 && served === 0) throw failures[0];
  return count;
}

async function allButLate(rows: readonly Promise<void>[]): Promise<void> {
  const all = Promise.all(rows);
  if (rows.length > 1) await Promise.race([all, Promise.any(rows).then(() => Bun.sleep(LATE_MS))]);
  else await all;
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
