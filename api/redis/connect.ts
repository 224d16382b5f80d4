import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { REDIS_SILENCE_MS, REDIS_TIMEOUT_MS, SHARDS_LOOKED_UP_EVERY_MS } from '@flash-sale/shared/limits.ts';
import type { RedisAddress } from '../config.ts';
import { shardsOf, type RedisClient } from './shards.ts';

/** Redis comes back in milliseconds; buyers should not wait for a long backoff. */
const retrySoon = (attempt: number): number => Math.min(20 * attempt, 250);

/** A node that was lost is looked for again after this: a restart, or a promotion, is noticed as soon. */
const LOST_NODE_WAIT_MS = 100;

/** Of every connection that carries commands, whatever it is part of. */
const CONNECTION = {
  // A command whose reply was lost may have run: sending it again is our decision, never the client's.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  // With the line above, a lost reply would otherwise leave its promise pending for ever.
  commandTimeout: REDIS_TIMEOUT_MS,
  // A connection that went silent (its machine lost power, a firewall forgot it) is replaced.
  socketTimeout: REDIS_SILENCE_MS,
  // Redis overstates how long it will be loading; asking often costs nothing.
  maxLoadingRetryTime: 50,
  connectTimeout: 2_000,
  enableAutoPipelining: false,
  // Two commands less that a user of Redis must be allowed.
  disableClientInfo: true,
} satisfies RedisOptions;

const ONE = {
  ...CONNECTION,
  // While Redis is away requests fail at once instead of piling up.
  enableOfflineQueue: false,
  retryStrategy: retrySoon,
} satisfies RedisOptions;

/** Connects by itself, and again whenever it has to. */
export function connectRedis(address: string): Redis;
export function connectRedis(address: RedisAddress): RedisClient;
export function connectRedis(address: RedisAddress): RedisClient {
  const redis = clientFor(address);
  // Without a listener ioredis prints each failed reconnect; callers see the failure as StoreUnavailable.
  redis.on('error', (error: Error) => {
    if (!NO_DATABASE.test(error.message)) return;
    givenUp.set(redis, new Error(`The database in Redis' URL cannot be used: ${error.message}`));
    redis.disconnect();
  });
  return redis;
}

/** What Redis says to SELECT. The client would go on in database 0, among somebody else's keys. */
const NO_DATABASE = /^(ERR .*DB index|NOPERM .*'select')/;

/** Why a client is connected no more, for whoever waits until it is ready. */
const givenUp = new WeakMap<RedisClient, Error>();

function clientFor(address: RedisAddress): RedisClient {
  if (typeof address !== 'string') {
    return 'sentinels' in address
      ? throughSentinels(address.sentinels, address.master)
      : ofCluster(address.clusterNodes);
  }
  if (!address.startsWith('unix://')) return new Redis(address, ONE);
  return new Redis({ ...ONE, path: decodeURIComponent(new URL(address).pathname) });
}

/** The master may change; its connection is made anew through the sentinels, with whoever is master then. */
function throughSentinels(sentinels: readonly string[], master: string): Redis {
  const [asked = new URL(master)] = sentinels.map((url) => new URL(url));
  const { username: sentinelUsername, password: sentinelPassword, tls: sentinelTLS } = accessOf(asked);
  const { hostname, pathname } = new URL(master);
  const access = accessOf(new URL(master));
  return new Redis({
    ...ONE,
    ...access,
    name: decodeURIComponent(hostname),
    db: Number(pathname.slice(1)),
    role: 'master',
    sentinels: sentinels.map((url) => hostOf(new URL(url), 26_379)),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(sentinelTLS !== undefined && { sentinelTLS }),
    ...(access.tls !== undefined && { enableTLSForSentinelMode: true }),
    // A sentinel that hangs is passed over.
    sentinelCommandTimeout: REDIS_TIMEOUT_MS,
    sentinelRetryStrategy: retrySoon,
    sentinelReconnectStrategy: retrySoon,
    // A master that hangs does not say goodbye either.
    disconnectTimeout: 100,
    // A former master that lives on, cut off from the others, is left as soon as a sentinel says so,
    failoverDetector: true,
    // and one that was demoted when it refuses to write. `true`: nothing is sent again.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  });
}

/**
 * What ioredis knows of a cluster: its slots, and a connection to each node. Commands are sent through those by
 * `shards.ts`, so that nothing of its own sending, which tries again, is in the way.
 */
function ofCluster(urls: readonly string[]): Cluster {
  const nodes = urls.map((url) => new URL(url));
  const options = {
    redisOptions: { ...CONNECTION, ...(nodes[0] === undefined ? {} : accessOf(nodes[0])) },
    // A node that was lost is forgotten, and found again where it is still one of the cluster.
    clusterNodeRetryStrategy: null,
    // When all were, from the start.
    clusterRetryStrategy: retrySoon,
    // A replica may be behind.
    scaleReads: 'master',
    // Should a command ever go through the cluster itself: nothing waits in it, and nothing is sent a second time but
    // where a shard refused it.
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
    // It asks a node that may be cut off from the others, and then waits for ever; slots are all we need.
    enableReadyCheck: false,
    slotsRefreshInterval: SHARDS_LOOKED_UP_EVERY_MS,
    // A node that hangs is passed over.
    slotsRefreshTimeout: SHARDS_LOOKED_UP_EVERY_MS,
    // Names stay names: certificates are about those.
    dnsLookup: (name, tell) => tell(null, name),
  } satisfies ClusterOptions;
  const cluster = new Cluster(
    nodes.map((node) => hostOf(node, 6_379)),
    options,
  );
  // Not with the first command, which would wait for it; replicas too, because they are the next masters.
  cluster.on('+node', (node: Redis) => void node.connect().catch(() => {}));
  // Not at once: while it is away it is found, and lost, as often as it is looked for.
  let isDue = false;
  cluster.on('-node', () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      cluster.refreshSlotsCache();
    }, LOST_NODE_WAIT_MS);
  });
  return cluster;
}

function hostOf({ hostname, port }: URL, usualPort: number): { host: string; port: number } {
  // Brackets are how a URL writes an address of IPv6, and no part of it.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? usualPort : Number(port) };
}

function accessOf({
  protocol,
  username,
  password,
}: URL): Pick<RedisOptions, 'username' | 'password' | 'tls'> {
  return {
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** Between two looks; nothing is asked for them. */
const LOOK_EVERY_MS = 5;

/**
 * Resolves once commands can be sent; of a cluster to every shard, or when the time is over to one at least.
 * @throws when Redis does not become ready within `withinMs`, or never will
 */
export async function redisReady(redis: RedisClient, withinMs: number): Promise<void> {
  const endsAtMs = performance.now() + withinMs;
  for (;;) {
    const reason = givenUp.get(redis);
    if (reason !== undefined) throw reason;
    const shards = [...shardsOf(redis).values()];
    const ready = shards.filter((shard) => shard?.status === 'ready');
    if (ready.length > 0 && ready.length === shards.length) return;
    if (performance.now() >= endsAtMs) {
      if (ready.length > 0) return;
      throw new Error(`Redis did not answer within ${withinMs} ms`);
    }
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
