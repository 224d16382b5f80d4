/** What Prometheus gets of an installation with twenty sales, after every request of both documents was made. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { COUNTED_EVENTS, COUNTED_OUTCOMES } from '@flash-sale/shared/contracts/webhook.ts';
import { PAYMENT_DISPOSITIONS } from '@flash-sale/shared/lifecycle.ts';
import { hold } from './test/client.ts';
import { installed } from './test/installed.ts';
import { runNewman } from './test/postman/newman.ts';
import { scrape, type Scrape } from './test/scrape.ts';
import { createWorld, type World } from './test/world.ts';

let world: World;
let fresh: Scrape;
let full: Scrape;
beforeAll(async () => {
  world = await createWorld({ workers: true });
  fresh = await scrape(world.listening.opsUrl);
  for (let count = 0; count < 20; count += 1) {
    const { productId } = await world.sale();
    await hold(world, productId, { buyer_id: `buyer-${count}` });
  }
  const { failures } = await runNewman(world);
  expect(failures).toEqual([]);
  full = await scrape(world.listening.opsUrl);
}, 60_000);
afterAll(() => world.close());

test('counters are there before anything has happened, so that the first time is seen', () => {
  expect(Object.keys(fresh.by('disposition', 'flashsale_payments_total'))).toEqual([...PAYMENT_DISPOSITIONS]);
  for (const event of COUNTED_EVENTS) {
    const outcomes = fresh.by('outcome', 'flashsale_webhook_deliveries_total', { event });
    expect(Object.keys(outcomes)).toEqual([...COUNTED_OUTCOMES[event]]);
  }
  expect(fresh.by('outcome', 'flashsale_hold_attempts_total')).toMatchObject({
    held: 0,
    insufficient_stock: 0,
    too_many_requests: 0,
  });
  for (const route of ['/api/holds', '/api/orders']) {
    const errors = fresh.by('status', 'http_request_duration_seconds_count', { listener: 'public', route });
    expect(errors).toEqual({ 500: 0, 503: 0 });
  }
  expect(fresh.value('flashsale_sql_gate_refusals_total')).toBe(0);
  expect(fresh.value('flashsale_holds_lost_total')).toBe(0);
});

test('every metric that was promised is there, with its labels', () => {
  const labelsOf = new Map<string, string>();
  for (const { name, labels } of full.samples) {
    labelsOf.set(name.replace(/_count$/, ''), Object.keys(labels).join());
  }
  expect(Object.fromEntries(labelsOf)).toMatchObject({
    flashsale_sale_units: 'sale,state',
    flashsale_sale_steps: 'sale,step',
    flashsale_oversold_units: 'sale',
    flashsale_stock_drift_units: 'sale',
    flashsale_sale_armed: 'sale',
    flashsale_sale_state: 'sale,state',
    flashsale_hold_attempts_total: 'outcome',
    flashsale_webhook_deliveries_total: 'event,outcome',
    flashsale_payments_total: 'disposition',
    flashsale_sql_gate_refusals_total: '',
    flashsale_holds_lost_total: '',
    http_request_duration_seconds: 'listener,method,route,status',
    flashsale_redis_script_duration_seconds: 'script',
    flashsale_db_duration_seconds: 'op',
    flashsale_expiry_lag_seconds: '',
    flashsale_batch_size: '',
    flashsale_event_loop_delay_seconds: '',
    flashsale_worker_turn_timestamp_seconds: 'worker',
    process_cpu_seconds_total: '',
    process_resident_memory_bytes: '',
  });
  expect(full.value('flashsale_batch_size_count')).toBeGreaterThan(20);
  expect(full.value('flashsale_event_loop_delay_seconds_count')).toBeGreaterThan(10);
  expect(full.value('process_resident_memory_bytes')).toBeWithin(50e6, 4e9);
});

test('what is told is little enough to be read every two seconds, and about nobody', () => {
  const ofRoutes = full.samples.filter(({ name }) => name.startsWith('http_request_duration'));
  // Of every route there is, and 60 of the errors that begin at 0; in a sale a third of them are used.
  expect(ofRoutes.length).toBeLessThan(660);
  expect(full.samples.length - ofRoutes.length).toBeLessThan(830);
  expect(full.text).not.toContain('buyer-');
  expect(full.text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
});

test('promtool has nothing to say against what is told', async () => {
  const promtool = Bun.spawn([await installed('promtool', 'prometheus'), 'check', 'metrics'], {
    stdin: Buffer.from(full.text),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = (await promtool.stdout.text()) + (await promtool.stderr.text());
  expect([await promtool.exited, said]).toEqual([0, '']);
}, 300_000);
