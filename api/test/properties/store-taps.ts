/**
 * Services whose every call to a store goes through a tap: a test may count calls, hold them back, or change them.
 * The stores are the real ones, and the features do not notice.
 */

import type { Pool, PoolConnection } from 'mysql2/promise';
import type { Reach } from '../../reach.ts';
import type { RedisClient } from '../../redis/shards.ts';
import type { Services } from '../../services.ts';

interface StoreCall {
  readonly store: 'redis' | 'sql';
  /** The command, or the statement. */
  readonly what: string;
}

/** Makes the call by `run`, sooner or later. */
export type Tap = (call: StoreCall, run: () => Promise<unknown>) => Promise<unknown>;

export interface TapOptions {
  readonly tap: Tap;
  /** Changes a statement on its way. */
  readonly rewrite?: (statement: string) => string;
  readonly reach?: Reach;
}

/** Another process, as far as the features can tell: what they remember per process is not shared. */
export function tapped(services: Services, { tap, rewrite = same, reach }: TapOptions): Services {
  return {
    ...services,
    redis: tapRedis(services.redis, tap),
    mysql: tapPool(services.mysql, tap, rewrite),
    reach: reach ?? services.reach,
  };
}

function same(statement: string): string {
  return statement;
}

type AnyFunction = (...args: unknown[]) => unknown;

/** Methods keep their object: the classes behind have private fields. */
function bound(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value as AnyFunction).bind(target) : value;
}

const REDIS_CALLS: readonly (string | symbol)[] = ['call', 'hmget', 'info', 'time', 'ping'];

function tapRedis<Client extends RedisClient>(redis: Client, tap: Tap): Client {
  return new Proxy(redis, {
    get(target, name) {
      const value = bound(target, name);
      if (!REDIS_CALLS.includes(name)) return value;
      return (...args: unknown[]) => {
        const what = name === 'call' ? String(args[0]) : String(name);
        return tap({ store: 'redis', what }, () => (value as AnyFunction)(...args) as Promise<unknown>);
      };
    },
  });
}

function tapPool(pool: Pool, tap: Tap, rewrite: (statement: string) => string): Pool {
  const realOf = new WeakMap<object, PoolConnection>();
  const tappedOf = new WeakMap<object, PoolConnection>();
  const wrap = (connection: PoolConnection): PoolConnection => {
    const known = tappedOf.get(connection.connection);
    if (known !== undefined) return known;
    const wrapped = tapConnection(connection, tap, rewrite);
    tappedOf.set(connection.connection, wrapped);
    realOf.set(wrapped, connection);
    return wrapped;
  };
  return new Proxy(pool, {
    get(target, name) {
      if (name === 'getConnection') return async () => wrap(await target.getConnection());
      if (name === 'releaseConnection') {
        return (connection: PoolConnection) => realOf.get(connection)?.release();
      }
      return bound(target, name);
    },
  });
}

function tapConnection(
  connection: PoolConnection,
  tap: Tap,
  rewrite: (statement: string) => string,
): PoolConnection {
  // What is remembered per connection (a query builder, say) is remembered for the tapped one.
  const identity = {};
  return new Proxy(connection, {
    get(target, name) {
      if (name === 'connection') return identity;
      const value = bound(target, name);
      if (name !== 'query' && name !== 'execute') return value;
      return (query: string | { sql: string }, ...rest: unknown[]) => {
        const changed = typeof query === 'string' ? rewrite(query) : { ...query, sql: rewrite(query.sql) };
        const what = typeof changed === 'string' ? changed : changed.sql;
        const run = () => (value as AnyFunction)(changed, ...rest) as Promise<unknown>;
        return tap({ store: 'sql', what }, run);
      };
    },
  });
}
