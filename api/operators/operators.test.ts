import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { sql as raw } from 'drizzle-orm';
import { auditLog, operators } from '@flash-sale/drizzle/schema.ts';
import { OPERATOR_ROLES, type OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { createOpsApp } from '../app.ts';
import { roleFor } from '../http/operator.ts';
import { statement } from '../mysql/transaction.ts';
import { hold, ops, order } from '../test/client.ts';
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
    const app = createOpsApp(world.services);
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

  test('is not talked into another path by a Host header or a spelling', async () => {
    const operator = await tokenOf('walk-host', 'operator');
    const body = JSON.stringify({ name: 'mine', role: 'admin' });
    for (const host of ['h?', 'h#', 'h|', 'h h', '@', '', '[::1', 'h%', 'h:99999', 'h/ops']) {
      const headers = [`host: ${host}`, 'content-type: application/json', `content-length: ${body.length}`];
      const said = await bytes(
        `POST /ops/operators HTTP/1.1`,
        [...headers, `authorization: Bearer ${operator}`],
        body,
      );
      expect([host, /^HTTP\/1\.1 (400|403)/.test(said)]).toEqual([host, true]);
      const unasked = await bytes('GET /ops/overview HTTP/1.1', [`host: ${host}`]);
      expect([host, /^HTTP\/1\.1 (400|401)/.test(unasked)]).toEqual([host, true]);
    }
    for (const path of ['orders', 'sales', 'products', 'webhooks', 'webhooks/replays']) {
      const climb = String.raw`\..`.repeat(path.split('/').length + 2);
      for (const open of [String.raw`\metrics`, String.raw`\docs`, String.raw`\health\live`]) {
        const said = await bytes(`GET /ops/${path}/x${climb}${open} HTTP/1.1`, ['host: h']);
        expect([path, open, said.startsWith('HTTP/1.1 401')]).toEqual([path, open, true]);
      }
    }
    const as = [`authorization: Bearer ${operator}`, 'host: h', 'content-length: 0'];
    const climbing = await bytes('POST /ops/operators/%2e%2e/revoke HTTP/1.1', as);
    expect(climbing).toMatch(/^HTTP\/1\.1 (403|404)/);
    const { body: listed } = await ops<{ name: string }[]>(world, 'GET', '/ops/operators');
    expect(listed.data.map(({ name }) => name)).not.toContain('mine');
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

/** For what fetch would not send. @returns everything that the server says until it closes the connection */
function bytes(line: string, headers: string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(world.listening.opsUrl);
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const socket = connect(Number(port), hostname);
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => {});
  socket.on('close', () => resolve(received));
  socket.write(`${[line, 'connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`);
  return promise;
}

describe('Idempotency-Key', () => {
  test('of many operators at once does not take every connection from buyers', async () => {
    const sale = await world.sale({ allotment: 100 });
    const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
    const many = Array.from({ length: 60 }, (_, n) => {
      const product = { name: `Lamp ${n}`, description: 'A lamp.', price: 1, currency: 'EUR' };
      return ops(world, 'POST', '/ops/products', product, { 'idempotency-key': `many-${n}` });
    });
    expect((await order(world, holdId, `pi_${holdId}`)).status).toBe(201);
    const answers = await Promise.all(many);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  });

  test('is taken by what was so already, too: asked again, nothing is changed after all', async () => {
    const sale = await world.sale({ allotment: 10 });
    const path = `/ops/sales/${sale.saleId}`;
    await ops(world, 'POST', `${path}/pause`);
    const pause = () =>
      ops(world, 'POST', `${path}/pause`, undefined, { 'idempotency-key': `pause-${sale.saleId}` });
    expect((await pause()).status).toBe(200);
    expect((await ops(world, 'POST', `${path}/resume`)).status).toBe(200);
    const again = await pause();
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect((await ops<{ state: string }>(world, 'GET', path)).body.data.state).toBe('live');
  });
});
