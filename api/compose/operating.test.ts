/**
 * What an operator of a compose installation does beside selling, in a real MariaDB with the users and secrets that are
 * made for it: backup, restore, new secrets.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@flash-sale/drizzle/migrate.ts';
import { load } from '../backup/load.ts';
import { backUp, rowsOf } from '../test/backups.ts';
import { privateMariaDb, type TestStore } from '../test/stores.ts';
import { rotateSecrets, writeSecrets } from './secrets.ts';

let secrets: string;
let mariadb: TestStore;
beforeAll(async () => {
  secrets = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
  writeSecrets(secrets);
  mariadb = await startMariaDb();
  await migrate(urlIn('migration/database-url'));
}, 60_000);
afterAll(async () => {
  await mariadb.kill();
  rmSync(secrets, { recursive: true, force: true });
});

const startMariaDb = (folder?: string) =>
  privateMariaDb({
    ...(folder !== undefined && { folder }),
    args: [`--init-file=${join(secrets, 'mariadb/users.sql')}`],
  });

/** Only the place of the server is another one here. */
function urlIn(path: string): string {
  const url = new URL(readFileSync(join(secrets, path), 'utf8').trim());
  url.searchParams.set('socketPath', mariadb.socket);
  return url.href;
}

const productsOf = (databaseUrl: string) => rowsOf(databaseUrl, 'SELECT name FROM products');

test('whoever sells can back up, and whoever migrates can restore', async () => {
  const [app, migration] = [urlIn('app/database-url'), urlIn('migration/database-url')];
  const file = join(secrets, 'backup.sql.gz');
  await rowsOf(app, "INSERT INTO products VALUES (1, 'Lamp', '', 1999, 'EUR', utc_timestamp(3))");
  await backUp(app, file);
  await rowsOf(app, "INSERT INTO products VALUES (2, 'Later', '', 1999, 'EUR', utc_timestamp(3))");
  await load(migration, file, true);
  expect(await productsOf(app)).toEqual([expect.objectContaining({ name: 'Lamp' })]);
});

test('with secrets that were made anew, the next start of SQL lets nobody in with the former ones', async () => {
  const paths = ['app/database-url', 'migration/database-url'];
  const former = paths.map(urlIn);
  rotateSecrets(secrets);
  await mariadb.kill();
  mariadb = await startMariaDb(mariadb.folder);
  for (const url of former) expect(await rowsOf(url, 'SELECT 1').catch(String)).toContain('Access denied');
  for (const path of paths) expect(await productsOf(urlIn(path))).toHaveLength(1);
});
