/** Who gets where: operators by their role, buyers by what they know, pages of other origins nowhere. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { OPERATOR_ROLES, type OperatorRole } from '@flash-sale/shared/lifecycle.ts';
import { createApp, createOpsApp } from '../app.ts';
import { roleFor } from '../http/operator.ts';
import { StockStream } from '../products/stock-stream.ts';
import { hold, ops, order, send } from './client.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface Route {
  readonly method: string;
  readonly path: string;
}

const routesOf = (app: { readonly routes: readonly Route[] }): Route[] =>
  app.routes.map(({ method, path }) => ({ method, path: path.replaceAll(/:\w+/g, '4000000000') }));
const publicRoutes = () => routesOf(createApp(world.services, new StockStream(world.services)));
const operatorRoutes = () =>
  routesOf(createOpsApp(world.services)).filter(({ path }) => path.startsWith('/ops/'));

async function tokenOf(role: OperatorRole): Promise<string> {
  const added = await ops<{ token: string }>(world, 'POST', '/ops/operators', { name: `may-${role}`, role });
  return added.body.data.token;
}

/** The answer's head; what streams is not read. */
async function ask(url: string, { method, path }: Route, headers: Record<string, string>): Promise<Response> {
  const change =
    method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? {} : { body: 'not even JSON' };
  const response = await fetch(new URL(path, url), { method, headers, ...change });
  await response.body?.cancel();
  return response;
}

describe('the listener of operators', () => {
  test('lets every role through to every route that it may use, and to no other', async () => {
    for (const role of OPERATOR_ROLES) {
      const authorization = `Bearer ${await tokenOf(role)}`;
      for (const route of operatorRoutes()) {
        const mayBe =
          OPERATOR_ROLES.indexOf(role) >= OPERATOR_ROLES.indexOf(roleFor(route.method, route.path));
        const { status } = await ask(world.listening.opsUrl, route, { authorization });
        // What is asked is nonsense, so that whoever gets through changes nothing.
        const isThrough = [200, 400, 404, 415].includes(status);
        expect([role, route, status, isThrough]).toEqual([role, route, status, mayBe]);
        if (!mayBe) expect(status).toBe(403);
      }
    }
  });

  test('is not to be found on the listener of buyers, whatever token is sent', async () => {
    const authorization = `Bearer ${BOOTSTRAP_TOKEN}`;
    const others = ['/metrics', '/health/live', '/health/ready'].map((path) => ({ method: 'GET', path }));
    for (const route of [...operatorRoutes(), ...others]) {
      const { status } = await ask(world.listening.url, route, { authorization });
      expect([route, status]).toEqual([route, 404]);
    }
  });

  test('is on this machine only, as buyers are, unless somebody says otherwise', () => {
    const { HOST, OPS_HOST } = world.services.config;
    expect([HOST, OPS_HOST]).toEqual(['127.0.0.1', '127.0.0.1']);
  });
});

describe('a hold is known to whoever has its id', () => {
  test('and an id that is nearly right is not found, without a word of the one that is there', async () => {
    const { productId } = await world.sale();
    const holdId = (await hold(world, productId, { buyer_id: 'ann' })).body.data.hold_id;
    // What says its version and variant is the same of every id.
    const random = Array.from(holdId, (_, at) => at).filter(
      (at) => holdId[at] !== '-' && at !== 14 && at !== 19,
    );
    for (const at of random) {
      const guess = holdId.slice(0, at) + (holdId[at] === '0' ? '1' : '0') + holdId.slice(at + 1);
      const answers = [
        await send(world, 'GET', `/api/holds/${guess}`),
        await send(world, 'DELETE', `/api/holds/${guess}`),
        await order(world, guess, `pi_guess_${at}`),
      ];
      for (const { status, body } of answers) {
        expect([guess, status, body.code]).toEqual([guess, 404, 'hold_not_found']);
        expect(JSON.stringify(body)).not.toMatch(/ann|quantity/);
      }
    }
    expect((await send(world, 'GET', `/api/holds/${holdId}`)).body.data['state']).toBe('held');
  });

  test('and nobody can list holds or orders, or read an order without its hold', () => {
    const readable = publicRoutes().filter(({ method }) => method === 'GET');
    expect(readable.map(({ path }) => path).filter((path) => path.startsWith('/api/'))).toEqual([
      '/api/products',
      '/api/products/4000000000',
      '/api/products/4000000000/stock',
      '/api/holds/4000000000',
    ]);
  });
});

describe('a page of another origin', () => {
  const origin = 'https://shop.example';
  const preflight = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  test('is given no permission by any route of either listener, asked before or not', async () => {
    for (const [url, routes] of [
      [world.listening.url, publicRoutes()],
      [world.listening.opsUrl, operatorRoutes()],
    ] as const) {
      for (const route of routes) {
        const asked = await ask(url, { ...route, method: 'OPTIONS' }, preflight);
        const sent = await ask(url, route, { origin, authorization: `Bearer ${BOOTSTRAP_TOKEN}` });
        expect([route, asked.ok]).toEqual([route, false]);
        for (const { headers } of [asked, sent]) {
          expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
        }
      }
    }
  });

  test('cannot hold, order or pay with what a form sends without asking first', async () => {
    const { productId } = await world.sale();
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'];
    const paths = ['/api/holds', '/api/orders', '/api/webhook/payment-success', '/api/webhook/stripe'];
    for (const path of paths) {
      for (const type of types) {
        const body = { product_id: productId, quantity: 1 };
        const { status } = await send(world, 'POST', path, body, { origin, 'content-type': type });
        expect([path, type, status]).toEqual([path, type, 415]);
      }
    }
  });
});
