import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { ERROR_CODES, type ErrorCode } from '@flash-sale/shared/contracts/reply.ts';
import { BODY_BYTES_MAX } from '@flash-sale/shared/limits.ts';
import { saleKeys } from '../redis/keys.ts';
import { hold, order, pay, send, type Answer } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';
import { HTTP_STATUS } from './reply.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** For what fetch would not send. Everything the server says until it closes the connection. */
function sendBytes(...parts: string[]): Promise<string> {
  const { hostname, port } = new URL(world.listening.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const socket = connect(Number(port), hostname);
  socket.on('data', (chunk) => (received += chunk.toString()));
  // A server that has refused a body may close while we still send it.
  socket.on('error', () => {});
  socket.on('close', () => resolve(received));
  for (const part of parts) socket.write(part);
  return promise;
}

function sendRequest(
  line: string,
  headers: string[] = [],
  body = '',
  host = 'shop.example',
): Promise<string> {
  const head = [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers];
  return sendBytes(`${head.join('\r\n')}\r\n\r\n`, body);
}

function statusOf(reply: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(reply)?.[1]);
}

function bodyOf(reply: string): Answer['body'] {
  return JSON.parse(reply.slice(reply.indexOf('\r\n\r\n') + 4)) as Answer['body'];
}

/** No stack, no path of a file, no SQL, no name of a table, a store or a library. */
const INSIDES =
  /node_modules|\.tsx?\b|\bat \w+ \(|\bselect\b|insert into|sqlstate|errno|_outcomes|deliveries|\w*(redis|sql|maria|elysia|typebox|drizzle|eval)\b/i;

const FAILURE_FIELDS = [
  'status',
  'code',
  'message',
  'errors',
  'available_stock',
  'retry_in_seconds',
  'request_id',
];

function expectFailure(answer: Answer, code: ErrorCode): void {
  const { body, headers, status } = answer;
  expect([status, body.status, body.code]).toEqual([HTTP_STATUS[code], 'error', code]);
  expect(body.message).toMatch(/^[A-Z].*\.$/);
  expect(body.request_id).toBe(headers.get('x-request-id') ?? 'missing');
  expect(FAILURE_FIELDS).toEqual(expect.arrayContaining(Object.keys(body)));
  expect(JSON.stringify(body)).not.toMatch(INSIDES);
}

describe('every reply', () => {
  const REPLIES: [string, string, string, unknown][] = [
    ['a success', 'GET', '/api/products', undefined],
    ['an unknown path', 'GET', '/nothing', undefined],
    ['a wrong method', 'PUT', '/api/holds', undefined],
    ['OPTIONS', 'OPTIONS', '/api/orders', undefined],
    ['a refused body', 'POST', '/api/holds', {}],
    ['a body that is too large', 'POST', '/api/orders', 'x'.repeat(BODY_BYTES_MAX + 1)],
    ['the OpenAPI document', 'GET', '/openapi.json', undefined],
  ];
  test.each(REPLIES)('has an id and safe headers: %s', async (_, method, path, body) => {
    const { headers } = await send(world, method, path, body);
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toStartWith('application/json');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
  });

  test("carries the caller's request id when it is a usable one", async () => {
    for (const id of ['a', 'checkout-42.retry_1', 'x'.repeat(64)]) {
      const answer = await send(world, 'GET', '/nothing', undefined, { 'x-request-id': id });
      expect(answer.headers.get('x-request-id')).toBe(id);
      expect(answer.body.request_id).toBe(id);
    }
  });

  test('carries an id of ours when the caller sent none that is usable', async () => {
    for (const id of ['', 'two words', 'x'.repeat(65), '<script>', '"', 'é', 'a,b']) {
      const answer = await send(world, 'GET', '/nothing', undefined, { 'x-request-id': id });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('every failure of the contract', () => {
  const FAILURES: Record<string, () => Promise<Answer>> = {
    bad_request: () => send(world, 'POST', '/api/holds', { product_id: 1 }),
    not_found: () => send(world, 'GET', '/api/nothing'),
    method_not_allowed: () => send(world, 'PATCH', '/api/orders'),
    body_too_large: () => send(world, 'POST', '/api/holds', `"${'x'.repeat(70_000)}"`),
    unsupported_media_type: () =>
      send(world, 'POST', '/api/holds', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }),
    product_not_found: () => hold(world, 4_294_967_295),
    hold_not_found: () => order(world, crypto.randomUUID(), 'pi_shape_1'),
    payment_intent_unknown: () => pay(world, crypto.randomUUID(), 'pi_shape_2'),
    insufficient_stock: async () =>
      hold(world, (await world.sale({ allotment: 1 })).productId, { quantity: 2 }),
    buyer_limit_reached: async () =>
      hold(world, (await world.sale({ buyerLimit: 1 })).productId, { quantity: 2, buyer_id: 'ann' }),
    sale_not_open: async () =>
      hold(world, (await world.sale({ opensAt: new Date(Date.now() + 60_000) }, 'scheduled')).productId),
    sale_paused: async () => hold(world, (await world.sale({}, 'paused')).productId),
    sale_ended: async () => hold(world, (await world.sale({}, 'draining')).productId),
    idempotency_key_reused: async () => {
      const { productId } = await world.sale();
      await hold(world, productId, {}, { 'idempotency-key': 'shape' });
      return hold(world, productId, { quantity: 2 }, { 'idempotency-key': 'shape' });
    },
    hold_released: async () => {
      const holdId = await heldUnit();
      await send(world, 'DELETE', `/api/holds/${holdId}`);
      return order(world, holdId, 'pi_shape_3');
    },
    hold_ordered: async () => {
      const holdId = await heldUnit();
      await order(world, holdId, 'pi_shape_4');
      return send(world, 'DELETE', `/api/holds/${holdId}`);
    },
    payment_intent_mismatch: async () => {
      const holdId = await heldUnit();
      await order(world, holdId, 'pi_shape_5');
      return order(world, holdId, 'pi_shape_6');
    },
    hold_lost: async () => {
      const { productId, saleId } = await world.sale();
      const { body } = await hold(world, productId);
      await world.services.redis.del(...saleKeys(saleId));
      return order(world, body.data.hold_id, 'pi_shape_7');
    },
  };
  test.each(Object.keys(FAILURES))(
    'has its status and the one shape, and tells nothing of the inside: %s',
    async (code) => {
      const answer = await FAILURES[code]?.();
      expectFailure(answer as Answer, code as ErrorCode);
    },
  );

  async function heldUnit(): Promise<string> {
    const { productId } = await world.sale();
    return (await hold(world, productId)).body.data.hold_id;
  }

  test('is listed in the OpenAPI document, which knows every call', async () => {
    const response = await fetch(new URL('/openapi.json', world.listening.url));
    const document = (await response.json()) as { paths: Record<string, Record<string, object>> };
    const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(calls).toEqual(
      expect.arrayContaining([
        'POST /api/holds',
        'GET /api/holds/{id}',
        'DELETE /api/holds/{id}',
        'POST /api/orders',
        'POST /api/webhook/payment-success',
        'POST /api/webhook/payment-failed',
        'GET /api/products',
        'GET /api/products/{id}',
        'GET /api/products/{id}/stock',
      ]),
    );
    const text = JSON.stringify(document);
    for (const code of ERROR_CODES) expect(text).toContain(`"${code}"`);
  });
});

describe('a path or method that is not served', () => {
  const ODD_PATHS = [
    '/',
    '/api',
    '/API/products',
    '/api/products/../../etc/passwd',
    '/api/holds/..%2f..%2fetc%2fpasswd',
    '/api/holds/%00',
    '/api/holds/%',
    '/api/holds/%zz',
    '/api/holds/%ff%fe',
    "/api/holds/'%20or%201=1",
    '/api/holds/__proto__',
    '/api/holds/00000000-0000-8000-8000-000000000000',
    '/api/products/0',
    '/api/products/-1',
    '/api/products/1e3',
    '/api/products/01',
    '/api/products/4294967296',
    '/api/products/99999999999999999999',
    '/api/products/constructor',
    '/api/products/%2e%2e/stock',
  ];
  test.each(ODD_PATHS)('is told so: %s', async (path) => {
    const reply = await sendRequest(`GET ${path}`);
    expect(statusOf(reply)).toBe(404);
    expect(bodyOf(reply).code).toEndWith('not_found');
    expect(reply).not.toMatch(INSIDES);
  });

  test('is told so however long it is, up to what HTTP headers may hold', async () => {
    expect(statusOf(await sendRequest(`GET /api/holds/${'a'.repeat(9_000)}`))).toBe(404);
    expect(statusOf(await sendRequest(`GET /api/holds/${'a'.repeat(40_000)}`))).toBe(431);
  });

  const WRONG_METHODS: [string, string, string][] = [
    ['GET', '/api/holds', 'POST'],
    ['PUT', '/api/holds', 'POST'],
    ['OPTIONS', '/api/holds', 'POST'],
    ['TRACE', '/api/holds', 'POST'],
    ['CONNECT', '/api/holds', 'POST'],
    ['POST', '/api/holds/00000001-0000-8000-8000-000000000000', 'DELETE, GET'],
    ['DELETE', '/api/orders', 'POST'],
    ['GET', '/api/webhook/payment-success', 'POST'],
    ['PUT', '/api/webhook/payment-failed', 'POST'],
    ['POST', '/api/products', 'GET'],
    ['DELETE', '/api/products/1', 'GET'],
    ['POST', '/api/products/1/stock', 'GET'],
  ];
  test.each(WRONG_METHODS)('answers 405 and says what is possible: %s %s', async (method, path, allow) => {
    const reply = await sendRequest(`${method} ${path}`);
    expect(statusOf(reply)).toBe(405);
    expect(reply).toMatch(new RegExp(`^allow: ${allow}\r$`, 'im'));
    expect(bodyOf(reply)).toMatchObject({ status: 'error', code: 'method_not_allowed' });
  });

  test('is recognised behind a host name of any length', async () => {
    for (const host of ['a', 'api', 'api:8000', 'shop.example']) {
      expect(statusOf(await sendRequest('GET /api/products', [], '', host))).toBe(200);
      expect(statusOf(await sendRequest('PUT /api/products', [], '', host))).toBe(405);
      const { message } = bodyOf(await sendRequest('GET /nothing', [], '', host));
      expect(message).toBe('There is nothing at /nothing; /docs tells what there is.');
    }
  });

  test('HEAD is answered like GET, without the body', async () => {
    const url = new URL('/api/products', world.listening.url);
    const [get, head] = await Promise.all([fetch(url), fetch(url, { method: 'HEAD' })]);
    expect(head.status).toBe(get.status);
    expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
    expect(await head.text()).toBe('');
    expect((await fetch(new URL('/api/holds/x', world.listening.url), { method: 'HEAD' })).status).toBe(404);
  });
});

describe('a request that is not HTTP as it should be', () => {
  const BROKEN: [string, string, number][] = [
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['no host', 'GET /api/products HTTP/1.1\r\n\r\n', 400],
    ['a negative length', 'POST /api/holds HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n{}', 400],
    ['a length in words', 'POST /api/holds HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n{}', 400],
    [
      'two ways to say the length, as smugglers do',
      'POST /api/holds HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a header of 20 kB', `GET /api/products HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['300 headers', `GET /api/products HTTP/1.1\r\nHost: a\r\n${'X-A: a\r\n'.repeat(300)}\r\n`, 431],
  ];
  test.each(BROKEN)('is refused and its connection closed: %s', async (_, bytes, status) => {
    expect(statusOf(await sendBytes(bytes))).toBe(status);
  });

  test('a body of 5 MB is not read to its end, with a length and without', async () => {
    const head = `POST /api/webhook/payment-success HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n`;
    // The length alone is enough: no byte of the body is sent.
    const announced = await sendBytes(`${head}Content-Length: 5000000\r\n\r\n`);
    expect(statusOf(announced)).toBe(413);
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
    const chunked = await sendBytes(
      `${head}Transfer-Encoding: chunked\r\n\r\n`,
      ...Array<string>(100).fill(chunk),
    );
    expect(statusOf(chunked)).toBe(413);
  });
});
