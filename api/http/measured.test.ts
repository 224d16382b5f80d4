import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { hold, ops, send } from '../test/client.ts';
import { scrape, type Scrape } from '../test/scrape.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const NAME = 'http_request_duration_seconds_count';

/** Series of requests by method, route and status, with how often each was answered. */
function answered({ samples }: Scrape, listener: string): Record<string, number> {
  const series = samples.filter(({ name, labels }) => name === NAME && labels['listener'] === listener);
  return Object.fromEntries(
    series.map(({ labels: { method, route, status }, value }) => [`${method} ${route} ${status}`, value]),
  );
}

/** Answers are counted a moment after they were sent. */
function untilAnswered(listener: string, expected: Record<string, number>): Promise<unknown> {
  return until(async () => {
    expect(answered(await scrape(world.listening.opsUrl), listener)).toMatchObject(expected);
    return true;
  });
}

describe('every request is counted once, by the template of its route', () => {
  test('on the listener of buyers: answered, refused, wrong, unknown', async () => {
    const { productId } = await world.sale({ allotment: 1 });
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    await hold(world, productId);
    await hold(world, productId, { quantity: -1 });
    await send(world, 'POST', '/api/holds', '{');
    await send(world, 'GET', `/api/holds/${holdId}`);
    for (const path of ['/.env', '/api/wp-admin', '/api/holds/a/b']) await send(world, 'GET', path);
    await send(world, 'PUT', '/api/holds', {});
    await untilAnswered('public', {
      'POST /api/holds 201': 1,
      'POST /api/holds 409': 1,
      'POST /api/holds 400': 2,
      'GET /api/holds/:id 200': 1,
      'any unmatched 404': 3,
      'any unmatched 405': 1,
    });
    const { text } = await scrape(world.listening.opsUrl);
    expect(text).not.toContain(holdId);
    expect(text).not.toContain('wp-admin');
  });

  test('on the listener of operators', async () => {
    await ops(world, 'GET', '/ops/overview');
    await ops(world, 'GET', '/ops/sales/4711');
    await untilAnswered('ops', { 'GET /ops/overview 200': 1, 'GET /ops/sales/:id 404': 1 });
  });

  test('but who has no token is only turned away', async () => {
    const turnedAway = { listener: 'ops', status: '401' };
    const name = 'http_requests_turned_away_total';
    const before = (await scrape(world.listening.opsUrl)).value(name, turnedAway) ?? 0;
    await ops(world, 'GET', '/ops/overview', undefined, { authorization: 'Bearer guess' });
    expect((await scrape(world.listening.opsUrl)).value(name, turnedAway)).toBe(before + 1);
  });
});

test('a stream is in flight while it is open, and never a duration', async () => {
  const { productId } = await world.sale();
  const leaving = new AbortController();
  const response = await fetch(new URL(`/api/products/${productId}/stock`, world.listening.url), {
    signal: leaving.signal,
  });
  await response.body?.getReader().read();
  const inFlight = async () =>
    (await scrape(world.listening.opsUrl)).by('listener', 'http_requests_in_flight');
  // The scrape itself is one.
  expect(await inFlight()).toEqual({ public: 1, ops: 1 });
  leaving.abort();
  await until(async () => (await inFlight())['public'] === 0);
  await send(world, 'GET', '/api/products/4711/stock');
  await untilAnswered('public', { 'GET /api/products/:id/stock 404': 1 });
  const seen = answered(await scrape(world.listening.opsUrl), 'public');
  expect(Object.keys(seen)).not.toContain('GET /api/products/:id/stock 200');
});
