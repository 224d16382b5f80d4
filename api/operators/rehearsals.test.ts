import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Overview } from '@flash-sale/shared/contracts/overview.ts';
import { OVERVIEW_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { ops } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const came = (passed: boolean) => ({
  passed,
  sale_id: 1,
  buyers: 5_000,
  units: 100,
  paid_units: 100,
  seconds: 31.5,
  holds_per_second: 800,
  hold_p99_ms: 180.5,
  broken: passed ? [] : ['sums'],
});

const write = (passed: boolean, key: string) =>
  ops(world, 'POST', '/ops/rehearsals', came(passed), { 'idempotency-key': key });

async function rehearsedAt(): Promise<string | null> {
  // What was asked for a moment ago is answered to all.
  await Bun.sleep(OVERVIEW_AGE_MAX_MS + 20);
  return (await ops<Overview>(world, 'GET', '/ops/overview')).body.data.preflight.rehearsed_at;
}

test('the overview tells when a rehearsal last passed, whatever failed since', async () => {
  expect(await rehearsedAt()).toBeNull();
  expect((await write(false, 'first')).status).toBe(201);
  expect(await rehearsedAt()).toBeNull();
  expect((await write(true, 'second')).body.data).toEqual({ passed: true, sale_id: 1 });
  const passedAt = await rehearsedAt();
  expect(Date.now() - Date.parse(passedAt ?? '')).toBeWithin(0, 10_000);
  await write(false, 'third');
  expect(await rehearsedAt()).toBe(passedAt);
});

test('what came of a rehearsal is in the audit log, once however often it is told', async () => {
  await write(true, 'again');
  await write(true, 'again');
  const { items } = (
    await ops<{ items: Record<string, unknown>[] }>(world, 'GET', '/ops/audit?target=rehearsal')
  ).body.data;
  expect(items.map(({ action }) => action)).toEqual([
    'rehearsal.passed',
    'rehearsal.failed',
    'rehearsal.passed',
    'rehearsal.failed',
  ]);
  expect(items[0]).toMatchObject({ target: 'rehearsal', after: came(true) });
});
