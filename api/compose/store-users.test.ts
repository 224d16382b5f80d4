/**
 * The users that docker-compose.yml has in its stores, in real servers: with them every request of both listeners and all
 * workers do their work, and whoever has their passwords can do nothing else.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { migrate } from '@flash-sale/drizzle/migrate.ts';
import { listen, type Listening } from '../server.ts';
import { createServices, type Services } from '../services.ts';
import { read, ROOT, service, volumesOf } from '../test/compose-file.ts';
import { EventClient } from '../test/event-client.ts';
import { freePort } from '../test/free-port.ts';
import { installed } from '../test/installed.ts';
import { runNewman } from '../test/postman/newman.ts';
import { privateMariaDb, privateRedis, type TestStore } from '../test/stores.ts';
import { until } from '../test/until.ts';
import { testConfig } from '../test/world.ts';
import { startWorkers } from '../workers/workers.ts';
import { writeSecrets } from './secrets.ts';

let secrets: string;
let redis: TestStore;
let mariadb: TestStore;
let redisUrl: string;
beforeAll(async () => {
  secrets = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
  writeSecrets(secrets);
  const port = freePort();
  [redis, mariadb] = await Promise.all([
    privateRedis({ args: ['--port', `${port}`, '--bind', '127.0.0.1', ...usersOfRedis()] }),
    privateMariaDb({ args: [`--init-file=${join(secrets, 'mariadb/users.sql')}`] }),
  ]);
  redisUrl = secret('app/redis-url').replace('@redis:6379', `@127.0.0.1:${port}`);
  await migrate(sqlUrl('migration/database-url'));
}, 60_000);
afterAll(async () => {
  await Promise.all([redis, mariadb].map((store) => store.kill()));
  rmSync(secrets, { recursive: true, force: true });
});

const secret = (path: string) => readFileSync(join(secrets, path), 'utf8').trim();

/** Lines of the configuration file, as flags. The fixture looks at a server without a password. */
function usersOfRedis(): string[] {
  const lines = secret('redis/redis.conf').split('\n');
  return lines.filter((line) => line.startsWith('user ')).flatMap((line) => `--${line}`.split(' '));
}

/** Of the user of APIs and workers, who is the first. */
function allowedIn(flags: readonly string[]): Set<string> {
  const own = flags.slice(0, flags.indexOf('--user', 1));
  return new Set(own.filter((word) => word.startsWith('+')).map((word) => word.slice(1)));
}

