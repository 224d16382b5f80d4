/** Each check, right and wrong, at a real API. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { statement } from '@flash-sale/api/mysql/transaction.ts';
import { ops } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { doctorAt } from '../test/doctor.ts';
import { ASKED_FOR, contractCheck, documentOf } from './contract.ts';

const home = mkdtempSync(join(tmpdir(), 'flash-sale-doctor-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

let world: World;
let originOfOps: string;
beforeAll(async () => {
  const secret = 'a secret of at least 24 bytes';
  world = await createWorld({
    workers: true,
    env: { WEBHOOK_SECRET: secret, STRIPE_WEBHOOK_SECRET: `whsec_${'s'.repeat(32)}` },
  });
  originOfOps = new URL(world.listening.opsUrl).origin;
});
afterAll(() => world.close());

const { settingsFor, checksOf, look, untilIt } = doctorAt(home);

test('where everything is right every check says so', async () => {
  await world.sale();
  await untilIt('workers', 'ok', settingsFor(originOfOps));
  const checks = await checksOf(settingsFor(originOfOps), { isDeep: true });
  expect(checks.filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual([
    'settings',
    'files',
    'address',
    'port',
    'listener',
    'contract',
    'token',
    'Redis',
    'SQL',
    'stores',
    'clocks',
    'workers',
    'webhooks',
    'sales',
    'units',
    'refunds',
    'deliveries',
    'idle tokens',
    'events',
    'heartbeat',
    'own clock',
    'audit log',
  ]);
  expect(checks[0]?.says).toContain('token from OPERATOR_TOKEN');
});

describe('the way to the listener', () => {
  test('a name that nobody has', async () => {
    const checks = await checksOf(settingsFor('http://nowhere.invalid:8001'));
    expect(checks.at(-1)).toMatchObject({ name: 'address', verdict: 'no' });
  });

  test('a port at which nothing listens', async () => {
    const closed = Bun.serve({ port: 0, fetch: () => new Response() });
    await closed.stop(true);
    const checks = await checksOf(settingsFor(`http://127.0.0.1:${closed.port}`));
    expect(checks.at(-1)).toMatchObject({ name: 'port', verdict: 'no' });
    expect(checks.at(-1)?.says).toContain('nothing listens there');
  });

  test('something else that answers is named, and gets no token', async () => {
    const tokens: (string | null)[] = [];
    using other = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch({ headers, url }) {
        tokens.push(headers.get('authorization'));
        if (new URL(url).pathname !== '/moved/openapi.json') {
          return new Response('<h1>It works</h1>', {
            headers: { 'content-type': 'text/html', server: 'httpd' },
          });
        }
        return Response.redirect('https://example.com/', 302);
      },
    });
    const url = `http://127.0.0.1:${other.port}`;
    const page = (await checksOf(settingsFor(url))).at(-1);
    expect(page).toMatchObject({ name: 'listener', verdict: 'no' });
    expect(page?.says).toContain('answers 200 with text/html of httpd');
    const moved = (await checksOf(settingsFor(`${url}/moved`))).at(-1);
    expect(moved?.says).toContain('answers 302 and leads to https://example.com/');
    expect(tokens).toEqual([null, null]);
  });

  test('the listener of buyers', async () => {
    const checks = await checksOf(settingsFor(new URL(world.listening.url).origin));
    expect(checks.at(-1)).toMatchObject({ name: 'listener', verdict: 'no' });
    expect(checks.at(-1)?.says).toContain('the listener of buyers');
  });

  test('something that takes connections and says nothing', async () => {
    using silent = Bun.listen({ port: 0, hostname: '127.0.0.1', socket: { data() {} } });
    const checks = await checksOf(settingsFor(`http://127.0.0.1:${silent.port}`));
    expect(checks.at(-1)).toMatchObject({ name: 'listener', verdict: 'no' });
    expect(checks.at(-1)?.says).toContain('nothing came within 3 s');
  });
});

test('an API of another make', async () => {
  const response = await fetch(`${originOfOps}/openapi.json`);
  const own = documentOf(await response.json());
  if (own === null) throw new Error('it has no document');
  expect([...own.operations].filter((operation) => operation.includes(' /ops/'))).toEqual([...ASKED_FOR]);
  expect(contractCheck({ ...own, version: '9.0.0' })).toMatchObject({ verdict: 'warn' });
  const fewer = new Set([...own.operations].filter((operation) => operation !== 'POST /ops/sales/batch'));
  expect(contractCheck({ ...own, operations: fewer })).toMatchObject({
    verdict: 'no',
    says: expect.stringContaining('no POST /ops/sales/batch'),
  });
  for (const body of [null, [], 'x', {}, { info: {}, paths: {} }]) expect(documentOf(body)).toBeNull();
});

describe('the token', () => {
  const issue = async (name: string, more: object) => {
    const { body } = await ops<{ token: string }>(world, 'POST', '/ops/operators', { name, ...more });
    return settingsFor(originOfOps, body.data.token);
  };

  test('of a viewer is all right, and it is said what it may', async () => {
    expect(await look('token', await issue('vera', { role: 'viewer', expires_in_days: 90 }))).toMatchObject({
      verdict: 'ok',
      says: expect.stringContaining('vera is viewer: may look and change nothing'),
    });
  });

  test('that ends soon', async () => {
    expect(await look('token', await issue('ann', { role: 'operator', expires_in_days: 2 }))).toMatchObject({
      verdict: 'warn',
      says: expect.stringContaining('expires in 1 d'),
    });
  });

  test('that was revoked: nothing behind it is looked at', async () => {
    const settings = await issue('bob', { role: 'operator' });
    await ops(world, 'POST', '/ops/operators/bob/revoke');
    const checks = await checksOf(settings);
    expect(checks.at(-1)).toMatchObject({ name: 'token', verdict: 'no' });
    expect(checks.at(-1)?.fix).toContain('OPERATOR_TOKEN');
  });

  test('that nobody used for a quarter is named to admins, until it is used or revoked', async () => {
    const [viewer, admin] = [await issue('idle', { role: 'viewer' }), settingsFor(originOfOps)];
    await issue('busy', { role: 'viewer' });
    await statement(world.services.mysql, (sql) =>
      sql.execute(`UPDATE operators SET created_at = created_at - interval 91 day,
        last_used_at = if(name = 'busy', utc_timestamp(3), null) WHERE name IN ('idle', 'busy')`),
    );
    expect(await look('idle tokens', admin)).toEqual({
      name: 'idle tokens',
      verdict: 'warn',
      says: 'nobody used for 90 d: idle',
      fix: 'flashsale operators revoke NAME',
    });
    expect(await look('idle tokens', viewer)).toBeUndefined();
    await untilIt('idle tokens', 'ok', admin);
    await statement(world.services.mysql, (sql) =>
      sql.execute(`UPDATE operators SET last_used_at = last_used_at - interval 91 day WHERE name = 'idle'`),
    );
    expect(await look('idle tokens', admin)).toMatchObject({ verdict: 'warn' });
    await ops(world, 'POST', '/ops/operators/idle/revoke');
    expect(await look('idle tokens', admin)).toMatchObject({ verdict: 'ok' });
  });
});

describe('files', () => {
  afterEach(() => rmSync(join(home, '.config'), { recursive: true, force: true }));

  test('that others may write to', async () => {
    const folder = join(home, '.config/flashsale');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, 'contexts.toml');
    writeFileSync(file, '');
    chmodSync(file, 0o644);
    expect(await look('files', settingsFor(originOfOps))).toMatchObject({
      verdict: 'ok',
      says: `${file} (644)`,
    });
    chmodSync(file, 0o664);
    expect(await look('files', settingsFor(originOfOps))).toMatchObject({
      verdict: 'warn',
      fix: `chmod go-w ${file}`,
    });
    chmodSync(file, 0o600);
    chmodSync(folder, 0o777);
    expect(await look('files', settingsFor(originOfOps))).toMatchObject({
      verdict: 'warn',
      fix: `chmod go-w ${folder}`,
    });
  });
});
