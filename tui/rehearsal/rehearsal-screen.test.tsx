/** A rehearsal from the terminal, at a real installation. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { ops } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { quit } from '../frame/quit.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
let desk: MountedDesk;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());
afterEach(() => desk.close());

const SIZE = { columns: 120, rows: 40 };

async function begin(buyers: number): Promise<void> {
  desk = mountDesk(world, SIZE);
  await desk.waitFor(/live.*Redis/);
  await desk.press('T');
  await desk.waitFor('They come within 10 seconds');
  await desk.press('ctrl+u', String(buyers), 'tab', 'ctrl+u', '5', 'ctrl+s');
}

const statesOfSales = async () =>
  (
    await ops<{ items: { product_name: string; state: string }[] }>(world, 'GET', '/ops/sales?limit=200')
  ).body.data.items.map(({ state }) => state);

test('it is followed row by row, and its verdict is in its details', async () => {
  await begin(60);
  await desk.waitFor(/● running +60 /);
  await desk.waitFor(/buyers +[█▏▎▍▌▋▊▉ ]+ +\d+ of 60 came/);
  await desk.press('T');
  await desk.waitFor('A rehearsal is going on. x breaks it off.');
  // No sale is under the cursor here.
  await desk.press('l');
  expect(desk.desk.store.get().dialog).toBeNull();
  await until(() => desk.desk.store.get().rehearsals[0]?.report !== null, 40_000);
  await desk.waitFor(/✓ passed +60 /);
  await desk.waitFor('never more units promised');
  expect(await statesOfSales()).toEqual(['ended']);
}, 60_000);

test('it is broken off by a key, or by leaving; its sale is ended first', async () => {
  await begin(500);
  await desk.waitFor(/[1-9]\d* of 500 came/);
  await desk.press('x');
  await desk.waitFor(/! broken off +500/);
  expect(await statesOfSales()).not.toContain('live');
  await desk.press('T');
  await desk.waitFor('They come within');
  await desk.press('enter', 'ctrl+s');
  await desk.waitFor(/● running +5,000/);
  await desk.waitFor(/[1-9]\d* of 5,000 came/);
  let hasLeft = false;
  await quit(desk.desk, () => void (hasLeft = true));
  expect(hasLeft).toBe(true);
  expect(await statesOfSales()).not.toContain('live');
}, 60_000);
