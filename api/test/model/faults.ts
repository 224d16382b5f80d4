/** What goes wrong with Redis. Processes of ours need no fault: whoever dies makes no further step. */

import { clearData, copyData, type Redis, type World } from './state.ts';

export interface Faults {
  /** Redis is killed, its AOF is complete. */
  readonly restart: boolean;
  /** Redis is killed and comes back without its newest writes. */
  readonly lossyRestart: boolean;
  /** FLUSHALL. To a process that restarts empty the model makes no difference: its data says nothing of runs. */
  readonly flush: boolean;
  /** A replica that lags is promoted; the old master lives on, is reachable, and grants. */
  readonly failover: boolean;
  /** The old master becomes a replica of the new one, and is promoted again. */
  readonly failback: boolean;
}

function newLife(world: World): number {
  world.lives += 1;
  return world.lives;
}

function spend(world: World, losesData: boolean): void {
  world.faultsLeft -= 1;
  world.hasLostData ||= losesData;
}

/** What a replica has, or the disk: a later fault goes back to here. Free, because nothing happens yet. */
export function keepImage(world: World): boolean {
  if (world.faultsLeft === 0 || world.image.life !== 0) return false;
  copyData(world, world.redis, world.image);
  world.image.life = 1;
  return true;
}

function forgetImage(world: World): void {
  clearData(world, world.image);
  world.image.life = 0;
}

export function restart(world: World): boolean {
  if (world.faultsLeft === 0) return false;
  spend(world, false);
  world.redis.life = newLife(world);
  return true;
}

export function lossyRestart(world: World): boolean {
  if (world.faultsLeft === 0 || world.image.life === 0) return false;
  spend(world, true);
  copyData(world, world.image, world.redis);
  forgetImage(world);
  world.redis.life = newLife(world);
  return true;
}

export function flush(world: World): boolean {
  if (world.faultsLeft === 0) return false;
  spend(world, true);
  clearData(world, world.redis);
  return true;
}

export function failover(world: World): boolean {
  if (world.faultsLeft === 0 || world.image.life === 0) return false;
  spend(world, true);
  copyData(world, world.redis, world.old);
  world.old.life = world.redis.life;
  copyData(world, world.image, world.redis);
  forgetImage(world);
  world.redis.life = newLife(world);
  return true;
}

/** The process of the old master with the data of the new one: it never restarted. Now that one lives on. */
export function failback(world: World): boolean {
  if (world.faultsLeft === 0 || world.old.life === 0) return false;
  spend(world, true);
  const { redis, old } = world;
  const life = world.guards.reignInLife ? newLife(world) : old.life;
  copyData(world, redis, old);
  old.life = redis.life;
  redis.life = life;
  return true;
}

export function shutDownOld(world: World): boolean {
  if (world.old.life === 0) return false;
  clearData(world, world.old);
  world.old.life = 0;
  return true;
}

/** The processes that a call may reach. */
export function isRunning(redis: Redis): boolean {
  return redis.life !== 0;
}
