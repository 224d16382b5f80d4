/**
 * A database of the first version, as it was left in the middle of a sale: two orders paid, one not yet, a payment that
 * came before its order. It must become one of this version, whatever happens on the way, and be sold on from.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { escapeId } from 'mysql2';
import { createConnection } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { migrate } from '@flash-sale/drizzle/migrate.ts';
import { OUR_TABLES } from '../backup/dump.ts';
import { load } from '../backup/load.ts';
import { listen, type Listening } from '../server.ts';
import { createServices, type Services } from '../services.ts';
import { audit } from './audit.ts';
import { rowsOf, scratchFolder } from './backups.ts';
import { hold, ops, order, pay, send } from './client.ts';
import { expire, settle } from './settling.ts';
import { privateRedis, type TestStore } from './stores.ts';
import { bareDatabase, freshDatabase, testConfig } from './world.ts';

const OLD = readFileSync(join(import.meta.dir, 'first-version.sql'), 'utf8');
const MIGRATIONS = readMigrationFiles({
  migrationsFolder: join(import.meta.dir, '../../drizzle/migrations'),
});
const SALE = 1;

async function carryOut(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const connection = await createConnection(connectionOptions(databaseUrl));
  try {
    for (const statement of statements) await connection.query(statement);
  } finally {
    await connection.end();
  }
}

async function oldDatabase(): Promise<string> {
  const databaseUrl = await bareDatabase();
  await carryOut(
    databaseUrl,
    OLD.split('\n').filter((line) => line !== '' && !line.startsWith('--')),
  );
  return databaseUrl;
}

async function tablesOf(databaseUrl: string): Promise<Record<string, string>> {
  const tables: Record<string, string> = {};
  for (const table of OUR_TABLES) {
    const [row] = await rowsOf(databaseUrl, `SHOW CREATE TABLE ${escapeId(table)}`);
    tables[table] = String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
  }
  return tables;
}

const WITH_ROWS = ['orders', 'hold_outcomes', 'payments', 'deliveries', 'products'];
const rows = (databaseUrl: string) =>
  Promise.all(
    WITH_ROWS.map(async (table) => {
      const [count] = await rowsOf(databaseUrl, `SELECT count(*) AS rows_there FROM ${table}`);
      return count?.['rows_there'];
    }),
  );

describe('a database of the first version', () => {
  test('gets the tables of a new one, and keeps its rows', async () => {
    const databaseUrl = await oldDatabase();
    expect(await migrate(databaseUrl)).toBe(MIGRATIONS.length - 1);
    expect(await tablesOf(databaseUrl)).toEqual(await tablesOf(await freshDatabase()));
    expect(await rows(databaseUrl)).toEqual([3, 3, 2, 3, 1]);
  });

  test.each(MIGRATIONS.slice(1).map((migration, index) => [index + 1, migration.sql.length] as const))(
    'does so when migration %i was killed after the first, half or all of its %i statements',
    async (number, statements) => {
      const expected = await tablesOf(await freshDatabase());
      const killedAfter = [...new Set([1, Math.ceil(statements / 2), statements])];
      for (const done of killedAfter) {
        const databaseUrl = await oldDatabase();
        for (const { sql, hash } of MIGRATIONS.slice(1, number)) {
          await carryOut(databaseUrl, [
            ...sql,
            `INSERT INTO migrations VALUES ('${hash}', utc_timestamp(3))`,
          ]);
        }
        await carryOut(databaseUrl, MIGRATIONS[number]?.sql.slice(0, done) ?? []);
        expect(await migrate(databaseUrl)).toBe(MIGRATIONS.length - number);
        expect(await tablesOf(databaseUrl)).toEqual(expected);
        expect(await rows(databaseUrl)).toEqual([3, 3, 2, 3, 1]);
      }
    },
    60_000,
  );
});

interface Listed {
  readonly order_id: string;
  readonly hold_id: string;
  readonly state: string;
}

describe('a backup of the first version', () => {
  let redis: TestStore;
  let services: Services;
  let listening: Listening;
  beforeAll(async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'first.sql.gz');
    await Bun.write(file, gzipSync(OLD));
    redis = await privateRedis();
    const databaseUrl = await bareDatabase();
    expect(await load(databaseUrl, file, false)).toMatchObject({ migrations: MIGRATIONS.length - 1 });
    services = createServices(testConfig(), { redis: redis.url, databaseUrl });
    await services.ready(5_000);
    listening = listen(services);
  });
  afterAll(async () => {
    await listening.stop();
    await services.close();
    await redis.stop();
  });

  test('is restored by this one and sold on from, payment and refund included (I1, I2, I5)', async () => {
    const api = { listening };
    const listed = await ops<{ items: Listed[] }>(api, 'GET', '/ops/orders');
    const pending = listed.body.data.items.find(({ state }) => state === 'pending');
    const answer = await send(api, 'GET', `/api/holds/${pending?.hold_id}`);
    expect(answer.body.data['state']).toBe('ordered');
    expect((await pay(api, String(pending?.hold_id), 'pi_old_3')).body.data.status).toBe('paid');
    expect(
      (await ops(api, 'POST', `/ops/orders/${pending?.order_id}/refunded`, { reference: 're_1' })).status,
    ).toBe(200);
    const { body } = await hold(api, 1, { quantity: 5 });
    expect((await order(api, body.data.hold_id, 'pi_new')).status).toBe(201);
    await settle(services, SALE);
    expect(await audit(services, SALE)).toMatchObject({ committed: 9, available: 91, drift: 0 });
    await expire(services, SALE);
    expect(await audit(services, SALE)).toMatchObject({ committed: 4, available: 96, drift: 0 });
  });
});
