import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql as raw } from 'drizzle-orm';
import { auditLog, operators } from '@flash-sale/drizzle/schema.ts';
import { OPERATOR_ROLES, type OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { createOpsApp } from '../app.ts';
import { roleFor } from '../http/operator.ts';
import { statement } from '../mysql/transaction.ts';
import { ops } from '../test/client.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function tokenOf(name: string, role: OperatorRole, days?: number): Promise<string> {
  const body = { name, role, ...(days === undefined ? {} : { expires_in_days: days }) };
  const added = await ops<{ token: string }>(world, 'POST', '/ops/operators', body);
  expect(added.status).toBe(201);
  return added.body.data.token;
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a token', () => {
  test('is shown once, has a prefix, and only its hash is kept', async () => {
    const token = await tokenOf('shown', 'viewer');
    expect(token).toMatch(/^fsop_[\w-]{43}$/);
    const me = await ops(world, 'GET', '/ops/me', undefined, as(token));
    expect(me.body.data).toEqual({ name: 'shown', role: 'viewer', expires_at: null });
    const kept = await statement(world.services.mysql, async (sql) => [
      await sql.select().from(operators),
      await sql.select().from(auditLog),
    ]);
    expect(JSON.stringify(kept)).not.toContain(token.slice('fsop_'.length));
  });

  test('is not told again under its Idempotency-Key, and no second one is issued', async () => {
    const add = () =>
      ops(
        world,
        'POST',
        '/ops/operators',
        { name: 'once', role: 'viewer' },
        { 'idempotency-key': 'add-once' },
      );
    expect((await add()).body.data).toHaveProperty('token');
    const again = await add();
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.body.data).toEqual({
      audit_id: expect.any(Number),
      action: 'operator.add',
      target: 'operator once',
    });
  });

  test('asked for by twins at once under one key is issued once, and nobody hears that the name is taken', async () => {
    const add = () =>
      ops(world, 'POST', '/ops/operators', { name: 'twin', role: 'viewer' }, { 'idempotency-key': 'twin' });
    const answers = await Promise.all([add(), add(), add(), add()]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 201]);
    // A key that is named like one of SQL's own is a key like any other.
    const other = { name: 'twin-2', role: 'viewer' };
    const under = { 'idempotency-key': 'operators_name' };
    await ops(world, 'POST', '/ops/operators', other, under);
    const reused = await ops(world, 'POST', '/ops/operators', { ...other, role: 'admin' }, under);
    expect(reused.body.code).toBe('idempotency_key_reused');
  });

  test('works until it is revoked or has expired, by the SQL clock', async () => {
    const [revoked, expired] = [await tokenOf('revoked', 'admin'), await tokenOf('expired', 'admin', 1)];
    const status = async (token: string) => (await ops(world, 'GET', '/ops/me', undefined, as(token))).status;
    expect([await status(revoked), await status(expired)]).toEqual([200, 200]);
    for (let i = 0; i < 2; i += 1) {
      expect((await ops(world, 'POST', '/ops/operators/revoked/revoke')).status).toBe(200);
    }
    await statement(world.services.mysql, (sql) =>
      sql.execute(raw`UPDATE operators SET expires_at = utc_timestamp(3) WHERE name = 'expired'`),
    );
    expect([await status(revoked), await status(expired)]).toEqual([401, 401]);
    const listed = (await ops<{ name: string; state: string }[]>(world, 'GET', '/ops/operators')).body.data;
    const stateOf = (name: string) => listed.find((operator) => operator.name === name)?.state;
    expect([stateOf('revoked'), stateOf('expired'), stateOf('shown')]).toEqual([
      'revoked',
      'expired',
      'active',
    ]);
  });

  test('is issued under a name that nobody has or had', async () => {
    await tokenOf('taken', 'viewer');
    for (const name of ['taken', 'bootstrap']) {
      const again = await ops(world, 'POST', '/ops/operators', { name, role: 'viewer' });
      expect(again.body.code).toBe('name_taken');
    }
    for (const name of ['', 'system:auditor', 'A', 'a b', 'x'.repeat(33)]) {
      const refused = await ops(world, 'POST', '/ops/operators', { name, role: 'viewer' });
      expect([refused.status, Object.keys(refused.body.errors ?? {})]).toEqual([400, ['name']]);
    }
    expect((await ops(world, 'POST', '/ops/operators/nobody/revoke')).body.code).toBe('operator_not_found');
  });
});

