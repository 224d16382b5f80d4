/** The room of sales at a real installation: what is seen is what the API has, and keys do what they say. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { PAGE_ROWS_MAX, SALES_BATCH_MAX } from '@flash-sale/shared/limits.ts';
import { hold, ops } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { limitFields } from './sale-limits.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
let desk: MountedDesk;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());
afterEach(() => desk.close());

const SIZE = { columns: 120, rows: 40 };

async function saleNow(saleId: number): Promise<OperatedSale> {
  return (await ops<OperatedSale>(world, 'GET', `/ops/sales/${saleId}`)).body.data;
}

/** With the sale alone on the board. */
async function openAt(saleId: number, size = SIZE): Promise<void> {
  desk = mountDesk(world, size);
  await desk.waitFor('Lamp #');
  await desk.press('/', `id:${saleId}`, 'enter');
  await desk.waitFor(`filter id:${saleId}`);
}

test('the board follows holds as they come, and its sum balances', async () => {
  const { saleId, productId } = await world.sale({ allotment: 30 });
  await openAt(saleId);
  await desk.waitFor(/0 paid \+ ▓ 0 ordered \+ ▒ 0 held \+ ░ 30 available = 30/);
  await hold(world, productId, { quantity: 4, ttl: 60 });
  await desk.waitFor(/▒ 4 held \+ ░ 26 available = 30/);
  await desk.press('d');
  await desk.waitFor('adds up');
  await desk.waitFor(/called +lamp-\d/);
});

test('a product and its sale are made in one form, launched after a look, the name typed, and 5 s', async () => {
  desk = mountDesk(world, { columns: 80, rows: 24 });
  await desk.waitFor(/live.*Redis/);
  await desk.press('n');
  await desk.waitFor('A new product');
  await desk.press('enter');
  await desk.waitFor('New product and its sale');
  await desk.press('Star map', 'tab', 'tab', '12x');
  await desk.waitFor('must be a whole number');
  await desk.press('backspace', 'tab', '25', 'tab', 'usd', 'tab', 'tab', 'in 2h');
  await desk.waitFor('300.00 USD when all are paid');
  await desk.press('ctrl+s');
  const screen = await desk.waitFor(/sale \d+ is a draft/);
  const saleId = Number(/sale (\d+) is a draft/.exec(screen)?.[1]);
  expect(await saleNow(saleId)).toMatchObject({ state: 'draft', allotment: 12, price: 25, currency: 'USD' });

  await desk.waitFor(/▌ draft +Star map/);
  await desk.press('l');
  const asked = await desk.waitFor(/Ready|Not ready/);
  for (const check of ['connection', 'Redis', 'SQL', 'workers', 'no secret is set', 'none yet']) {
    expect(asked).toContain(check);
  }
  await desk.press(`star-map-${saleId}`, 'enter');
  await desk.waitFor('T-5 s');
  await desk.press('escape');
  await desk.waitFor('was stopped: nothing was done');
  expect((await saleNow(saleId)).state).toBe('draft');
  await desk.press('l', `star-map-${saleId}`, 'enter');
  await desk.waitFor('T-5 s');
  await desk.waitFor('The sale is live');
  expect((await saleNow(saleId)).state).toBe('live');
}, 40_000);

test('a launch that will be refused is foreseen, and its refusal told', async () => {
  const { saleId, productId } = await world.sale({ allotment: 5 });
  expect((await ops(world, 'POST', '/ops/sales', { product_id: productId, allotment: 7 })).status).toBe(201);
  await openAt(saleId + 1);
  await desk.press('l');
  await desk.waitFor(`is in sale ${saleId}, which is on: end it first`);
  await desk.waitFor('Not ready');
  await desk.press(`lamp-${saleId + 1}`, 'enter');
  await desk.waitFor('T-5 s');
  await desk.waitFor('another sale that is on');
  expect((await saleNow(saleId + 1)).state).toBe('draft');
}, 30_000);

test('a form that the API refuses is asked again with what was typed in it', async () => {
  await world.sale();
  desk = mountDesk(world, SIZE);
  await desk.waitFor('Lamp #');
  await desk.press('n');
  await desk.waitFor('A new product');
  await desk.press('down', 'enter');
  await desk.waitFor('New sale of Lamp');
  await desk.press('5', 'tab', 'tab', 'tab', 'tab', '2300-01-01 09:00', 'ctrl+s');
  const again = await desk.waitFor(/closes_at .*2199/);
  expect(again).toContain('New sale of Lamp');
  expect(again).toContain('2300-01-01 09:00');
});

test('pause, resume, halt and end ask first, and do what they say', async () => {
  const { saleId } = await world.sale({ allotment: 9 });
  await openAt(saleId);
  const state = async () => (await saleNow(saleId)).state;
  await desk.press('P');
  await desk.waitFor('Nobody can hold units');
  await desk.press('enter');
  expect(await state()).toBe('live');
  await desk.press('P', 'y');
  await desk.waitFor('The sale is paused');
  expect(await state()).toBe('paused');
  // The answer is told before the board is read again.
  await desk.waitFor(/paused +Lamp/);
  await desk.press('P');
  await desk.waitFor(/is paused: no pause\. Possible now: resume, end, halt/);
  await desk.press('r', 'y');
  await desk.waitFor(/live +Lamp/);
  await desk.press('H', 'y');
  await desk.waitFor('The sale is halted');
  expect(await state()).toBe('halted');
  await desk.press('X');
  await desk.waitFor('cannot be opened again');
  await desk.press('lamp', 'enter');
  expect(await state()).toBe('halted');
  await desk.press(`-${saleId}`, 'enter');
  await desk.waitFor(/The sale is (draining|ended)/);
  await desk.waitFor(/ended +Lamp/);
});

