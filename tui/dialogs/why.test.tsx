/** Why something is changed, typed where it is asked about, on the real screen of a real API. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { AuditRow } from '@flash-sale/shared/contracts/operator.ts';
import { CHANGE_REASON_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { hold, ops } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { placeOrder } from '../test/buyer.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';
import { NO_TEXT, textInput } from './text-input.ts';
import { NO_WHY, withWhy } from './why.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

let desk: MountedDesk | undefined;
afterEach(() => desk?.close());

async function open(): Promise<MountedDesk> {
  desk = mountDesk(world, { columns: 120, rows: 40 });
  await desk.waitFor('Lamp #');
  return desk;
}

async function openAt(saleId: number): Promise<MountedDesk> {
  const opened = await open();
  await opened.press('/', `id:${saleId}`, 'enter');
  await opened.waitFor(`filter id:${saleId}`);
  return opened;
}

/** Of the newest change of that. */
async function reasonOf(action: string, target: string): Promise<string | null | undefined> {
  const path = `/ops/audit?target=${encodeURIComponent(target)}`;
  const { body } = await ops<{ items: AuditRow[] }>(world, 'GET', path);
  return body.data.items.find((row) => row.action === action)?.reason;
}

test('a halt says why where somebody has the time: letters are letters there, and enter leads back to yes', async () => {
  const { saleId } = await world.sale();
  const at = await openAt(saleId);
  await at.press('H');
  await at.waitFor('may stay empty');
  await at.press('shift+tab', 'yny: Feuer – 100 %');
  await at.waitFor('enter: back');
  await at.press('enter');
  await at.waitFor('Why  yny: Feuer – 100 %');
  await at.press('enter');
  await at.waitFor('The sale is halted');
  expect(await reasonOf('sale.halt', `sale ${saleId}`)).toBe('yny: Feuer – 100 %');
});

test('a halt waits for no reason: it is two keys', async () => {
  const { saleId } = await world.sale();
  const at = await openAt(saleId);
  await at.press('H', 'y');
  await at.waitFor('The sale is halted');
  expect(await reasonOf('sale.halt', `sale ${saleId}`)).toBeNull();
});

test('an end takes its word and why in either order, and escape forgets both', async () => {
  const { saleId } = await world.sale();
  const at = await openAt(saleId);
  await at.press('X', 'tab', 'Forgotten', 'escape');
  await at.press('X', 'tab', 'Sold enough', 'enter');
  await at.waitFor('Why  Sold enough');
  await at.press(`lamp-${saleId}`, 'enter');
  await at.waitFor(/The sale is (draining|ended)/);
  expect(await reasonOf('sale.end', `sale ${saleId}`)).toBe('Sold enough');
});

test('units that are taken out say why', async () => {
  const { saleId } = await world.sale({ allotment: 10 });
  const at = await openAt(saleId);
  await at.press('u', '-3', 'enter', 'Broken in the van', 'enter');
  await at.waitFor('The sale has 7 units');
  expect(await reasonOf('sale.shrink', `sale ${saleId}`)).toBe('Broken in the van');
});

test('what is done to several says the same of each', async () => {
  const { productId } = await world.sale();
  const holds = await Promise.all([1, 2].map(() => hold(world, productId, { buyer_id: 'why-not', ttl: 60 })));
  const at = await open();
  await at.press('2', '/', 'why-not', 'enter');
  await at.waitFor(/why-not[^]*why-not/);
  await at.press('*', 'X', 'shift+tab', 'A robot', 'enter', 'enter');
  await at.waitFor('2 of 2 holds released');
  for (const { body } of holds) {
    expect(await reasonOf('hold.release', `hold ${body.data.hold_id}`)).toBe('A robot');
  }
});

test('an order that is cancelled says why', async () => {
  const { orderId } = await placeOrder(world, await world.sale(), 'pi_why_cancel');
  const at = await open();
  await at.press('3', '/', 'pi_why_cancel', 'enter');
  await at.waitFor(/pi_why_cancel.*pending|pending.*pi_why_cancel/);
  await at.press('X', 'shift+tab', 'Rang us', 'enter', 'enter');
  await at.waitFor('back in stock');
  expect(await reasonOf('order.cancel', `order ${orderId}`)).toBe('Rang us');
});

test('more than a reason may have is not taken', () => {
  const full = withWhy(NO_WHY, textInput('x'.repeat(CHANGE_REASON_LENGTH_MAX)));
  expect(full.input.text).toHaveLength(CHANGE_REASON_LENGTH_MAX);
  expect(withWhy(full, textInput(`${full.input.text}y`))).toEqual(full);
  expect(withWhy(full, NO_TEXT).input.text).toBe('');
});
