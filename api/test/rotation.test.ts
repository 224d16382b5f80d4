/** The passwords of both stores, changed while buyers buy, as the runbook says. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startApi } from './api-process.ts';
import { rowsOf } from './backups.ts';
import { hold, order } from './client.ts';
import { demandingCrowd } from './demanding-crowd.ts';
import { freePort, freePortsInARow } from './free-port.ts';
import { scrape } from './scrape.ts';
import { privateMariaDb, privateRedis, type TestStore } from './stores.ts';
import { until } from './until.ts';
import { createWorldOn, type WorldOf } from './world.ts';
import type { Services } from '../services.ts';

let redis: TestStore;
let mariadb: TestStore;
let world: WorldOf<Services>;
let folder: string;
const redisPort = freePort();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'flash-sale-rotation-'));
  [redis, mariadb] = await Promise.all([
    privateRedis({ args: ['--port', `${redisPort}`, '--bind', '127.0.0.1'] }),
    privateMariaDb(),
  ]);
  world = await createWorldOn(redis.url, { databaseServerUrl: mariadb.url });
}, 60_000);
afterAll(async () => {
  await world.close();
  await Promise.all([redis.stop(), mariadb.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function askRedis(...command: [string, ...string[]]): Promise<unknown> {
  const admin = new Redis({ path: redis.socket });
  try {
    return await admin.call(...command);
  } finally {
    admin.disconnect();
  }
}

/** The user of SQL is another one each time, because it has one password; Redis' has several. */
function accessOf(name: string) {
  const password = `${name}-${crypto.randomUUID()}`;
  const databaseUrl = new URL(world.databaseUrl);
  [databaseUrl.username, databaseUrl.password] = [name, password];
  return {
    password,
    databaseUrl: databaseUrl.href,
    redisUrl: `redis://flash_sale:${password}@127.0.0.1:${redisPort}`,
    write() {
      writeFileSync(join(folder, 'database-url'), databaseUrl.href);
      writeFileSync(join(folder, 'redis-url'), this.redisUrl);
    },
    async add() {
      await rowsOf(world.databaseUrl, `CREATE USER ${name}@localhost IDENTIFIED BY '${password}'`);
      await rowsOf(
        world.databaseUrl,
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${databaseUrl.pathname.slice(1)}.* TO ${name}@localhost`,
      );
      await askRedis('ACL', 'SETUSER', 'flash_sale', 'on', '~{s:*', '+@all', `>${password}`);
    },
    async remove() {
      await rowsOf(world.databaseUrl, `DROP USER ${name}@localhost`);
      await askRedis('ACL', 'SETUSER', 'flash_sale', `<${password}`);
    },
  };
}

test('the passwords of Redis and SQL are changed by a replacement, and no buyer notices', async () => {
  const { productId } = await world.sale({ allotment: 1_000_000 });
  const [before, after] = [accessOf('former'), accessOf('newer')];
  await before.add();
  before.write();
  const first = freePortsInARow(2);
  const opsUrls = [first, first + 1].map((port) => `http://127.0.0.1:${port}`);
  const api = await startApi(
    { redisUrl: '', databaseUrl: '' },
    {
      env: {
        API_PROCESSES: '2',
        OPS_PORT: String(first),
        REDIS_URL_FILE: join(folder, 'redis-url'),
        DATABASE_URL_FILE: join(folder, 'database-url'),
      },
    },
  );
  try {
    const startedAt = async (opsUrl: string) =>
      (await scrape(opsUrl)).value('process_start_time_seconds') ?? 0;
    const started = await until(() => Promise.all(opsUrls.map(startedAt)));
    const crowd = demandingCrowd(api.listening.url, productId, 8);
    await until(() => (crowd.answers.get(201) ?? 0) > 20);

    await after.add();
    after.write();
    process.kill(api.pid, 'SIGUSR2');
    await until(async () => {
      const looks = await Promise.all([...opsUrls, ...opsUrls, ...opsUrls].map(startedAt));
      return looks.every((at, index) => at > (started[index % 2] ?? 0));
    }, 25_000);
    const isUsed = async (user: string) =>
      (await rowsOf(mariadb.url, `SELECT id FROM information_schema.processlist WHERE user = '${user}'`))
        .length > 0;
    await until(async () => (await isUsed('newer')) && !(await isUsed('former')));
    await before.remove();

    const answered = crowd.answers.get(201) ?? 0;
    await until(() => (crowd.answers.get(201) ?? 0) > answered + 20);
    const { body } = await hold(api, productId);
    expect((await order(api, body.data.hold_id, 'pi_after')).status).toBe(201);
    await crowd.leave();
    expect(crowd.failures).toEqual([]);
    expect(await rowsOf(before.databaseUrl, 'SELECT 1').catch(String)).toContain('Access denied');
    expect(await askRedis('AUTH', 'flash_sale', before.password).catch(String)).toContain('WRONGPASS');
  } finally {
    await api.listening.stop();
  }
}, 60_000);
