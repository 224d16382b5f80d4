import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createConnection, escapeId } from 'mysql2';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { deliveries } from '@flash-sale/drizzle/schema.ts';
import { MARIADB } from '../embedded/mariadb.ts';
import { openEmbeddedStores } from '../embedded/stores.ts';
import { statement } from '../mysql/transaction.ts';
import { backUp, rowsOf, scratchFolder } from '../test/backups.ts';
import { newJournal, whileBuying } from '../test/buyers.ts';
import { hold, ops, order, pay } from '../test/client.ts';
import { chanceOf } from '../test/seeded.ts';
import { until } from '../test/until.ts';
import { bareDatabase, createWorld, freshDatabase, type World } from '../test/world.ts';
import { dump, FORGET_REDIS, OUR_TABLES } from './dump.ts';
import { writeBackup } from './file.ts';
import { load } from './load.ts';

let world: World;
let productId: number;
beforeAll(async () => {
  world = await createWorld({ workers: true });
  ({ productId } = await world.sale({ allotment: 1_000 }));
});
afterAll(() => world.close());

/** What a table says, but for the epochs of sales. */
async function contentsOf(databaseUrl: string): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const table of OUR_TABLES) {
    const rows = await rowsOf(databaseUrl, `SELECT * FROM ${escapeId(table)}`);
    contents[table] = rows
      .map(({ epoch: _epoch, armed_epoch: _armed, ...row }) => JSON.stringify(row))
      .sort();
  }
  return contents;
}

async function buyOne(intentId = `pi_${crypto.randomUUID()}`): Promise<void> {
  const { body } = await hold(world, productId, { quantity: 1, buyer_id: "o'Brien\\" });
  expect((await order(world, body.data.hold_id, intentId)).status).toBe(201);
  expect((await pay(world, body.data.hold_id, intentId)).body.data.status).toBe('paid');
}