test('units are added and taken out, as far as nobody was promised them', async () => {
  const { saleId, productId } = await world.sale({ allotment: 10 });
  await hold(world, productId, { quantity: 4, ttl: 60 });
  await openAt(saleId);
  await desk.waitFor('▒ 4 held');
  await desk.press('u', '-7');
  await desk.waitFor('only 6 are available');
  await hold(world, productId, { quantity: 1, ttl: 60 });
  await desk.waitFor('only 5 are available');
  await desk.press('backspace', '2');
  await desk.waitFor(/available +5 → 3/);
  await desk.waitFor(/allotment +10 → 8/);
  await desk.press('enter', 'Broken', 'enter');
  await desk.waitFor('The sale has 8 units');
  await desk.press('u', '+5', 'ctrl+s');
  await desk.waitFor('The sale has 13 units');
  expect((await saleNow(saleId)).allotment).toBe(13);
});

test('the window is extended, the limits of a sale that is on are changed, the others stay', async () => {
  const closesAt = new Date(Date.now() + 3_600_000);
  const { saleId } = await world.sale({ closesAt });
  await openAt(saleId);
  await desk.waitFor('closes in');
  await desk.press('w', '+30m', 'enter');
  await desk.waitFor('The window is changed');
  // What was typed was shown without milliseconds.
  const closes = Date.parse((await saleNow(saleId)).closes_at ?? '');
  expect(closes - closesAt.getTime()).toBeWithin(1_799_000, 1_801_000);
  await desk.press('E');
  await desk.waitFor('Limits of Lamp');
  await desk.press('4', 'ctrl+s');
  await desk.waitFor('Holds were granted under the old limit per buyer. Pause the sale');
  await desk.press('E', 'tab', '50', 'ctrl+s');
  await desk.waitFor('The sale is edited');
  expect(await saleNow(saleId)).toMatchObject({ buyer_limit: null, buyer_rate: 50, address_rate: null });
});

test('a draft is edited as it was written, and only what was changed is sent', async () => {
  const { saleId } = await world.sale({ allotment: 10, buyerLimit: 2 }, 'draft');
  const before = await saleNow(saleId);
  await openAt(saleId);
  await desk.press('E');
  await desk.waitFor(`Edit Lamp #${saleId}`);
  await desk.press('20', 'ctrl+s');
  await desk.waitFor('The sale is edited');
  expect(await saleNow(saleId)).toEqual({
    ...before,
    allotment: 20,
    units: { ...before.units, available: 20 },
  });
  await desk.press('E', 'ctrl+s');
  await desk.waitFor('Nothing was changed.');
  await desk.press('t');
  await desk.waitFor('opens at once');
  await desk.press(`lamp-${saleId}`, 'enter');
  await desk.waitFor(/live +Lamp/);
});

test('a draft that somebody else edits while it is asked about is not scheduled as what it was', async () => {
  const { saleId } = await world.sale({ allotment: 10 }, 'draft');
  await openAt(saleId);
  await desk.press('t');
  await desk.waitFor('10 units of Lamp');
  await desk.press(`lamp-${saleId}`);
  expect((await ops(world, 'PATCH', `/ops/sales/${saleId}`, { allotment: 1_000 })).status).toBe(200);
  await desk.press('enter');
  await desk.waitFor('was edited meanwhile: nothing was done');
  expect((await saleNow(saleId)).state).toBe('draft');
});

test('who may only look is told so, and from a sale its holds are one key away', async () => {
  const { saleId } = await world.sale();
  desk = mountDesk(world, { ...SIZE, context: { isReadOnly: true } });
  await desk.waitFor(`#${saleId}`);
  await desk.press('n');
  await desk.waitFor('read-only here');
  await desk.press('/', `id:${saleId}`, 'enter', 'enter');
  await desk.waitFor(() => desk.desk.store.get().room === 'holds');
  expect(desk.desk.store.get().saleId).toBe(saleId);
});

test('in a small window there are lines instead of cards, and forms are paged', async () => {
  const { saleId } = await world.sale({ allotment: 10 }, 'draft');
  desk = mountDesk(world, { columns: 60, rows: 12 });
  await desk.waitFor('Lamp #');
  await desk.press('tab');
  await desk.waitFor('Sold');
  await desk.press('/', `id:${saleId}`, 'enter');
  await desk.waitFor(`filter id:${saleId}`);
  await desk.press('E');
  await desk.waitFor('more below');
  await desk.press('shift+tab');
  await desk.waitFor(`▌ ${limitFields.at(-1)?.label}`);
  await desk.press('escape', 't');
  await desk.waitFor(`Type lamp-${saleId} to go on`);
});

test('a live sale is on the board however many drafts are newer', async () => {
  const { saleId, productId } = await world.sale();
  const drafts = Array.from({ length: SALES_BATCH_MAX }, () => ({ product_id: productId, allotment: 1 }));
  const batches = Math.ceil((PAGE_ROWS_MAX + 1) / SALES_BATCH_MAX);
  for (let batch = 0; batch < batches; batch += 1) {
    expect((await ops(world, 'POST', '/ops/sales/batch', { sales: drafts })).status).toBe(201);
  }
  desk = mountDesk(world, SIZE);
  await desk.waitFor(new RegExp(`live +Lamp #${saleId} `));
});
