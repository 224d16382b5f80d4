/** The orders as an operator sees them: on the real screen, of a real API, by keys. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { hold, ops, pay } from '@flash-sale/api/test/client.ts';
import { expire } from '@flash-sale/api/test/settling.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import type { OperatedOrder } from '@flash-sale/shared/contracts/operator-order.ts';
import { listOf } from '../state/state.ts';
import { placeOrder } from '../test/buyer.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

let desk: MountedDesk;
afterEach(() => desk.close());

async function open(size = { columns: 120, rows: 40 }, options: { isReadOnly?: boolean } = {}) {
  desk = mountDesk(world, { ...size, context: { isReadOnly: options.isReadOnly ?? false } });
  await desk.waitFor('live');
  await desk.press('3');
  await desk.waitFor(/loaded|Nobody has ordered/);
}

const ordered = (sale: OneSale, intent: string, fields: Parameters<typeof hold>[2] = {}) =>
  placeOrder(world, sale, intent, fields);

const orderNow = async (id: string) =>
  (await ops<OperatedOrder>(world, 'GET', `/ops/orders/${id}`)).body.data;

/** The row of the list that has this in it. */
const rowOf = (text: string) => (screen: string) =>
  screen.split('\n').find((line) => line.includes(text)) ?? '';
const says = (intent: string, word: string) => (screen: string) => rowOf(intent)(screen).includes(word);

test('orders appear and change while they are looked at, the newest first', async () => {
  const sale = await world.sale();
  await open();
  await ordered(sale, 'pi_live_1');
  await desk.waitFor(says('pi_live_1', 'pending'));
  const { holdId } = await ordered(sale, 'pi_live_2', { buyer_id: 'ann', quantity: 2 });
  await desk.waitFor(says('pi_live_2', 'ann'));
  const lines = desk.screen().split('\n');
  const at = (text: string) => lines.findIndex((line) => line.includes(text));
  expect(at('pi_live_2')).toBeLessThan(at('pi_live_1'));
  await pay(world, holdId, 'pi_live_2');
  await desk.waitFor(says('pi_live_2', '✓ paid'));
  await expire(world.services, sale.saleId);
  await desk.waitFor(says('pi_live_1', '× expired'));
});

test('the details say what happened, and go on while more happens', async () => {
  const sale = await world.sale();
  const { holdId } = await ordered(sale, 'pi_story');
  await open();
  await desk.press('/', 'pi_story', 'enter', 'd');
  await desk.waitFor(/● ordered +1 for 19.99 EUR/);
  await desk.waitFor(/expires +unless it is paid in/);
  await pay(world, holdId, 'pi_story', { amount: 19.99, currency: 'EUR' });
  await desk.waitFor(/● payment +19.99 EUR: applied/);
  expect(desk.screen()).not.toContain('unless it is paid');
});

test('the API is asked for what was not loaded, and the end of the list loads more', async () => {
  const sale = await world.sale({ allotment: 1_000, buyerLimit: null, buyerRate: null, addressRate: null });
  await ordered(sale, 'pi_oldest_of_all', { buyer_id: 'zoe' });
  for (let made = 0; made < 130; made += 1) await ordered(sale, `pi_many_${made}`);
  await open();
  await desk.waitFor('100 loaded');
  expect(desk.screen()).not.toContain('pi_oldest');
  await desk.press('/', 'pi_oldest');
  await desk.waitFor(says('pi_oldest_of_all', 'zoe'));
  await desk.press('escape');
  await desk.waitFor((screen) => !screen.includes('pi_oldest'));
  await desk.press('G');
  await desk.waitFor((screen) => !screen.includes('100 loaded'));
  await desk.press('/', `sale:${sale.saleId} buyer:zoe`, 'enter');
  await desk.waitFor(says('pi_oldest_of_all', 'zoe'));
});

test('a pending order is cancelled once somebody says yes, and a paid one is not', async () => {
  const sale = await world.sale();
  const { orderId } = await ordered(sale, 'pi_cancel', { buyer_id: 'bob' });
  await open();
  await desk.press('/', 'pi_cancel', 'enter', 'X');
  await desk.waitFor('19.99 EUR, pi_cancel, of bob');
  await desk.press('enter');
  expect((await orderNow(orderId)).state).toBe('pending');
  await desk.press('X');
  await desk.waitFor('Yes, cancel it');
  await desk.press('y');
  await desk.waitFor('cancelled; 1 unit back in stock');
  await desk.waitFor(says('pi_cancel', '× cancelled'));
  expect((await orderNow(orderId)).state).toBe('cancelled');
  await desk.press('X');
  await desk.waitFor('It is cancelled: only a pending order can be cancelled.');
});

