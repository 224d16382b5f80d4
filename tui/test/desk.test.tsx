/**
 * The mount that the tests of the rooms stand on: it shows what the API has, and keys do what they do in a terminal.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { mountDesk } from './desk.tsx';

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

test('the screen shows what the API has, and keys reach it', async () => {
  await world.sale();
  const desk = mountDesk(world, { columns: 100, rows: 30 });
  try {
    await desk.waitFor(/live.*Redis/);
    await desk.waitFor('Lamp #1');
    await desk.press('?');
    await desk.waitFor('Keys');
    await desk.press('escape', '/', 'nothing like it', 'enter');
    await desk.waitFor('None of 1 rows matches');
    await desk.press('escape');
    await desk.waitFor('Lamp #1');
    await desk.press('q');
    expect(desk.quits()).toBe(1);
  } finally {
    desk.close();
  }
});
