/** What one contest needs: fresh stores with the settings of the embedded ones, and servers in processes of their own. */

import { privateMariaDb, privateRedis, type TestStore } from '../test/stores.ts';
import { startApi } from '../test/api-process.ts';
import { createWorld, freshDatabase, type World } from '../test/world.ts';
import { endWithUs } from './leftovers.ts';

/** Signed with by webhooks. */
export const WEBHOOK_KEY = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));

export interface Server {
  readonly url: string;
  readonly pid: number;
}

export interface Stage {
  readonly world: World;
  readonly redisPid: number;
  readonly sqlPid: number;
  /** @param script in api/; the sales that it is to know of come first */
  serve(script: string, env?: Readonly<Record<string, string>>): Promise<Server>;
  /** @returns the URL of a database with all tables in which nobody looks for sales */
  otherDatabase(): Promise<string>;
  close(): Promise<void>;
}

let mariaDb: Promise<TestStore> | undefined;

/** Of what takes part. */
export async function versions(): Promise<Record<string, string>> {
  mariaDb ??= privateMariaDb();
  const redis = await privateRedis();
  await redis.stop();
  return { Bun: Bun.version, Redis: redis.version, MariaDB: (await mariaDb).version };
}

export async function openStage(): Promise<Stage> {
  mariaDb ??= privateMariaDb();
  const { url, pid } = await mariaDb;
  const world = await createWorld({ databaseServerUrl: url });
  const stopping: (() => Promise<void>)[] = [];
  return {
    world,
    redisPid: world.redis.pid,
    sqlPid: pid,
    async serve(script, env = {}) {
      const api = await startApi(world, {
        script,
        workers: 'inline',
        env: {
          NODE_ENV: 'production',
          WEBHOOK_SECRET: `whsec_${WEBHOOK_KEY.toString('base64')}`,
          ...env,
        },
      });
      endWithUs(api, api.ended);
      stopping.push(() => api.listening.stop());
      return { url: api.listening.url, pid: api.pid };
    },
    otherDatabase: () => freshDatabase(url),
    async close() {
      await Promise.all(stopping.map((stop) => stop()));
      await world.close();
    },
  };
}