test('marked orders are cancelled together after a word was typed, and those that were paid are left alone', async () => {
  const sale = await world.sale();
  const made = [
    await ordered(sale, 'pi_bulk_1'),
    await ordered(sale, 'pi_bulk_2'),
    await ordered(sale, 'pi_bulk_3'),
  ];
  await pay(world, made[1]?.holdId ?? '', 'pi_bulk_2');
  await open();
  await desk.press('/', 'pi_bulk', 'enter');
  await desk.waitFor(says('pi_bulk_2', 'paid'));
  await desk.press('*', 'X');
  await desk.waitFor('Left alone, as not pending any more: 1 order.');
  await desk.press('cancel 2', 'enter');
  await desk.waitFor('2 of 2 orders cancelled.');
  // The one that was left alone stays marked.
  expect(listOf(desk.desk.store.get()).marks.size).toBe(1);
  await desk.waitFor(says('pi_bulk_1', 'cancelled'));
  await desk.waitFor(says('pi_bulk_3', 'cancelled'));
  expect(await Promise.all(made.map(async ({ orderId }) => (await orderNow(orderId)).state))).toEqual([
    'cancelled',
    'paid',
    'cancelled',
  ]);
});

test('what is owed back is listed until somebody says under which name it went', async () => {
  const sale = await world.sale({ allotment: 1 });
  const late = await ordered(sale, 'pi_late');
  await expire(world.services, sale.saleId);
  await hold(world, sale.productId);
  await pay(world, late.holdId, 'pi_late', { amount: 19.99, currency: 'EUR' });
  await open();
  await desk.press('tab');
  await desk.waitFor(says('pi_late', 'too late'));
  await desk.waitFor('19.99 EUR  owed back for 1 payment');
  await desk.press('d');
  await desk.waitFor('taken again.');
  await desk.press('B');
  await desk.waitFor('Refund id');
  await desk.press('re 1', 'enter');
  await desk.waitFor('without blanks');
  await desk.press('ctrl+u', 're_1', 'enter');
  await desk.waitFor('went back as re_1');
  await desk.waitFor('No money is owed back.');
  expect(await orderNow(late.orderId)).toMatchObject({ state: 'refunded', refund_reference: 're_1' });
});

test('a payment of no order is settled by its own name', async () => {
  const sale = await world.sale();
  const { holdId } = await ordered(sale, 'pi_wrong');
  await open();
  await desk.press('tab');
  await desk.waitFor('No money is owed back.');
  await pay(world, holdId, 'pi_wrong', { amount: 1, currency: 'EUR' });
  await desk.waitFor(says('pi_wrong', 'wrong amount'));
  await desk.press('B');
  await desk.waitFor('1.00 EUR went back for pi_wrong');
  await desk.press('re_2', 'enter');
  await desk.waitFor('No money is owed back.');
  const { items } = (await ops<{ items: { target: string }[] }>(world, 'GET', '/ops/audit?limit=1')).body
    .data;
  expect(items[0]?.target).toBe('payment native pi_wrong');
});

test('a paid order whose money went back gives its units back', async () => {
  const sale = await world.sale({ allotment: 1 });
  const { holdId, orderId } = await ordered(sale, 'pi_back');
  await pay(world, holdId, 'pi_back');
  await open({ columns: 80, rows: 24 });
  await desk.press('/', 'pi_back', 'enter', 'B');
  await desk.waitFor('Its 1 unit will return to stock.');
  await desk.press('re_3', 'enter');
  await desk.waitFor(says('pi_back', 'refunded'));
  expect((await orderNow(orderId)).refund_reference).toBe('re_3');
  await until(async () => (await hold(world, sale.productId)).status === 201);
});

test('who may only look is told why nothing can be changed', async () => {
  const sale = await world.sale();
  const { orderId } = await ordered(sale, 'pi_looked_at');
  await open({ columns: 120, rows: 40 }, { isReadOnly: true });
  await desk.press('/', 'pi_looked_at', 'enter', 'X');
  await desk.waitFor('is read-only here');
  expect((await orderNow(orderId)).state).toBe('pending');
});

test('from an order to its webhooks, to its hold, and back', async () => {
  const sale = await world.sale();
  const { holdId } = await ordered(sale, 'pi_walk');
  await open();
  await desk.press('/', 'pi_walk', 'enter');
  await desk.waitFor(says('pi_walk', 'pending'));
  await desk.press('w');
  expect(desk.desk.store.get()).toMatchObject({ room: 'webhooks' });
  await desk.waitFor('filter pi_walk');
  await desk.press('-', 'h');
  await desk.waitFor('A hold that became an order is listed here for a moment only');
  const state = desk.desk.store.get();
  expect(state).toMatchObject({ room: 'holds', saleId: sale.saleId });
  expect(listOf(state).filter).toBe(holdId);
});
