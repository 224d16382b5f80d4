import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { chmodSync, existsSync, lstatSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import {
  inFolder,
  isRunning,
  mariaDbTemplate,
  messageOf,
  recordedPids,
  searchPathWithoutSetpriv,
  spawnOwner,
  until,
  withMariaDb,
  withRedis,
} from './fixtures.ts';
import { operatorToken } from './operator-token.ts';
import { type EmbeddedStores, openEmbeddedStores } from './stores.ts';

setDefaultTimeout(30_000);

const template = mariaDbTemplate();
beforeAll(() => template.make());
afterAll(() => template.remove());

const lines: string[] = [];
const say = (line: string): void => void lines.push(line);

/** A folder as a former first start left it. */
function inDataDir(work: (dataDir: string, folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    lines.length = 0;
    const dataDir = join(folder, 'data');
    await template.copyTo(join(dataDir, 'mysql'));
    await work(dataDir, folder);
  });
}

const modeOf = (path: string) => lstatSync(path).mode;

async function remember(stores: EmbeddedStores, value: string): Promise<void> {
  await withRedis(stores.redisUrl, (redis) => redis.set('remembered', value));
  await withMariaDb(stores.databaseUrl, async (connection) => {
    await connection.query('create table if not exists remembered (value varchar(20))');
    await connection.query('insert into remembered values (?)', [value]);
  });
}

async function remembered(stores: EmbeddedStores): Promise<(string | null)[]> {
  const inRedis = await withRedis(stores.redisUrl, (redis) => redis.get('remembered'));
  const [rows] = await withMariaDb(stores.databaseUrl, (connection) =>
    connection.query<RowDataPacket[]>('select max(value) as value from remembered'),
  );
  return [inRedis, rows[0]?.['value'] as string];
}

test('a second start has the data of the first, and a stop leaves nothing running', () =>
  inDataDir(async (dataDir) => {
    const both = { dataDir, redis: true, mysql: true, say };
    const first = await openEmbeddedStores(both);
    await remember(first, 'first');
    await Promise.all([first.stop(), first.stop()]);
    const second = await openEmbeddedStores(both);
    expect(await remembered(second)).toEqual(['first', 'first']);
    const pids = Object.values(second.pids());
    const runDir = dirname(new URL(second.redisUrl ?? '').pathname);
    expect(statSync(runDir).mode & 0o777).toBe(0o700);
    await second.stop();
    expect(pids.filter(isRunning)).toEqual([]);
    expect(existsSync(runDir)).toBe(false);
    expect(readdirSync(dataDir).sort()).toEqual(
      expect.arrayContaining(['logs', 'mysql', 'owner.lock', 'redis']),
    );
    expect(existsSync(join(dataDir, 'stores.json'))).toBe(false);
    expect(lines[0]).toMatch(/^(redis|mariadb) +[\d.]+ +started in \d+ ms /);
  }));

test('what is kept is for its owner only, in a folder that is open to others too', () =>
  inDataDir(async (dataDir) => {
    chmodSync(dataDir, 0o755);
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say });
    operatorToken(dataDir);
    await remember(stores, 'mine');
    const kept = readdirSync(dataDir).map((name) => [name, modeOf(join(dataDir, name)) & 0o077] as const);
    await stores.stop();
    // The lock has nothing in it, and who may see that there is one may know it.
    expect(kept.filter(([name, others]) => others !== 0 && !name.startsWith('owner.lock'))).toEqual([]);
    expect(kept.map(([name]) => name)).toEqual(
      expect.arrayContaining(['logs', 'mysql', 'operator-token', 'redis', 'stores.json']),
    );
  }));

test('a store that is not wanted is not started', () =>
  inDataDir(async (dataDir) => {
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: false, say });
    expect(Object.keys(stores.pids())).toEqual(['redis']);
    expect(stores.databaseUrl).toBeUndefined();
    await stores.stop();
  }));

test('two owners of one folder: the second is refused and the first is not disturbed', () =>
  inDataDir(async (dataDir) => {
    const both = { dataDir, redis: true, mysql: true, say };
    const stores = await openEmbeddedStores(both);
    const pids = stores.pids();
    expect(await messageOf(openEmbeddedStores(both))).toContain(`in use by process ${process.pid}`);
    expect(stores.pids()).toEqual(pids);
    await remember(stores, 'undisturbed');
    await stores.stop();
  }));

test('after kill -9 of the owner its stores end, and the next start has the data', () =>
  inDataDir(async (dataDir) => {
    const owner = spawnOwner(dataDir);
    await until(() => existsSync(join(dataDir, 'stores.json')) && owner.lines().includes('open'));
    const { redis = 0, mariadb = 0 } = recordedPids(dataDir);
    const { runDir } = await Bun.file(join(dataDir, 'stores.json')).json();
    await withRedis(`unix://${runDir}/redis.sock`, (client) => client.set('remembered', 'kept'));
    await owner.kill();
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say });
    expect([redis, mariadb].filter(isRunning)).toEqual([]);
    expect(await withRedis(stores.redisUrl, (client) => client.get('remembered'))).toBe('kept');
    await stores.stop();
  }));

