/** What a caller, a log, a board or a neighbour on the machine gets to see: nothing of the inside, and no secret. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { sql as raw } from 'drizzle-orm';
import { createLog } from '../log.ts';
import { statement } from '../mysql/transaction.ts';
import { listen } from '../server.ts';
import { createServices } from '../services.ts';
import { startWorkers } from '../workers/workers.ts';
import { startApi } from './api-process.ts';
import { hold, ops, order, pay } from './client.ts';
import { until } from './until.ts';
import { BOOTSTRAP_TOKEN, createWorld, testConfig, type World } from './world.ts';

const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const STRIPE_WEBHOOK_SECRET = `whsec_${randomBytes(24).toString('hex')}`;

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('every reply of either listener', () => {
  const as = { authorization: `Bearer ${BOOTSTRAP_TOKEN}` };

  test('has safe headers, streams and pages and refusals too, and says nothing of what made it', async () => {
    const { productId } = await world.sale();
    const asked: [string, string, string, Record<string, string>][] = [
      ['ops', 'GET', '/ops/overview', as],
      ['ops', 'GET', '/ops/overview', {}],
      ['ops', 'POST', '/ops/sales', as],
      ['ops', 'GET', '/ops/nothing', as],
      ['ops', 'GET', '/ops/events', as],
      ['ops', 'GET', '/metrics', {}],
      ['ops', 'GET', '/health/live', {}],
      ['ops', 'GET', '/docs', {}],
      ['ops', 'GET', '/docs/reader.js', {}],
      ['public', 'GET', '/docs', {}],
      ['public', 'GET', `/api/products/${productId}`, {}],
      ['public', 'GET', `/api/products/${productId}/stock`, {}],
      ['public', 'POST', '/api/webhook/stripe', {}],
    ];
    for (const [listener, method, path, headers] of asked) {
      const url = listener === 'ops' ? world.listening.opsUrl : world.listening.url;
      const leaving = new AbortController();
      const reply = await fetch(new URL(path, url), { method, headers, signal: leaving.signal });
      leaving.abort();
      const told = Object.fromEntries(
        ['x-content-type-options', 'referrer-policy', 'server', 'x-powered-by'].map((name) => [
          name,
          reply.headers.get(name),
        ]),
      );
      expect([path, told]).toEqual([
        path,
        {
          'x-content-type-options': 'nosniff',
          'referrer-policy': 'no-referrer',
          server: null,
          'x-powered-by': null,
        },
      ]);
      expect([path, reply.headers.get('x-request-id')]).toEqual([path, expect.stringMatching(/^[\w-]+$/)]);
      const policy = path === '/docs' ? "default-src 'self'; " : "default-src 'none'; frame-ancestors 'none'";
      expect([path, reply.headers.get('content-security-policy')]).toEqual([
        path,
        expect.stringContaining(policy),
      ]);
      // The reader of the documents is the same for everybody.
      const caching =
        path === '/docs/reader.js' ? 'public, max-age=86400' : expect.stringMatching(/no-store|no-cache/);
      expect([path, reply.headers.get('cache-control')]).toEqual([path, caching]);
    }
  });
});

describe('a request that fails inside', () => {
  test('is told nothing but its id, which is in the log with the route and without what was sent', async () => {
    let text = '';
    const own = await createWorld();
    const services = createServices(
      testConfig(),
      { redis: own.redisUrl, databaseUrl: own.databaseUrl },
      undefined,
      createLog('debug', (line) => (text += line), false),
    );
    await services.ready(5_000);
    const listening = listen(services);
    await statement(services.mysql, (sql) => sql.execute(raw`RENAME TABLE deliveries TO gone`));
    const reply = await pay(
      { listening },
      crypto.randomUUID(),
      'pi_of_somebody',
      {},
      { 'x-request-id': 'ask-1' },
    );
    expect(reply.status).toBe(500);
    expect(reply.body).toEqual({
      status: 'error',
      code: 'internal_error',
      message: 'Something went wrong on our side.',
      request_id: 'ask-1',
    } as typeof reply.body);
    const [line = ''] = text.split('\n').filter((one) => one.includes('a request failed'));
    expect(JSON.parse(line)).toMatchObject({
      level: 'error',
      route: 'POST /api/webhook/payment-success',
      requestId: 'ask-1',
    });
    expect(text).not.toContain('pi_of_somebody');
    await listening.stop();
    await services.close();
    await own.close();
  });
});

describe('a secret', () => {
  test('is in no log, whatever is asked and whatever is away, and not in metrics or documents', async () => {
    let text = '';
    const own = await createWorld();
    const token = `fsop_${randomBytes(32).toString('base64url')}`;
    const config = testConfig({
      WEBHOOK_SECRET,
      STRIPE_WEBHOOK_SECRET,
      OPERATOR_TOKEN: token,
      LOG_LEVEL: 'debug',
    });
    const log = createLog('debug', (line) => (text += line), false);
    const services = createServices(
      config,
      { redis: own.redisUrl, databaseUrl: own.databaseUrl },
      undefined,
      log,
    );
    await services.ready(5_000);
    const listening = listen(services);
    const workers = startWorkers(services);
    const shop = { listening };
    const as = { authorization: `Bearer ${token}` };
    const presented = 'fsop_presented_by_a_stranger_of_the_shop';

    const { productId } = await own.sale();
    const holdId = (await hold(shop, productId, { buyer_id: 'ann@shop.example' })).body.data.hold_id;
    await order(shop, holdId, 'pi_of_ann');
    await pay(shop, holdId, 'pi_of_ann', {}, { 'webhook-signature': 'v1,presented', 'webhook-id': 'm' });
    await ops(shop, 'GET', '/ops/me', undefined, { authorization: `Bearer ${presented}` });
    const added = await ops<{ token: string }>(
      shop,
      'POST',
      '/ops/operators',
      { name: 'ann', role: 'viewer' },
      as,
    );
    expect(added.status).toBe(201);
    const shown = await Promise.all(
      ['/metrics', '/openapi.json', '/docs', '/health/ready'].map(async (path) =>
        (await fetch(new URL(path, listening.opsUrl))).text(),
      ),
    );
    shown.push(JSON.stringify((await ops(shop, 'GET', '/ops/overview', undefined, as)).body));
    await own.redis.kill();
    await until(async () => (await hold(shop, productId, { buyer_id: 'ann@shop.example' })).status === 503);
    await until(() => text.includes('a request met a store that is away'));

    const secrets = [
      token,
      added.body.data.token,
      presented,
      WEBHOOK_SECRET,
      STRIPE_WEBHOOK_SECRET,
      'v1,presented',
    ];
    for (const secret of [...secrets, 'ann@shop.example', 'pi_of_ann', BOOTSTRAP_TOKEN]) {
      expect([secret, text.includes(secret)]).toEqual([secret, false]);
      expect([secret, shown.filter((one) => one.includes(secret)).length]).toEqual([secret, 0]);
    }
    await listening.stop();
    await workers.stop();
    await services.close();
    await own.close();
  }, 60_000);

  test.skipIf(process.platform !== 'linux')(
    'is in the arguments of no process, which everybody on the machine can read',
    async () => {
      const env = { API_PROCESSES: '2', WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET, PORT: '0', OPS_PORT: '0' };
      const api = await startApi(world, { env });
      const family = await until(() => {
        const pids = [api.pid, ...childrenOf(api.pid)];
        return pids.length > 2 && pids;
      });
      const words = family.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
      expect(words.join('\n')).toContain('server.ts');
      const secrets = [
        WEBHOOK_SECRET,
        STRIPE_WEBHOOK_SECRET,
        BOOTSTRAP_TOKEN,
        world.databaseUrl,
        world.redisUrl,
      ];
      for (const secret of secrets) expect(words.filter((one) => one.includes(secret))).toEqual([]);
      await api.listening.stop();
    },
  );
});

function childrenOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  const listed = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
  return listed.join(' ').split(' ').filter(Boolean).map(Number);
}
