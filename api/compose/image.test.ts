/**
 * What the Dockerfile does, done here without Docker: the files that it copies, the dependencies that it installs, and the
 * secrets that are made for it are enough to run the installation. store-users.test.ts has what it may do in the stores.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { startApi } from '../test/api-process.ts';
import { rowsOf } from '../test/backups.ts';
import { hold, order, pay, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { bareDatabase, createWorld, type World } from '../test/world.ts';

const ROOT = join(import.meta.dir, '../..');
const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

let world: World;
let image: string;
let secrets: string;
beforeAll(async () => {
  world = await createWorld();
  image = mkdtempSync(join(tmpdir(), 'flash-sale-image-'));
  secrets = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
});
afterAll(async () => {
  for (const folder of [image, secrets]) rmSync(folder, { recursive: true, force: true });
  await world.close();
});

const IGNORED = readFileSync(join(ROOT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => ({ isKept: line.startsWith('!'), pattern: line.replace(/^!/, '') }));

/** The last pattern that matches a file decides. */
const isInContext = (path: string) =>
  IGNORED.findLast(({ pattern }) => new Bun.Glob(`{${pattern},${pattern}/**}`).match(path))?.isKept ?? true;

async function build(): Promise<void> {
  for (const [, instruction = '', rest = ''] of DOCKERFILE.matchAll(/^(COPY|RUN) (.*)$/gm)) {
    if (instruction === 'RUN') await run(rest.split(' '));
    else if (!rest.startsWith('--from')) copy(rest.split(' '));
  }
}

/** Of files into a folder, or of one folder to its own name: no other form is used. */
function copy(names: readonly string[]): void {
  const target = names.at(-1) ?? '';
  for (const source of names.slice(0, -1)) {
    const isFolder = statSync(join(ROOT, source)).isDirectory();
    const files = (isFolder ? filesIn(source) : [source]).filter(isInContext);
    expect([source, files.length > 0]).toEqual([source, true]);
    for (const path of files) {
      const place = join(image, isFolder ? path : join(target, basename(path)));
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(ROOT, path), place);
    }
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)));
}

async function run([program = '', ...words]: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([program === 'bun' ? process.execPath : program, ...words], {
    cwd: image,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}:\n${out}${err}`);
  return out;
}

test('the image makes secrets, migrates, sells and works', async () => {
  await build();
  await run(['bun', 'api/compose/secrets.ts', secrets]);
  const secret = (name: string) => join(secrets, 'app', name);
  // Only the hosts of the stores are others here.
  rmSync(secret('redis-url'));
  rmSync(secret('database-url'));
  writeFileSync(secret('redis-url'), world.redisUrl);
  writeFileSync(secret('database-url'), await bareDatabase());
  expect(await run(['bun', 'drizzle/migrate.ts'], { DATABASE_URL_FILE: secret('database-url') })).toMatch(
    /^\d+ migrations applied\n$/,
  );

  const env = {
    NODE_ENV: 'production',
    REDIS_URL: '',
    REDIS_URL_FILE: secret('redis-url'),
    DATABASE_URL: '',
    DATABASE_URL_FILE: secret('database-url'),
    OPERATOR_TOKEN: '',
    OPERATOR_TOKEN_FILE: secret('operator-token'),
    WEBHOOK_SECRET_FILE: secret('webhook-secret'),
  };
  const [api, worker] = await Promise.all([
    startApi(world, { root: image, env }),
    startApi(world, { root: image, env, script: 'worker.ts' }),
  ]);
  for (const { listening } of [api, worker]) {
    const probe = healthProbe(new URL(listening.opsUrl).host);
    await until(() => run(probe).then(() => true));
  }

  const token = readFileSync(secret('operator-token'), 'utf8').trim();
  const operate = async <Data>(path: string, body: unknown): Promise<Data> => {
    const response = await fetch(`${api.listening.opsUrl}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'idempotency-key': crypto.randomUUID(),
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    expect([path, response.status < 300, text]).toEqual([path, true, text]);
    return (JSON.parse(text) as { data: Data }).data;
  };
  const lamp = { name: 'Lamp', description: 'A lamp.', price: 19.99, currency: 'EUR' };
  const product = await operate<{ id: number }>('/ops/products', lamp);
  const sale = await operate<{ id: number }>('/ops/sales', {
    product_id: product.id,
    allotment: 5,
    opens_at: new Date().toISOString(),
  });
  await operate(`/ops/sales/${sale.id}/launch`, {});
  const shop = { listening: api.listening };
  const held = await until(async () => {
    const answer = await hold(shop, product.id);
    return answer.status === 201 ? answer.body.data : null;
  });
  expect((await order(shop, held.hold_id, 'pi_1')).status).toBe(201);
  // A secret is set, so nobody pays without it.
  expect((await pay(shop, held.hold_id, 'pi_1')).status).toBe(401);
  expect((await send(shop, 'GET', `/api/products/${product.id}`)).status).toBe(200);

  // While it sells; and what it sold, in another database.
  const backup = join(secrets, 'backup.sql.gz');
  await run(['bun', 'api/backup/backup.ts', backup], env);
  for (const one of [api, worker]) {
    await one.listening.stop();
    expect(await one.ended).toBe('exit code 0');
  }
  const elsewhere = await bareDatabase();
  writeFileSync(secret('database-url'), elsewhere);
  await run(['bun', 'api/backup/restore.ts', backup], env);
  expect(await rowsOf(elsewhere, 'SELECT payment_intent_id FROM orders')).toEqual([
    expect.objectContaining({ payment_intent_id: 'pi_1' }),
  ]);
}, 120_000);

/** That of the compose file. */
function healthProbe(host: string): string[] {
  const file = Bun.YAML.parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')) as {
    services: { api: { healthcheck: { test: string[] } } };
  };
  const [kind, ...command] = file.services.api.healthcheck.test;
  expect(kind).toBe('CMD');
  return command.map((word) => word.replace('127.0.0.1:8001', host));
}
