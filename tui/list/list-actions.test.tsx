/** The keys of every list, as the help documents them, on the real screen. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { layoutOf } from '../frame/layout.ts';
import { viewOf } from '../rooms/rooms.ts';
import { listOf } from '../state/state.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
let desk: MountedDesk;
beforeAll(async () => {
  world = await createWorld({ workers: true });
  for (let sale = 1; sale <= 12; sale += 1) await world.sale({ allotment: sale * 10 });
});
afterAll(() => world.close());
beforeEach(async () => {
  desk = mountDesk(world, { columns: 80, rows: 24 });
  await desk.waitFor('Lamp #12');
});
afterEach(() => desk.close());

const state = () => desk.desk.store.get();
const list = () => listOf(state());
/** The sale that is selected. The newest is the first. */
const selected = () => {
  const frame = desk.desk.frame();
  const { shown, window } = layoutOf(frame, viewOf(frame.state));
  return Number(shown.ids[window.selected]);
};

test('moving: by rows, by pages, to the ends and no further', async () => {
  const walk: readonly (readonly [string, number])[] = [
    ['j', 11],
    ['down', 10],
    ['k', 11],
    ['kkkk', 12],
    ['G', 1],
    ['j', 1],
    ['g', 12],
    ['end', 1],
    ['home', 12],
    ['pagedown', 7],
    ['ctrl+d', 2],
    ['ctrl+f', 1],
    ['pageup', 6],
    ['ctrl+u', 11],
    ['ctrl+b', 12],
  ];
  for (const [key, sale] of walk) {
    await desk.press(key);
    expect(selected(), key).toBe(sale);
    expect(desk.screen(), key).toContain(`Lamp #${sale} `);
  }
});

test('details: beside, full, scrolled no further than their end, and closed', async () => {
  await desk.press('d');
  await desk.waitFor('more lines, J and K scroll');
  expect(state().details.sales).toBe('beside');
  await desk.press('J', 'J');
  expect(state().detailTop).toBe(2);
  await desk.press('j');
  expect(state().detailTop).toBe(0);
  await desk.press('J'.repeat(80));
  const end = state().detailTop;
  expect(desk.screen()).not.toContain('more lines');
  await desk.press('K');
  expect(state().detailTop).toBe(end - 1);
  desk.resize({ columns: 80, rows: 12 });
  await desk.press('f');
  expect(state()).toMatchObject({ details: { sales: 'full' }, detailTop: 0 });
  await desk.press('G');
  const last = state().detailTop;
  expect(last).toBeGreaterThan(0);
  await desk.press('j', 'k');
  expect(state().detailTop).toBe(last - 1);
  await desk.press('g');
  expect(state().detailTop).toBe(0);
  expect(selected()).toBe(11);
  await desk.press('escape');
  expect(state().details.sales).toBe('closed');
});

describe('a filter', () => {
  test('works while it is typed, is kept by enter, and cleared by escape', async () => {
    await desk.press('/', 'id:7');
    await desk.waitFor('1 of 12');
    expect(selected()).toBe(7);
    await desk.press('enter');
    await desk.waitFor('filter id:7 (12 in all)');
    await desk.press('/', 'backspace', '8');
    await desk.waitFor('Lamp #8');
    await desk.press('escape');
    expect(list().filter).toBe('');
    await desk.waitFor('Lamp #12');
  });

  test('takes letters that are keys elsewhere, and pasted text', async () => {
    await desk.press('/', 'qjk?:1');
    expect(state().filterLine?.text).toBe('qjk?:1');
    await desk.press('ctrl+u', '\x1b[200~lamp\nq\x1b[201~');
    expect(state().filterLine?.text).toBe('lamp q');
    expect(desk.quits()).toBe(0);
  });
});

test('marks: one after the other, all, none; those that are not shown are told', async () => {
  await desk.press(' ', ' ');
  await desk.waitFor('● 2 marked');
  expect([...list().marks]).toEqual(['12', '11']);
  await desk.press('/', 'id:12', 'enter');
  await desk.waitFor('● 1 marked, 1 hidden');
  await desk.press('escape');
  expect(list().marks.size).toBe(0);
  await desk.press('escape', '*');
  expect(list().marks.size).toBe(12);
  await desk.press('*');
  expect(list().marks.size).toBe(0);
});

test('sorting: by a column that is picked, turned around, and back', async () => {
  await desk.press('S');
  await desk.waitFor('Sort by a column first, with s.');
  await desk.press('s');
  await desk.waitFor('Sort by');
  await desk.press('down', 'enter');
  expect(list().sort).toMatchObject({ isDescending: false });
  await desk.press('S');
  expect(list().sort).toMatchObject({ isDescending: true });
  await desk.press('s', 'enter');
  expect(list().sort).toBeNull();
  await desk.press(':', 'list sort nothing', 'enter');
  await desk.waitFor('There is no column nothing: ');
});

test('a frozen list stays as it is, counts what came, and goes on', async () => {
  await desk.press('p');
  await desk.waitFor('frozen, 0 new; p goes on');
  const { saleId } = await world.sale({ allotment: 5 });
  await desk.waitFor('frozen, 1 new; p goes on');
  expect(desk.screen()).not.toContain(`Lamp #${saleId}`);
  await desk.press('escape');
  await desk.waitFor(`Lamp #${saleId}`);
});

test('copying: what is picked of the selected row', async () => {
  await desk.press('/', 'id:3', 'enter', 'y');
  await desk.waitFor('Copy');
  await desk.press('enter');
  expect(desk.copied).toEqual(['3']);
  await desk.press('y', 'J', 'enter');
  expect(JSON.parse(desk.copied[1] ?? '')).toMatchObject({ id: 3 });
  await desk.press('escape', '/', 'nothing like it', 'enter', 'y');
  await desk.waitFor('There is nothing to copy: no row is selected.');
});

describe('tabs and the palette', () => {
  test('numbers, brackets, and back', async () => {
    const walk = [
      ['3', 'orders'],
      [']', 'webhooks'],
      ['[', 'orders'],
      ['1', 'sales'],
      ['-', 'orders'],
      ['-', 'sales'],
      ['[', 'activity'],
      [']', 'sales'],
    ] as const;
    for (const [key, room] of walk) {
      await desk.press(key);
      expect(state().room, key).toBe(room);
    }
  });

  test('the palette does what is selected, goes round, and takes words', async () => {
    await desk.press(':', 'holds', 'enter');
    expect(state().room).toBe('holds');
    await desk.press('1', 'ctrl+p', 'quit', 'down', 'up', 'enter');
    expect(desk.quits()).toBe(1);
    await desk.press(':', 'list filter id:4', 'enter');
    expect(list().filter).toBe('id:4');
    // Up from the first is the last, and a step on is the first again.
    await desk.press(':', 'up', 'down', 'escape');
    await desk.press(':', 'zzz', 'enter');
    await desk.waitFor('Nothing is called that.');
  });
});
