/**
 * Only what changed is sent to the terminal. Whatever is pressed, happens or is resized, the screen that comes of it is,
 * cell for cell, the one that would have been drawn from nothing.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { hold } from '@flash-sale/api/test/client.ts';
import { chanceOf, seedFrom } from '@flash-sale/api/test/seeded.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { ACTIONS } from '../actions/registry.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';
import { mountScreen } from '../test/screen.tsx';
import { App } from './app.tsx';

const STEPS = 300;
const SIZES = [
  { columns: 60, rows: 12 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 50 },
  { columns: 39, rows: 7 },
  { columns: 111, rows: 19 },
];
/** Where the terminal would leave, or wait for the shell. */
const NOT_PRESSED = new Set(['ctrl+z', 'ctrl+l', 'M']);
const KEYS = [...new Set(ACTIONS.flatMap(({ keys }) => keys))].filter((key) => !NOT_PRESSED.has(key));

let world: World;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());

test('the screen is always the one that would be drawn from nothing', async () => {
  const seed = seedFrom('SEED');
  const chance = chanceOf(seed);
  const { productId } = await world.sale({ allotment: 400 });
  await world.sale({ allotment: 7 });
  let size = SIZES[1] as (typeof SIZES)[number];
  const desk = mountDesk(world, { ...size, isColoured: true });
  try {
    await desk.waitFor('Lamp #1');
    for (let step = 0; step < STEPS; step += 1) {
      const dice = chance.next();
      if (dice < 0.1) {
        size = chance.pick(SIZES);
        desk.resize(size);
      } else if (dice < 0.25) {
        await hold(world, productId, {
          quantity: chance.integer(1, 3),
          ttl: 3,
          buyer_id: `buyer-${step}`,
        });
      } else {
        // Several at once, as they come over a slow line.
        await desk.press(...Array.from({ length: chance.integer(1, 4) }, () => chance.pick(KEYS)));
      }
      await compare(desk, size, `seed ${seed}, step ${step}`);
    }
  } finally {
    desk.close();
  }
}, 120_000);

async function compare(
  desk: MountedDesk,
  size: { columns: number; rows: number },
  what: string,
): Promise<void> {
  for (;;) {
    const frame = desk.frames.get();
    const isOfSize = frame.state.columns === size.columns && frame.state.rows === size.rows;
    if (isOfSize) {
      await desk.drawn();
      const shown = desk.cells();
      const frames = { ...desk.frames, get: () => frame, subscribe: () => () => {} };
      const fresh = mountScreen(<App frames={frames} isAscii={false} />, size, 1);
      await fresh.drawn();
      const expected = fresh.cells();
      fresh.unmount();
      if (desk.frames.get() === frame) {
        expect(shown, `${what}\n${desk.screen()}`).toEqual(expected);
        return;
      }
    }
    await Bun.sleep(1);
  }
}