/** What needs no token: health, metrics, and the page about the API itself. */
const OPEN = ['/docs', '/docs/reader.js', '/health/live', '/health/ready', '/metrics', '/openapi.json'];

describe('the private listener', () => {
  const routes = () => {
    const app = createOpsApp(world.services, () => false);
    return app.routes.map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, '4000000000') }));
  };

  test('asks for a token on every route but those for supervisors and readers', () => {
    const guarded = routes().filter(({ path }) => !path.startsWith('/ops/'));
    expect(guarded.map(({ path }) => path).sort()).toEqual(OPEN);
  });

  test('answers 401 to nobody, garbage, revoked and expired tokens, whatever is asked, and does nothing', async () => {
    const revoked = await tokenOf('walk-revoked', 'admin');
    await ops(world, 'POST', '/ops/operators/walk-revoked/revoke');
    const expired = await tokenOf('walk-expired', 'admin', 1);
    await statement(world.services.mysql, (sql) =>
      sql.execute(raw`UPDATE operators SET expires_at = utc_timestamp(3) WHERE name = 'walk-expired'`),
    );
    const rowsBefore = await auditedRows();
    const headers = [
      '',
      'garbage',
      `Basic ${btoa('a:b')}`,
      `Bearer ${'x'.repeat(48)}`,
      `Bearer ${revoked}`,
      `Bearer ${expired}`,
      `Bearer ${BOOTSTRAP_TOKEN}x`,
    ];
    const targets = [
      ...routes(),
      { method: 'GET', path: '/ops/nothing' },
      { method: 'PUT', path: '/%6fps/sales' },
    ];
    for (const { method, path } of targets) {
      if (OPEN.includes(path)) continue;
      for (const authorization of headers) {
        const reply = await ops(world, method, path, method === 'GET' ? undefined : {}, { authorization });
        expect([method, path, authorization.slice(0, 10), reply.status, reply.body.code]).toEqual([
          method,
          path,
          authorization.slice(0, 10),
          401,
          'unauthorized',
        ]);
        expect(reply.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
    expect(await auditedRows()).toBe(rowsBefore);
  });

  test('lets each role do what it may, and nothing above: 403 comes before anything is looked at', async () => {
    const tokens = new Map<OperatorRole, string>();
    for (const role of OPERATOR_ROLES) tokens.set(role, await tokenOf(`walk-${role}`, role));
    const rowsBefore = await auditedRows();
    for (const { method, path } of routes()) {
      if (OPEN.includes(path)) continue;
      const needed = OPERATOR_ROLES.indexOf(roleFor(method, path));
      for (const role of OPERATOR_ROLES) {
        const mayBe = OPERATOR_ROLES.indexOf(role) >= needed;
        // Streams would be open for ever; and what may be done is tried in tests of its own.
        if (mayBe) continue;
        const body = method === 'GET' ? undefined : 'not even JSON';
        const reply = await ops(world, method, path, body, as(tokens.get(role) ?? ''));
        expect([method, path, role, reply.status, reply.body.code]).toEqual([
          method,
          path,
          role,
          403,
          'forbidden',
        ]);
      }
    }
    expect(await auditedRows()).toBe(rowsBefore);
  });

  test('lets a viewer change nothing: every route that is not reading needs an operator or more', () => {
    const changing = routes().filter(({ method }) => method !== 'GET' && method !== 'HEAD');
    expect(changing.length).toBeGreaterThan(0);
    expect(changing.filter(({ method, path }) => roleFor(method, path) === 'viewer')).toEqual([]);
    expect(roleFor('GET', '/ops/operators')).toBe('admin');
  });
});

async function auditedRows(): Promise<number> {
  return (await statement(world.services.mysql, (sql) => sql.select({ id: auditLog.id }).from(auditLog)))
    .length;
}
