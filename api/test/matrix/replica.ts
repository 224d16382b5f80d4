/** A second Redis that follows a world's own, and services that were told that it is the master now. */

import { createServices, type Services } from '../../services.ts';
import { freePort } from '../free-port.ts';
import { privateRedis, type TestStore } from '../stores.ts';
import { until } from '../until.ts';
import { testConfig, type World } from '../world.ts';

export interface Replica {
  /** Has what the master had when this is called, and nothing that comes later. It may still be unknown to everybody. */
  promote(): Promise<void>;
  /** As a process that was told of the failover; its own set of clients. */
  readonly services: Services;
  stop(): Promise<void>;
}

export async function replicaOf(world: World): Promise<Replica> {
  const port = freePort();
  await world.services.redis.config('SET', 'repl-diskless-sync-delay', '0');
  await world.services.redis.config('SET', 'port', String(port));
  const store: TestStore = await privateRedis({ args: ['--replicaof', `127.0.0.1 ${port}`] });
  const services = createServices(testConfig(), { redis: store.url, databaseUrl: world.databaseUrl });
  await services.ready(5_000);
  const { redis } = services;
  await until(async () => (await redis.info('replication')).includes('master_link_status:up'));
  return {
    services,
    async promote() {
      // Everything that was acknowledged so far has arrived.
      const offset = async (of: Services['redis'], name: string) =>
        Number(new RegExp(`${name}:(\\d+)`).exec(await of.info('replication'))?.[1]);
      const sent = await offset(world.services.redis, 'master_repl_offset');
      await until(async () => (await offset(redis, 'slave_repl_offset')) >= sent);
      await redis.replicaof('NO', 'ONE');
    },
    async stop() {
      await services.close();
      await store.kill();
    },
  };
}