describe('a backup', () => {
  test('has every row as it was, whatever is in it, and sales at an epoch of their own', async () => {
    using folder = scratchFolder();
    const quiet = await createWorld();
    try {
      const { saleId, productId: product } = await quiet.sale({ allotment: 5 });
      const { body } = await hold(quiet, product, { buyer_id: "o'Brien\\" });
      await order(quiet, body.data.hold_id, 'pi_quiet');
      await pay(quiet, body.data.hold_id, 'pi_quiet');
      await ops(quiet, 'POST', `/ops/sales/${saleId}/pause`, { reason: 'Ünïcödé 🎟 "\n\\\'' });
      await statement(quiet.services.mysql, (sql) =>
        sql.update(deliveries).set({ body: '{"a":"\\n\u0000\'%_\\\\ 🎟"}', headers: ';\n-- DROP\r\n' }),
      );
      const file = join(folder.path, 'backup.sql.gz');
      await backUp(quiet.databaseUrl, file);
      const copy = await bareDatabase();
      await load(copy, file, false);
      expect(await contentsOf(copy)).toEqual(await contentsOf(quiet.databaseUrl));
      const [before] = await rowsOf(quiet.databaseUrl, 'SELECT epoch FROM sales');
      const [after] = await rowsOf(copy, 'SELECT epoch, armed_epoch FROM sales');
      expect(Number(after?.['epoch'])).toBeGreaterThan(Number(before?.['epoch']) + 1e12);
      expect(after?.['armed_epoch']).toEqual(after?.['epoch']);
    } finally {
      await quiet.close();
    }
  });

  test('taken while everybody buys is of one moment: orders are what the ledger counted (I1)', async () => {
    using folder = scratchFolder();
    const files = ['early', 'later', 'last'].map((name) => join(folder.path, `${name}.sql.gz`));
    const journal = newJournal();
    const crowd = { api: () => world, productId, chance: chanceOf(7), journal };
    await whileBuying(crowd, 12, async () => {
      for (const file of files) {
        const sold = journal.ordered.length;
        await until(() => journal.ordered.length > sold + 20);
        await backUp(world.databaseUrl, file);
      }
    });
    expect(journal.unexpected).toEqual([]);
    for (const file of files) {
      const copy = await bareDatabase();
      await load(copy, file, false);
      const [sums] = await rowsOf(
        copy,
        `SELECT (SELECT committed FROM sales) AS committed,
          (SELECT sum(quantity) FROM orders WHERE state IN ('pending', 'paid')) AS ordered,
          (SELECT count(*) FROM orders) AS orders,
          (SELECT count(*) FROM hold_outcomes WHERE outcome = 'ordered') AS outcomes`,
      );
      expect(Number(sums?.['committed'])).toBeGreaterThan(0);
      expect(Number(sums?.['ordered'])).toBe(Number(sums?.['committed']));
      expect(sums?.['outcomes']).toBe(sums?.['orders']);
    }
  });

  test('is one file that only its owner reads, and nothing is left of one that failed', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    await backUp(world.databaseUrl, file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const nowhere = new URL(world.databaseUrl);
    nowhere.pathname = '/no_such_database';
    expect(await backUp(nowhere.href, join(folder.path, 'other.sql.gz')).catch(String)).toContain(
      'no_such_database',
    );
    expect(readdirSync(folder.path)).toEqual(['backup.sql.gz']);
  });

  test('fails when SQL ends among the rows, does not wait for it, and leaves nothing', async () => {
    using folder = scratchFolder();
    const databaseUrl = await freshDatabase();
    // More than a connection holds, so that the rest is still to be sent.
    await rowsOf(
      databaseUrl,
      `INSERT INTO audit_log (actor, action, target, \`before\`, request_id, previous_hash, hash)
       SELECT 'a', 'b', 'c', repeat('y', 60000), 'd', sha2(seq, 256), '' FROM seq_1_to_300`,
    );
    const connection = createConnection(connectionOptions(databaseUrl));
    async function* cutShort() {
      for await (const line of dump(connection)) {
        yield line;
        if (line.startsWith('INSERT INTO `audit_log`')) await cut(databaseUrl, connection.threadId);
      }
    }
    const written = writeBackup(cutShort(), join(folder.path, 'backup.sql.gz'));
    expect(await written.catch(String)).toContain('Connection lost');
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

const cut = (databaseUrl: string, threadId: number) =>
  rowsOf(databaseUrl, `KILL ${threadId}`).catch((error: unknown) => {
    if (!String(error).includes('Unknown thread id')) throw error;
  });

describe('a restore', () => {
  test('refuses a file that is no backup, damaged, not whole or of a newer version, and touches nothing', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    await backUp(world.databaseUrl, file);
    const whole = readFileSync(file);
    const text = gunzipSync(whole).toString();
    const lines = text.split('\n');
    const target = await freshDatabase();
    const before = await contentsOf(target);
    const tried = async (bytes: Buffer) => {
      writeFileSync(file, bytes);
      return load(target, file, true).then(() => 'restored', String);
    };
    const damaged = Buffer.from(whole);
    const middle = whole.length >> 1;
    damaged.fill(0, middle, middle + 8);
    expect(await tried(damaged)).toContain('cannot be read to its end');
    expect(await tried(whole.subarray(0, whole.length - 20))).toContain('cannot be read to its end');
    expect(await tried(gzipSync(lines.slice(0, -2).join('\n')))).toContain('is not whole');
    expect(await tried(gzipSync(lines.toSpliced(9, 1).join('\n')))).toContain('is not whole');
    expect(await tried(gzipSync('DROP TABLE orders;\n'))).toContain('is not a backup');
    expect(await tried(gzipSync(text.replace('"migrations":["', '"migrations":["ff')))).toContain(
      'newer version',
    );
    expect(await load(target, join(folder.path, 'none'), true).catch(String)).toContain('no such file');
    expect(await contentsOf(target)).toEqual(before);
    expect(await tried(whole)).toBe('restored');
  });

  test('refuses a database that has rows, unless told to replace it, one that is in use, and one of a newer version', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    await backUp(world.databaseUrl, file);
    expect(await load(world.databaseUrl, file, true).catch(String)).toContain('in use by');
    const target = await bareDatabase();
    await load(target, file, false);
    const whole = await contentsOf(target);
    await rowsOf(target, 'DELETE FROM payments');
    await rowsOf(target, "INSERT INTO heartbeats VALUES ('of_another', utc_timestamp(3), NULL)");
    expect(await load(target, file, false).catch(String)).toContain('is not empty');
    await load(target, file, true);
    expect(await contentsOf(target)).toEqual(whole);
    await rowsOf(target, `INSERT INTO migrations VALUES ('${'f'.repeat(64)}', utc_timestamp(3))`);
    const ofNewerVersion = await contentsOf(target);
    expect(await load(target, file, true).catch(String)).toContain('newer version has used this database');
    expect(await contentsOf(target)).toEqual(ofNewerVersion);
  });

  test('waits a moment for whoever is just leaving', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    await backUp(world.databaseUrl, file);
    const target = await bareDatabase();
    const leaving = createConnection(connectionOptions(target));
    await leaving.promise().query('SELECT 1');
    const loaded = load(target, file, false);
    setTimeout(() => leaving.destroy(), 500);
    expect(await loaded.then(() => 'restored', String)).toBe('restored');
  });

  test('that ended in its middle left no row, and may be begun again', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    await buyOne();
    await backUp(world.databaseUrl, file);
    const whole = readFileSync(file);
    const lines = gunzipSync(whole).toString().split('\n');
    // As SQL would refuse it in the very end.
    const at = lines.findIndex((line) => line.startsWith('UPDATE sales'));
    writeFileSync(file, gzipSync(lines.with(at, 'UPDATE no_such_table SET a = 1;').join('\n')));
    const target = await bareDatabase();
    expect(await load(target, file, false).catch(String)).toContain('no_such_table');
    expect((await rowsOf(target, 'SELECT count(*) AS count FROM orders'))[0]?.['count']).toBe(0);
    writeFileSync(file, whole);
    await load(target, file, false);
    expect(
      Number((await rowsOf(target, 'SELECT count(*) AS count FROM orders'))[0]?.['count']),
    ).toBeGreaterThan(0);
  });
});