test('stores that outlive a killed owner are adopted, and started again when they end', () =>
  inDataDir(async (dataDir, folder) => {
    const searchPath = searchPathWithoutSetpriv(folder);
    const owner = spawnOwner(dataDir, searchPath);
    await until(() => owner.lines().includes('open'));
    const former = recordedPids(dataDir);
    await owner.kill();
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say, searchPath });
    try {
      expect(stores.pids()).toEqual(former);
      expect(lines.join('\n')).toContain(`adopted (pid ${former.redis})`);
      expect(lines.join('\n')).toContain(`adopted (pid ${former.mariadb})`);
      await remember(stores, 'adopted');
      process.kill(former.redis ?? 0, 'SIGKILL');
      await until(() => lines.some((line) => /redis .* started again/.test(line)));
      expect(await remembered(stores)).toEqual(['adopted', 'adopted']);
    } finally {
      await stores.stop();
    }
    expect(isRunning(former.mariadb ?? 0)).toBe(false);
  }));

test('an outliving store that this start does not use is ended', () =>
  inDataDir(async (dataDir, folder) => {
    const searchPath = searchPathWithoutSetpriv(folder);
    const owner = spawnOwner(dataDir, searchPath);
    await until(() => owner.lines().includes('open'));
    const former = recordedPids(dataDir);
    await owner.kill();
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: false, say, searchPath });
    expect(isRunning(former.mariadb ?? 0)).toBe(false);
    await stores.stop();
  }));

test('a recorded pid that belongs to another process now is left alone', () =>
  inDataDir(async (dataDir) => {
    const stranger = Bun.spawn(['sleep', '60']);
    try {
      const entry = {
        pid: stranger.pid,
        identity: 'another boot/1',
        diesWithOwner: false,
        socket: '/nowhere',
      };
      writeFileSync(join(dataDir, 'stores.json'), JSON.stringify({ redis: entry, mariadb: entry }));
      const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say });
      await stores.stop();
      expect(isRunning(stranger.pid)).toBe(true);
    } finally {
      stranger.kill();
    }
  }));

test('a store that is killed -9 comes back by itself, on the same socket, with its data', () =>
  inDataDir(async (dataDir) => {
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say });
    try {
      await remember(stores, 'kept');
      const killed = stores.pids();
      for (const pid of Object.values(killed)) process.kill(pid, 'SIGKILL');
      await until(() => lines.filter((line) => line.includes('started again')).length === 2);
      expect(await remembered(stores)).toEqual(['kept', 'kept']);
      expect(stores.pids().redis).not.toBe(killed.redis);
      expect(recordedPids(dataDir)).toEqual(stores.pids());
      expect(lines).toContain('redis ended by itself (SIGKILL); starting it again');
    } finally {
      await stores.stop();
    }
  }));

test('a stop at any instant after a kill -9 leaves nothing running, and does not wait', () =>
  inDataDir(async (dataDir) => {
    for (const delayMs of [0, 5, 20, 50, 80]) {
      const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: true, say });
      for (const pid of Object.values(stores.pids())) process.kill(pid, 'SIGKILL');
      await Bun.sleep(delayMs);
      const startedAt = performance.now();
      await stores.stop();
      // A MariaDB that is told to stop while it starts would take the whole grace of 15 s.
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(Object.values(stores.pids()).filter(isRunning)).toEqual([]);
    }
  }));

test('without restart a store that ends stays down', () =>
  inDataDir(async (dataDir) => {
    const stores = await openEmbeddedStores({ dataDir, redis: true, mysql: false, say, restart: false });
    const { redis = 0 } = stores.pids();
    process.kill(redis, 'SIGKILL');
    await until(() => !isRunning(redis));
    await stores.stop();
    expect(lines.filter((line) => line.includes('again'))).toEqual([]);
  }));

test('when one store cannot be had, the other is stopped and the folder is free', () =>
  inDataDir(async (dataDir) => {
    writeFileSync(join(dataDir, 'mysql', 'ibdata1'), 'not a tablespace');
    const both = { dataDir, redis: true, mysql: true, say };
    expect(await messageOf(openEmbeddedStores(both))).toMatch(/mariadb ended at start[^]*\[ERROR\]/);
    const stores = await openEmbeddedStores({ ...both, mysql: false });
    await stores.stop();
  }));

test('stores of different folders run side by side', () =>
  inFolder(async (folder) => {
    const dataDirs = ['a', 'b'].map((name) => join(folder, name));
    await Promise.all(dataDirs.map((dataDir) => template.copyTo(join(dataDir, 'mysql'))));
    const all = await Promise.all(
      dataDirs.map((dataDir) => openEmbeddedStores({ dataDir, redis: true, mysql: true, say })),
    );
    for (const [index, stores] of all.entries()) await remember(stores, `number ${index}`);
    expect(await Promise.all(all.map(remembered))).toEqual([
      ['number 0', 'number 0'],
      ['number 1', 'number 1'],
    ]);
    await Promise.all(all.map((stores) => stores.stop()));
  }));
