/** An installation in which one thing after the other is wrong. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ops, pay } from '@flash-sale/api/test/client.ts';
import { privateMariaDb } from '@flash-sale/api/test/stores.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import type { Settings } from '../config.ts';
import { placeOrder } from '../test/buyer.ts';
import { doctorAt, whileSomethingHappens } from '../test/doctor.ts';
import { salesChecks, storeChecks } from './overview-checks.ts';

const home = mkdtempSync(join(tmpdir(), 'flash-sale-doctor-'));
const { settingsFor, checksOf, look, untilIt } = doctorAt(home);

let mariadb: Awaited<ReturnType<typeof privateMariaDb>>;
let world: World;
let settings: Settings;
beforeAll(async () => {
  mariadb = await privateMariaDb();
  world = await createWorld({ databaseServerUrl: mariadb.url });
  settings = settingsFor(new URL(world.listening.opsUrl).origin);
});
afterAll(async () => {
  await world.close();
  await mariadb.stop();
  rmSync(home, { recursive: true, force: true });
});

const execute = (sql: string) => world.services.mysql.execute(sql);

test('webhooks that nobody signs', async () => {
  expect(await look('webhooks', settings)).toMatchObject({ verdict: 'warn' });
});

test('workers that never ran, are late, and run', async () => {
  expect(await look('workers', settings)).toMatchObject({
    verdict: 'no',
    says: 'never ran: nothing expires',
  });
  await execute(
    "INSERT INTO heartbeats (name, beat_at) VALUES ('order_expiry', utc_timestamp(3) - interval 1 hour)",
  );
  await until(async () => (await look('workers', settings))?.says === 'last worked 1 h ago');
  expect(await look('workers', settings)).toMatchObject({ verdict: 'no' });
  await execute('UPDATE heartbeats SET beat_at = utc_timestamp(3)');
  await untilIt('workers', 'ok', settings);
});

test('a Redis that does not keep what it acknowledged', async () => {
  await world.services.redis.config('SET', 'appendonly', 'no');
  expect(await untilIt('stores', 'no', settings)).toMatchObject({
    says: expect.stringContaining('set "appendonly yes"'),
  });
  await world.services.redis.config('SET', 'appendonly', 'yes');
  await untilIt('stores', 'ok', settings);
});

test('a webhook without an order, and money that is owed back', async () => {
  await pay(world, crypto.randomUUID(), 'pi_early');
  expect(await untilIt('deliveries', 'warn', settings)).toMatchObject({ says: '1 webhook not applied yet' });
  const sale = await world.sale();
  const { holdId } = await placeOrder(world, sale, 'pi_late');
  await pay(world, holdId, 'pi_late', { event: 'failed' });
  await ops(world, 'POST', `/ops/sales/${sale.saleId}/halt`);
  await pay(world, holdId, 'pi_late');
  expect(await untilIt('refunds', 'warn', settings)).toMatchObject({ says: '1 payment owed back' });
});

test('a live sale that Redis does not serve, and units that do not add up', async () => {
  const { saleId } = await world.sale();
  await untilIt('sales', 'ok', settings);
  await world.services.redis.flushall();
  expect(await untilIt('sales', 'no', settings)).toMatchObject({
    says: `Redis does not serve sale ${saleId} (Lamp)`,
  });
  expect(await look('units', settings)).toMatchObject({ verdict: 'ok' });
  await execute(
    `INSERT INTO sale_audits (sale_id, audited_at, is_right, drift) VALUES (${saleId}, utc_timestamp(3), 0, 1)`,
  );
  expect(await untilIt('units', 'no', settings)).toMatchObject({
    says: `do not add up in sale ${saleId} (Lamp)`,
  });
});

test('an audit log that somebody changed', async () => {
  await execute("UPDATE audit_log SET actor = 'nobody'");
  await whileSomethingHappens(world, async () => {
    const checks = await checksOf(settings, { isDeep: true });
    expect(checks.at(-1)).toMatchObject({
      name: 'audit log',
      verdict: 'no',
      says: 'row 1 is not as it was written',
    });
    expect((await checksOf(settings)).map(({ name }) => name)).not.toContain('audit log');
  });
}, 30_000);

test('clocks that are apart', async () => {
  const { body } = await ops<Parameters<typeof storeChecks>[0]>(world, 'GET', '/ops/overview');
  const clocks = (skewMs: number | null) => {
    const { name, verdict } =
      storeChecks({ ...body.data, stores: { ...body.data.stores, clock_skew_ms: skewMs } }).at(-1) ?? {};
    return `${name} ${verdict}`;
  };
  expect([0, -1_000, 1_001, -1_001].map(clocks)).toEqual([
    'clocks ok',
    'clocks ok',
    'clocks warn',
    'clocks warn',
  ]);
  // Nobody could look: then nothing is said to be right.
  expect(clocks(null)).toBe('stores warn');
  const unknown = salesChecks({ ...body.data, refunds_due: null });
  expect(unknown.find(({ name }) => name === 'refunds')).toMatchObject({ verdict: 'warn' });
});

test('stores that are away: it is said which', async () => {
  await world.redis.kill();
  const redis = await untilIt('Redis', 'no', settings);
  expect(redis.fix).toContain('REDIS_URL');
  await mariadb.kill();
  expect(await untilIt('SQL', 'no', settings)).toMatchObject({
    fix: expect.stringContaining('DATABASE_URL'),
  });
  const checks = await checksOf(settings, { upTo: 'SQL' });
  expect(checks.filter(({ verdict }) => verdict === 'no').map(({ name }) => name)).toEqual([
    'overview',
    'Redis',
    'SQL',
  ]);
}, 60_000);