const ROOT = join(import.meta.dir, '../..');

test('the runbook has the statement for a SQL that was restored in another way', () => {
  expect(readFileSync(join(ROOT, 'RUNBOOK.md'), 'utf8')).toContain(`\n${FORGET_REDIS};\n`);
});

async function run(script: string, args: string[], env: Record<string, string>, input?: Bun.BunFile) {
  const child = Bun.spawn([process.execPath, join(ROOT, 'api/backup', script), ...args], {
    env: { ...process.env, DATABASE_URL: '', ...env },
    stdin: input ?? 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [code, out, said] = await Promise.all([child.exited, child.stdout.bytes(), child.stderr.text()]);
  return { code, out, said };
}

describe('the commands', () => {
  test('back up the private database of a running API, and restore it in another folder', async () => {
    using folder = scratchFolder();
    const [file, dataDir, other] = ['a.sql.gz', 'data', 'other'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    const open = (dir: string) =>
      openEmbeddedStores({ dataDir: dir, redis: false, mysql: true, restart: false, say: () => {} });
    const stores = await open(dataDir);
    const { databaseUrl = '' } = stores;
    await rowsOf(databaseUrl, 'CREATE TABLE of_the_shop (a int)');
    using source = scratchFolder();
    const sold = join(source.path, 'sold.sql.gz');
    await backUp(world.databaseUrl, sold);
    await load(databaseUrl, sold, false);
    const expected = await contentsOf(databaseUrl);

    const running = await run('backup.ts', [file], { DATA_DIR: dataDir });
    expect([running.code, running.said]).toEqual([0, `backup   ${file}, written and read again\n`]);
    const refused = await run('restore.ts', [file, '--replace'], { DATA_DIR: dataDir });
    expect([refused.code, refused.said]).toEqual([1, expect.stringContaining('is in use by')]);
    await stores.stop();

    mkdirSync(join(other, 'redis'), { recursive: true, mode: 0o700 });
    const restored = await run('restore.ts', [file], { DATA_DIR: other });
    expect([restored.code, restored.said]).toEqual([
      0,
      expect.stringContaining('restored what SQL knew at 20'),
    ]);
    expect([existsSync(join(other, 'redis')), existsSync(join(other, MARIADB.folder))]).toEqual([
      false,
      true,
    ]);
    const again = await open(other);
    try {
      expect(await contentsOf(again.databaseUrl ?? '')).toEqual(expected);
    } finally {
      await again.stop();
    }
    // Of a folder that no API uses, too.
    const stopped = await run('backup.ts', ['-'], { DATA_DIR: other });
    expect([stopped.code, gunzipSync(stopped.out).toString().split('\n')[0]]).toEqual([
      0,
      expect.stringContaining('a backup'),
    ]);
  }, 60_000);

  test('work on a database of one’s own, through pipes', async () => {
    using folder = scratchFolder();
    const backup = await run('backup.ts', ['-'], { DATABASE_URL: world.databaseUrl });
    expect(backup.said).toBe('');
    const file = join(folder.path, 'piped.sql.gz');
    await Bun.write(file, backup.out);
    const target = await bareDatabase();
    const restored = await run('restore.ts', ['-'], { DATABASE_URL: target }, Bun.file(file));
    expect([restored.code, restored.said]).toEqual([
      0,
      expect.stringContaining('empty it before an API starts'),
    ]);
    truncateSync(file, 100);
    const half = await run('restore.ts', ['-', '--replace'], { DATABASE_URL: target }, Bun.file(file));
    expect([half.code, half.said]).toEqual([1, expect.stringContaining('cannot be read to its end')]);
    expect((await rowsOf(target, 'SELECT id FROM sales')).length).toBe(1);
  });

  test('say what is wrong in a line, and make no folder', async () => {
    using folder = scratchFolder();
    const nowhere = join(folder.path, 'none');
    const backup = await run('backup.ts', ['-'], { DATA_DIR: nowhere });
    expect([backup.code, backup.said]).toEqual([
      1,
      `There is no database in ${nowhere}. Set DATA_DIR or DATABASE_URL.\n`,
    ]);
    expect((await run('restore.ts', [], { DATA_DIR: nowhere })).said).toStartWith('usage: ');
    expect(existsSync(nowhere)).toBe(false);
  });
});
