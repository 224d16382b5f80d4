import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startApi, type ApiProcess } from './api-process.ts';
import { audit } from './audit.ts';
import { expectExact, newJournal, whileBuying } from './buyers.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const KILLS = Number(process.env['KILLS'] ?? 6);
const seed = seedFrom('KILLS_SEED');

test(`an API killed -9 at any instant under load loses nothing and doubles nothing (I1..I8, seed ${seed})`, async () => {
  const { saleId, productId } = await world.sale({ allotment: 400 });
  const chance = chanceOf(seed);
  const journal = newJournal();
  // Two at once, as in a larger setup: while one is away the other serves, and both meet at every row.
  const apis = await Promise.all([0, 1].map(() => startApi(world, { workers: 'inline' })));
  const crowd = { api: () => chance.pick(apis), productId, chance, journal };
  await whileBuying(crowd, 12, async () => {
    for (let kills = 0; kills < KILLS; kills += 1) {
      await Bun.sleep(chance.integer(20, 250));
      const victim = chance.integer(0, 1);
      await (apis[victim] as ApiProcess).kill();
      expect((await audit(world.services, saleId)).drift).toBe(0);
      apis[victim] = await startApi(world, { workers: 'inline' });
    }
  });
  await Promise.all(apis.map((api) => api.kill()));

  await expectExact(world.services, saleId, journal);
  // It was a test: there was load, and it was hit.
  expect(journal.ordered.length).toBeGreaterThan(KILLS * 5);
  expect(journal.retries).toBeGreaterThan(0);
}, 60_000);
