import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import type { Redis } from 'ioredis';
import type { Pool } from 'mysql2/promise';
import { readConfig, redisAddress, type Config, type RedisAddress } from './config.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { connectMySql } from './mysql/connect.ts';
import { watchOf } from './mysql/watch.ts';
import { Catalog } from './products/catalog.ts';
import type { Reach } from './reach.ts';
import { connectRedis, redisReady } from './redis/connect.ts';
import { HOLD_DECISIONS } from './redis/placement-scripts.ts';
import { watchScripts } from './redis/script.ts';
import type { RedisClient } from './redis/shards.ts';

/** What features work with. One set per process; nobody else constructs a client. */
export interface Services {
  readonly config: Config;
  readonly redis: RedisClient;
  readonly mysql: Pool;
  readonly catalog: Catalog;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly reach: Reach;
  /** Resolves once Redis takes commands; SQL connects on use. @throws when that takes longer than `withinMs` */
  ready(withinMs: number): Promise<void>;
  /** Closes the clients. Call it when no work is left. */
  close(): Promise<void>;
}

/** With a Redis that is no cluster. */
export interface ServicesOnOne extends Services {
  readonly redis: Redis;
}

interface Stores<Address extends RedisAddress> {
  readonly redis: Address;
  readonly databaseUrl: string;
}

/** Connects to both stores; they need not be up yet. */
export function createServices(
  config: Config,
  stores: Stores<string>,
  reach?: Reach,
  log?: Log,
): ServicesOnOne;
export function createServices(
  config: Config,
  stores: Stores<RedisAddress>,
  reach?: Reach,
  log?: Log,
): Services;
export function createServices(
  config: Config,
  stores: Stores<RedisAddress>,
  reach: Reach = () => {},
  log: Log = createLog(config.LOG_LEVEL),
): Services {
  const redis = connectRedis(stores.redis);
  const mysql = connectMySql(stores.databaseUrl);
  const metrics = createMetrics(HOLD_DECISIONS);
  watchScripts(redis, (script, seconds) => metrics.scriptDuration.observe(seconds, script));
  watchOf(mysql).took = (op, seconds) => metrics.dbDuration.observe(seconds, op);
  return {
    config,
    redis,
    mysql,
    catalog: new Catalog(mysql),
    metrics,
    log,
    reach,
    ready: (withinMs) => redisReady(redis, withinMs),
    async close() {
      metrics.endProcessMetrics();
      redis.disconnect();
      // A connection that was never made cannot be ended well; nothing of ours is left on it.
      await mysql.end().catch(() => {});
    },
  };
}

/** For a process of a larger setup, which is told where the stores are. @throws EnvironmentError */
export function servicesFromEnvironment(): Services {
  const config = readConfig();
  const [redis, databaseUrl] = [redisAddress(config), config.DATABASE_URL];
  if (redis === null || databaseUrl === null) {
    throw new EnvironmentError(
      'Set DATABASE_URL, and REDIS_URL, REDIS_CLUSTER_NODES or REDIS_SENTINELS. Only `start` brings stores of its own.',
    );
  }
  return createServices(config, { redis, databaseUrl });
}
