import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import { inFolder, mariaDbTemplate, messageOf, spawnOwner, until, withMariaDb } from './fixtures.ts';
import { prepareMariaDbData } from './mariadb-data.ts';
import { startMariaDb } from './mariadb.ts';
import { openEmbeddedStores } from './stores.ts';

setDefaultTimeout(30_000);

const template = mariaDbTemplate();
beforeAll(() => template.make());
afterAll(() => template.remove());

test('MariaDB is started as the design demands: durable commits, utf8mb4_unicode_ci, UTC, no port', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'mysql');
    await template.copyTo(dataDir);
    const store = await startMariaDb({ dataDir, runDir: folder });
    try {
      const [rows] = await withMariaDb(store.url, (connection) =>
        connection.query<RowDataPacket[]>(
          `select database() as name, @@innodb_flush_log_at_trx_commit as flush, @@collation_database as collation,
             timediff(now(), utc_timestamp()) as zone, @@skip_networking as private`,
        ),
      );
      expect(rows[0]).toMatchObject({
        name: 'flash_sale',
        flush: 1,
        collation: 'utf8mb4_unicode_ci',
        zone: '00:00:00',
        private: 1,
      });
    } finally {
      await store.stop();
    }
  }));

test('MariaDB keeps a committed row over kill -9', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'mysql');
    await template.copyTo(dataDir);
    const first = await startMariaDb({ dataDir, runDir: folder });
    await withMariaDb(first.url, async (connection) => {
      await connection.query('create table kept (n int primary key)');
      await connection.query('insert into kept values (7)');
    });
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await startMariaDb({ dataDir, runDir: folder });
    try {
      const [rows] = await withMariaDb(second.url, (connection) =>
        connection.query<RowDataPacket[]>('select n from kept'),
      );
      expect(rows).toEqual([{ n: 7 } as RowDataPacket]);
    } finally {
      await second.stop();
    }
  }));

test('when MariaDB does not start, its own words are in the message', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'mysql');
    await template.copyTo(dataDir);
    const message = await messageOf(startMariaDb({ dataDir, runDir: folder, args: ['--no-such-flag'] }));
    expect(message).toStartWith('mariadb ended at start (exit code');
    expect(message).toContain("unknown option '--no-such-flag'");
  }));

test('when two prepare the same folder at once, one whole folder is there and nothing else', () =>
  inFolder(async (folder) => {
    const made = await Promise.all([1, 2].map(() => prepareMariaDbData(join(folder, 'mysql'))));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(names(folder)).toEqual(['mysql']);
  }));

test('a bootstrap that is killed half-way leaves no data folder, and the next start makes a whole one', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'data');
    const unfinished = () => names(dataDir).find((name) => name.startsWith('mysql.new'));
    const owner = spawnOwner(dataDir);
    await until(() => existsSync(join(dataDir, unfinished() ?? '', 'data', 'ibdata1')));
    await owner.kill();
    expect(names(dataDir)).not.toContain('mysql');
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const stores = await openEmbeddedStores({ dataDir, redis: false, mysql: true, say });
    await stores.stop();
    expect(lines.join()).toMatch(/mariadb .* prepared in .* \(first start\)/);
  }));

test('what killed bootstraps left behind is removed, even if this start has the same pid', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'mysql');
    await template.copyTo(dataDir);
    for (const maker of [`${process.pid}-anotherstart`, '1-gone']) mkdirSync(`${dataDir}.new-${maker}-abc`);
    expect(await prepareMariaDbData(dataDir)).toBe(false);
    expect(names(folder)).toEqual(['mysql']);
  }));

function names(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
