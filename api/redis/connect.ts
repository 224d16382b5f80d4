import { Redis, type RedisOptions } from 'ioredis';
import { REDIS_SILENCE_MS, REDIS_TIMEOUT_MS } from '@flash-sale/shared/limits.ts';

/** Accepts redis://, rediss:// and unix:///path/to/redis.sock. */
export function connectRedis(url: string): Redis {
  const options = {
    // A command whose reply was lost may have run: sending it again is our decision, never the client's.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // With the line above, a lost reply would otherwise leave its promise pending for ever.
    commandTimeout: REDIS_TIMEOUT_MS,
    // A connection that went silent (its machine lost power, a firewall forgot it) is replaced.
    socketTimeout: REDIS_SILENCE_MS,
    // While Redis is away requests fail at once instead of piling up.
    enableOfflineQueue: false,
    // Redis comes back in milliseconds; buyers should not wait for a long backoff.
    retryStrategy: (attempt: number) => Math.min(20 * attempt, 250),
    // Redis overstates how long it will be loading; asking often costs nothing.
    maxLoadingRetryTime: 50,
    connectTimeout: 2_000,
    enableAutoPipelining: false,
  } satisfies RedisOptions;
  const redis = url.startsWith('unix://')
    ? new Redis({ ...options, path: decodeURIComponent(new URL(url).pathname) })
    : new Redis(url, options);
  // Without a listener ioredis prints each failed reconnect; callers see the failure as StoreUnavailable.
  redis.on('error', () => {});
  return redis;
}

/** Resolves once commands can be sent. @throws when Redis does not become ready within `withinMs`. */
export function redisReady(redis: Redis, withinMs: number): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${withinMs} ms`)), withinMs);
  redis.once('ready', () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
