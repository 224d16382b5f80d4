/** What was done, here and by others, on the real screen of a real API. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { ops } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { placeOrder } from '../test/buyer.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';
import { openTcpLink } from '../test/tcp-link.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

let desk: MountedDesk;
afterEach(() => desk.close());

async function open(url?: string, columns = 120) {
  desk = mountDesk(world, { columns, rows: 40, ...(url === undefined ? {} : { url }) });
  await desk.waitFor('live');
}

const pendingOrder = async (intent: string) => (await placeOrder(world, await world.sale(), intent)).orderId;

const has =
  (...texts: string[]) =>
  (screen: string) =>
    screen.split('\n').some((line) => texts.every((text) => line.includes(text)));

test('what was done here is listed with its result, and the log has what was said besides', async () => {
  await pendingOrder('pi_mine');
  await open();
  await desk.press('5');
  await desk.waitFor('You changed nothing yet.');
  await desk.press('3', '/', 'pi_mine', 'enter');
  await desk.waitFor(has('pi_mine', 'pending'));
  await desk.press('X', 'y');
  await desk.waitFor(has('pi_mine', 'cancelled'));
  await desk.press('X', '5');
  await desk.waitFor(has('✓ done', 'Cancel order', 'cancelled; 1 unit back in stock'));
  expect(desk.screen()).not.toContain('! warned');
  await desk.press('tab', 'tab');
  await desk.waitFor(has('! warned', 'only a pending order can be cancelled'));
  await desk.waitFor(has('· said', 'Connected: what is shown is live.'));
});

test('what others do comes into the audit log as they do it, with what it changed', async () => {
  const orderId = await pendingOrder('pi_others');
  await open();
  await desk.press('5', 'tab');
  await desk.waitFor('Audit log');
  await ops(world, 'POST', `/ops/orders/${orderId}/cancel`);
  await desk.waitFor(has('bootstrap', 'order.cancel', orderId.slice(-6)));
  await desk.press('/', `target:"order ${orderId}"`, 'enter', 'd');
  await desk.waitFor(/- state +pending/);
  await desk.waitFor(/\+ state +cancelled/);
  await desk.press('o');
  await desk.waitFor(has('pi_others', 'cancelled'));
});

test('why something was changed is beside it where there is room, in its detail, and found by a filter', async () => {
  const orderId = await pendingOrder('pi_why');
  const why = { 'change-reason': 'Angerufen%20und%20abgesagt%20%E2%80%93%20Nr.%207' };
  await ops(world, 'POST', `/ops/orders/${orderId}/cancel`, undefined, why);
  await open(undefined, 200);
  await desk.press('5', 'tab');
  await desk.waitFor(has('order.cancel', orderId.slice(-6), 'Angerufen und abgesagt'));
  await desk.press('/', 'reason:angerufen', 'enter');
  await desk.waitFor(has('order.cancel', orderId.slice(-6)));
  expect(desk.screen()).not.toContain('sale.launch');
  await desk.press('d');
  await desk.waitFor(/why +Angerufen und abgesagt – Nr\. 7/);
});

test('a change of which nobody answered is said to be unknown, with what to do', async () => {
  await pendingOrder('pi_unknown');
  const link = await openTcpLink(new URL(world.listening.opsUrl).origin);
  try {
    await open(link.url);
    await desk.press('3', '/', 'pi_unknown', 'enter');
    await desk.waitFor(has('pi_unknown', 'pending'));
    link.close();
    await desk.press('X', 'y');
    await desk.waitFor('Nobody knows whether it was done: see Activity.');
    await desk.press('5');
    await desk.waitFor(has('? unknown', 'Cancel order'));
    await desk.press('d');
    await desk.waitFor('Once the API answers again');
    await desk.press('escape', 'tab', 'tab');
    await desk.waitFor(has('! warned', 'Disconnected'));
  } finally {
    link.close();
  }
}, 20_000);

test('the log is checked, and a row that somebody changed is an alarm that stays', async () => {
  const orderId = await pendingOrder('pi_forged');
  await ops(world, 'POST', `/ops/orders/${orderId}/cancel`);
  await open();
  await desk.press('5', 'v');
  await desk.waitFor('are as they were written.');
  const forged = 'UPDATE audit_log SET actor = ? WHERE target = ?';
  await world.services.mysql.execute(forged, ['nobody', `order ${orderId}`]);
  await desk.press('tab', 'v');
  await desk.waitFor('! BROKEN: row');
  await desk.press('1');
  await desk.waitFor(/Activity ! BROKEN/);
});