function calledByScripts(): Set<string> {
  const folder = join(ROOT, 'lua');
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.lua'));
  const texts = scripts.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const calls = texts.matchAll(/redis\.p?call\(\s*'([A-Z]+)'/g);
  return new Set([...calls].map(([, name = '']) => name.toLowerCase()));
}

/** Only the place of the server is another one here. */
function sqlUrl(path: string): string {
  const url = new URL(secret(path));
  url.searchParams.set('socketPath', mariadb.socket);
  return url.href;
}

describe('the users of APIs and workers', () => {
  let services: Services;
  let listening: Listening;
  let workers: ReturnType<typeof startWorkers>;
  beforeAll(async () => {
    services = createServices(testConfig(), { redis: redisUrl, databaseUrl: sqlUrl('app/database-url') });
    await services.ready(5_000);
    listening = listen(services);
    workers = startWorkers(services);
  });
  afterAll(async () => {
    await listening.stop();
    await workers.stop();
    await services.close();
  });

  test('may do all that the requests of both documents and the workers need, and are refused nothing', async () => {
    const watching = await EventClient.open({ listening });
    const { requests, failures } = await runNewman({ listening });
    expect(failures).toEqual([]);
    expect(requests).toBeGreaterThan(50);
    await until(() => watching.of('order.paid').length > 0);
    await watching.cut();
    const again = await EventClient.open({ listening }, { after: watching.lastId });
    await until(() => again.of('ready').length > 0);
    await again.cut();
    const admin = new Redis({ path: redis.socket });
    const refusals = await admin.call('ACL', 'LOG');
    const stats = await admin.info('commandstats');
    admin.disconnect();
    expect(refusals).toEqual([]);
    // What scripts call is compared with them below; all else was really needed here, but for the shards of a cluster.
    const asked = new Set([...stats.matchAll(/^cmdstat_([a-z|]+)/gm)].map(([, name]) => name));
    const needed = allowedIn(usersOfRedis()).difference(calledByScripts());
    expect([...needed.difference(asked)]).toEqual(['cluster|slots', 'asking']);
  }, 60_000);
});

describe('the user of Redis', () => {
  const asUser = async <Answer>(ask: (client: Redis) => Promise<Answer>): Promise<Answer> => {
    const client = new Redis(redisUrl, { disableClientInfo: true });
    try {
      return await ask(client);
    } finally {
      client.disconnect();
    }
  };

  test('may call what the scripts call', () => {
    const called = calledByScripts();
    expect(called.size).toBeGreaterThan(15);
    expect([...called.difference(allowedIn(usersOfRedis()))]).toEqual([]);
  });

  const FORBIDDEN = `
    FLUSHALL; FLUSHDB; KEYS *; SCAN 0; RANDOMKEY; DBSIZE
    CONFIG GET requirepass; CONFIG SET dir /tmp; ACL LIST; ACL SETUSER mine; DEBUG SLEEP 0
    CLIENT LIST; MONITOR; SLOWLOG GET; SCRIPT FLUSH; FUNCTION LIST; MODULE LIST
    SHUTDOWN; SAVE; BGREWRITEAOF; REPLICAOF NO ONE; CLUSTER RESET; PUBLISH a b
    GET another; SET another 1; DEL another; EVAL return{KEYS[1]} 1 another
    EVAL return(redis.call('FLUSHALL')) 0; EVAL return(redis.call('GET','another')) 0
  `;
  test.each(FORBIDDEN.trim().split(/\s*[;\n]\s*/))('may not: %s', async (line) => {
    const [command = '', ...words] = line.split(' ');
    const answer = await asUser((client) => client.call(command, ...words)).catch(String);
    expect(String(answer)).toMatch(
      /NOPERM|can't (run this command|access at least one of the keys)|not allowed/,
    );
  });

  test('follows a slot of a cluster that is just being moved', async () => {
    const answer = await asUser((client) => client.call('ASKING')).catch(String);
    expect(String(answer)).toContain('cluster support disabled');
  });

  test('reads and writes the keys of sales', async () => {
    await asUser((client) => client.set('{s:9}:era', 'mine'));
    expect(await asUser((client) => client.get('{s:9}:era'))).toBe('mine');
  });
});

test('the exporter sees the figures of Redis, as a user that sees no settings and no keys', async () => {
  const { host } = new URL(redisUrl);
  const passwords = join(secrets, 'passwords-here.json');
  writeFileSync(passwords, secret('redis-exporter/passwords.json').replaceAll('redis:6379', host));
  // As in the installation: nobody gets in without a name.
  const admin = new Redis({ path: redis.socket });
  await admin.config('SET', 'requirepass', secret('redis/password'));
  const listenAt = `127.0.0.1:${freePort()}`;
  const exporter = Bun.spawn(
    [
      await installed('prometheus-redis-exporter', 'prometheus-redis-exporter'),
      `-web.listen-address=${listenAt}`,
    ],
    {
      env: { ...service('redis-exporter').environment, REDIS_PASSWORD_FILE: passwords },
      stdout: 'ignore',
      stderr: 'ignore',
    },
  );
  const seen = await until(async () =>
    (await fetch(`http://${listenAt}/scrape?target=redis://${host}`)).text(),
  );
  exporter.kill();
  for (const line of [
    'redis_up 1',
    'redis_memory_used_bytes',
    'redis_aof_last_write_status',
    'redis_evicted_keys_total',
  ]) {
    expect(seen).toContain(`\n${line}`);
  }
  const password = JSON.parse(readFileSync(passwords, 'utf8'))[`redis://${host}`] as string;
  const client = new Redis(`redis://exporter:${password}@${host}`, { disableClientInfo: true });
  for (const [command = '', ...words] of ['CONFIG GET *', 'KEYS *', 'GET {s:1}:meta', 'FLUSHALL'].map(
    (line) => line.split(' '),
  )) {
    expect(await client.call(command, ...words).catch(String)).toContain('NOPERM');
  }
  client.disconnect();
  await admin.config('SET', 'requirepass', '');
  admin.disconnect();
}, 120_000);

/** What SQL says to each; rows that come back are no refusal. */
async function asked(url: string, statements: readonly string[]): Promise<string[]> {
  const connection = await createConnection(connectionOptions(url));
  const answers: string[] = [];
  for (const statement of statements) {
    const answer = await connection.query(statement).then(
      () => 'done',
      ({ message }: Error) => message,
    );
    answers.push(`${statement}: ${/denied|requires|lacks/i.test(answer) ? 'refused' : answer}`);
  }
  await connection.end();
  return answers;
}

const refused = (statements: readonly string[]) => statements.map((statement) => `${statement}: refused`);
const done = (statements: readonly string[]) => statements.map((statement) => `${statement}: done`);

const NOBODY = [
  "SELECT LOAD_FILE('/etc/passwd') FROM mysql.user",
  "SELECT 1 INTO OUTFILE '/tmp/flash-sale-outfile'",
  'SELECT * FROM mysql.global_priv',
  'SET GLOBAL max_connections = 1',
  'CREATE DATABASE another',
  'CREATE USER somebody',
  "GRANT ALL ON flash_sale.* TO flash_sale@'%'",
  'SHUTDOWN',
];

describe('the users of SQL', () => {
  test('of APIs and workers change rows and no tables', async () => {
    const forbidden = [
      ...NOBODY,
      'DROP TABLE audit_log',
      'TRUNCATE TABLE audit_log',
      'ALTER TABLE sales ADD mine int',
      'CREATE TABLE mine (id int)',
      'CREATE TRIGGER mine BEFORE INSERT ON sales FOR EACH ROW SET @mine = 1',
      'CREATE VIEW mine AS SELECT 1',
    ];
    expect(await asked(sqlUrl('app/database-url'), forbidden)).toEqual(refused(forbidden));
    const allowed = ['SELECT count(*) FROM sales', 'DELETE FROM sales WHERE id = 0'];
    expect(await asked(sqlUrl('app/database-url'), allowed)).toEqual(done(allowed));
  });

  test('of the migration change tables, and nothing beyond the database', async () => {
    expect(await asked(sqlUrl('migration/database-url'), NOBODY)).toEqual(refused(NOBODY));
    const allowed = ['CREATE TABLE mine (id int)', 'ALTER TABLE mine ADD b int', 'DROP TABLE mine'];
    expect(await asked(sqlUrl('migration/database-url'), allowed)).toEqual(done(allowed));
    const holders = ['api', 'worker', 'migrate'].filter((name) =>
      volumesOf(service(name)).some(([volume]) => volume === 'migration-secrets'),
    );
    expect(holders).toEqual(['migrate']);
  });

  test('of the exporter looks and changes nothing', async () => {
    const [, password = ''] = /^password=(\w+)$/m.exec(secret('mysqld-exporter/my.cnf')) ?? [];
    const url = new URL(sqlUrl('app/database-url'));
    [url.username, url.password, url.pathname] = ['exporter', password, ''];
    const allowed = ['GLOBAL STATUS', 'GLOBAL VARIABLES', 'SLAVE STATUS', 'PROCESSLIST'].map(
      (what) => `SHOW ${what}`,
    );
    expect(await asked(url.href, allowed)).toEqual(done(allowed));
    const forbidden = [...NOBODY, 'SELECT * FROM flash_sale.sales'];
    expect(await asked(url.href, forbidden)).toEqual(refused(forbidden));
  });

  test('replace those of an installation that was made before them', async () => {
    const before = await createConnection({ socketPath: mariadb.socket, user: 'root' });
    await before.query("GRANT ALL ON flash_sale.* TO flash_sale@'%'");
    await before.end();
    const { folder } = mariadb;
    await mariadb.stop();
    mariadb = await privateMariaDb({ folder, args: [`--init-file=${join(secrets, 'mariadb/users.sql')}`] });
    const forbidden = ['DROP TABLE audit_log'];
    expect(await asked(sqlUrl('app/database-url'), forbidden)).toEqual(refused(forbidden));
    const [file] = volumesOf(service('mariadb')).filter(([volume]) => volume === 'mariadb-secrets');
    expect(service('mariadb').command).toContain(`--init-file=${file?.[1]}/users.sql`);
    expect(read('docker-compose.yml')).not.toContain('MARIADB_USER');
  }, 60_000);
});
