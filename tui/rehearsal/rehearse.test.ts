import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { saleMetaKey } from '@flash-sale/api/redis/keys.ts';
import { ops } from '@flash-sale/api/test/client.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { connectApi } from '../api.ts';
import { breakApi } from '../test/broken-api.ts';
import type { Progress } from './progress.ts';
import { rehearse } from './rehearse.ts';
import type { RehearsalOptions } from './run.ts';
import type { Report } from './report.ts';

const SECRET = 'whsec_cmVoZWFyc2FscyBzaWduIGxpa2UgcHJvdmlkZXJzIGRv';
const UNITS = 20;

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true, env: { WEBHOOK_SECRET: SECRET } });
});
afterAll(() => world.close());

interface Told {
  readonly at?: Pick<World, 'listening'>;
  readonly more?: Partial<RehearsalOptions>;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

function run({ at = world, more = {}, onProgress = () => {}, signal }: Told = {}): Promise<Report> {
  const { url, opsUrl } = at.listening;
  const options = {
    api: connectApi(new URL(opsUrl).origin, BOOTSTRAP_TOKEN),
    apiUrl: new URL(url).origin,
    secret: SECRET,
    buyers: 200,
    units: UNITS,
    lengthMs: 2_000,
    connections: 100,
    seed: 20_261_126,
    ...more,
  };
  return rehearse(options, onProgress, signal ?? new AbortController().signal);
}

const brokenRules = ({ checks }: Report) => checks.flatMap(({ rule, passed }) => (passed ? [] : [rule]));

test('200 buyers for 20 units: every unit is sold once, and everything that was told is there', async () => {
  const report = await run();
  expect(report.checks.filter(({ passed }) => !passed)).toEqual([]);
  expect(report).toMatchObject({ passed: true, recorded: true, refunds_left: 0, most_promised: UNITS });
  expect(report.units_at_end).toEqual({ available: 0, held: 0, ordered: 0, paid: UNITS, returning: 0 });
  const { ends, steps } = report;
  expect(Object.values(ends).reduce((sum, count) => sum + count, 0)).toBe(200);
  expect(ends['turned away']).toBeGreaterThan(100);
  expect(steps.hold.outcomes['insufficient_stock']).toBeGreaterThan(100);
  expect(report.by_second.reduce((sum, { arrived }) => sum + arrived, 0)).toBe(200);

  const { body } = await ops(world, 'GET', '/ops/audit?target=rehearsal');
  expect(body.data).toMatchObject({
    items: [{ action: 'rehearsal.passed', after: { sale_id: report.sale_id, paid_units: UNITS } }],
  });
  expect((await ops(world, 'GET', `/ops/sales/${report.sale_id}`)).body.data).toMatchObject({
    state: 'ended',
  });
  expect((await ops(world, 'GET', '/ops/refunds')).body.data).toMatchObject({ items: [] });
}, 60_000);

describe('a build that is broken fails', () => {
  test('where Redis has units that there are not', async () => {
    let isRaised = false;
    const report = await run({
      onProgress({ saleId }) {
        if (!isRaised) void world.services.redis.hincrby(saleMetaKey(saleId), 'available', 7);
        isRaised = true;
      },
    });
    expect(report.passed).toBe(false);
    expect(report.checks.find(({ rule }) => rule === 'sums')?.examples[0]).toMatch(
      /^\d+ units instead of 20: /,
    );
    const { body } = await ops(world, 'GET', '/ops/audit?target=rehearsal');
    expect(body.data).toMatchObject({
      items: [{ action: 'rehearsal.failed', after: { passed: false } }, {}],
    });
  }, 60_000);

  // The first gives away what is not there, and only buyers can tell: all sums are right.
  for (const { loses, units, breaks } of [
    { loses: 'that there must be enough units', units: UNITS, breaks: ['promised', 'answers'] },
    { loses: 'that the same key gives the same hold', units: 100, breaks: ['holds'] },
  ] as const) {
    test.concurrent(`which has lost ${loses}`, async () => {
      const own = await createWorld({ env: { WEBHOOK_SECRET: SECRET } });
      const listening = await breakApi(own, loses);
      const report = await run({ at: { listening }, more: { units, buyers: 100, lengthMs: 1_000 } });
      await listening.stop();
      await own.close();
      expect(report.passed).toBe(false);
      for (const rule of breaks) expect(brokenRules(report)).toContain(rule);
    }, 60_000);
  }

  test.concurrent('which turns everybody away', async () => {
    const { origin } = new URL(world.listening.url);
    const front = Bun.serve({
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname !== '/api/holds') return fetch(new Request(`${origin}${pathname}`, request));
        const refusal = { status: 'error', code: 'insufficient_stock', message: 'Sold out.' };
        return Response.json(refusal, { status: 409 });
      },
    });
    const report = await run({ more: { apiUrl: front.url.origin, lengthMs: 1_000 } });
    await front.stop(true);
    expect(brokenRules(report)).toEqual(['offered']);
    expect(report.checks.find(({ rule }) => rule === 'offered')?.examples).toEqual([
      'a buyer was told that there is nothing, and there were units all the time',
      'nobody got any of the 20 units',
    ]);
  }, 60_000);
});

test('buyers of another installation are left alone, even where the product has the same id', async () => {
  const other = await createWorld({ env: { WEBHOOK_SECRET: SECRET } });
  for (let made = 0; made < 20; made += 1) await other.sale();
  const { opsUrl } = world.listening;
  const mixed = run({ at: { listening: { ...world.listening, opsUrl, url: other.listening.url } } });
  expect(await mixed.catch((error: unknown) => error)).toMatchObject({
    message: expect.stringContaining('is it of the same installation?'),
  });
  const { body } = await ops(other, 'GET', '/ops/sales?limit=100');
  const sales = body.data['items'] as { units: { available: number }; allotment: number }[];
  expect(sales.filter(({ units, allotment }) => units.available !== allotment)).toEqual([]);
  await other.close();
}, 60_000);

test('who breaks it off leaves no sale behind', async () => {
  const broken = new AbortController();
  let saleId = 0;
  const report = run({
    signal: broken.signal,
    onProgress(progress) {
      saleId = progress.saleId;
      if (progress.arrived > 50) broken.abort();
    },
  });
  // Not `toThrow`: what is thrown is the reason of the signal.
  expect(await report.catch(() => 'broken off')).toBe('broken off');
  const { body } = await ops(world, 'GET', `/ops/sales/${saleId}`);
  expect(body.data['state']).toBeOneOf(['draining', 'ended']);
  // And if even that could not be done, it would have closed by itself.
  expect(Date.parse(String(body.data['closes_at']))).toBeGreaterThan(Date.now());
}, 60_000);
