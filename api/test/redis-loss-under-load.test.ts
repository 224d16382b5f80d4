import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { startApi, type ApiProcess } from './api-process.ts';
import { audit } from './audit.ts';
import { expectExact, newJournal, whileBuying, type Journal } from './buyers.ts';
import { availableStock, hold, send } from './client.ts';
import { postAtOnce } from './crowd.ts';
import { RedisFaults } from './redis-faults.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { until } from './until.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let redis: RedisFaults;
let api: ApiProcess;
beforeAll(async () => {
  world = await createWorld();
  redis = new RedisFaults(world);
  await redis.neverForget();
  api = await startApi(world, { workers: 'inline' });
});
afterEach(() => redis.start());
afterAll(async () => {
  await api.kill();
  await world.close();
  await redis.stop();
});

const FAULTS = Number(process.env['FAULTS'] ?? 5);
/** Enough to sell on after every fault. */
const ALLOTMENT = 100 * FAULTS;
const seed = seedFrom('REDIS_LOSS_SEED');
const chance = chanceOf(seed);

async function whileSelling(
  mayHear: readonly string[],
  fault: () => Promise<unknown>,
): Promise<{ saleId: number; productId: number; journal: Journal }> {
  const { saleId, productId } = await world.sale({ allotment: ALLOTMENT });
  await until(async () => (await availableStock(api, productId)) === ALLOTMENT);
  const journal = newJournal();
  const crowd = { api: () => api, productId, chance, journal, mayHear };
  await whileBuying(crowd, 12, async () => {
    for (let faults = 0; faults < FAULTS; faults += 1) {
      const soldBefore = journal.ordered.length;
      await Bun.sleep(chance.integer(20, 200));
      await fault();
      // It sells again by itself before the next fault comes.
      await until(() => journal.ordered.length > soldBefore + 3);
      // Whenever it is armed, it adds up.
      const seen = await until(() => audit(world.services, saleId));
      expect(seen.drift).toBe(0);
    }
  });
  return { saleId, productId, journal };
}

async function expectSettled(saleId: number, journal: Journal): Promise<void> {
  await expectExact(world.services, saleId, journal);
  expect(journal.ordered.length).toBeGreaterThan(FAULTS * 3);
}

describe(`under load (seed ${seed})`, () => {
  test(
    'a Redis killed -9 and restarted loses no hold, no order, no payment (I1..I8)',
    async () => {
      const { saleId, journal } = await whileSelling([], () => redis.restart());
      expect(journal.retries).toBeGreaterThan(0);
      await expectSettled(saleId, journal);
    },
    30_000 + FAULTS * 1_000,
  );

  test(
    'a FLUSHALL loses holds, says so, and loses nothing else (I1..I6, I8)',
    async () => {
      const lose = () => world.services.redis.flushall();
      const { saleId, journal } = await whileSelling(['hold_lost'], lose);
      await expectSettled(saleId, journal);
    },
    30_000 + FAULTS * 1_000,
  );

  test(
    'a Redis that comes back empty loses holds, says so, and loses nothing else (I1..I6, I8)',
    async () => {
      const { saleId, journal } = await whileSelling(['hold_lost'], () => redis.restartEmpty());
      await expectSettled(saleId, journal);
    },
    30_000 + FAULTS * 1_000,
  );

  test(
    'a Redis that comes back as it was a moment ago sells nothing twice (I1..I6, I8)',
    async () => {
      const { saleId, journal } = await whileSelling(['hold_lost'], async () => {
        const goBack = redis.keepState();
        await Bun.sleep(chance.integer(1, 60));
        await goBack();
      });
      await expectSettled(saleId, journal);
    },
    30_000 + FAULTS * 1_000,
  );
});

describe('2000 requests at once, and Redis is killed -9 in the middle', () => {
  test(
    `no unit is sold twice and no acknowledged hold is lost (I1, I2, I7, seed ${seed})`,
    async () => {
      const { saleId, productId } = await world.sale({ allotment: 1_000 });
      await until(async () => (await availableStock(api, productId)) === 1_000);
      const requests = Array.from({ length: 2_000 }, (_, index) => ({
        body: { product_id: productId, quantity: 1 },
        headers: { 'idempotency-key': `${saleId} ${index}` },
      }));
      const answering = postAtOnce(`${api.listening.url}/api/holds`, requests);
      await until(async () => Number(await world.services.redis.hlen(redis.key(saleId, 'holds'))) > 0);
      await redis.restart();
      const answers = await answering;
      expect(new Set(answers.map(({ status }) => status)).difference(new Set([201, 409, 503])).size).toBe(0);

      // Whoever got no answer asks again; everybody who was told a hold keeps it.
      const all = await Promise.all(
        answers.map(async (answer, index) => {
          if (answer.status === 201) return answer.body.data?.hold_id ?? 'none';
          const key = requests[index]?.headers ?? {};
          const again = await until(async () => {
            const found = await hold(api, productId, { quantity: 1 }, key);
            return found.status !== 503 && found;
          });
          return again.status < 300 ? again.body.data.hold_id : null;
        }),
      );
      const holdIds = all.filter((holdId) => holdId !== null);
      expect(new Set(holdIds).size).toBe(1_000);
      expect(await audit(world.services, saleId)).toMatchObject({ available: 0, held: 1_000, drift: 0 });
      const told = answers.flatMap(({ body }) => body.data?.hold_id ?? []);
      const seen = await Promise.all(told.map((holdId) => send(api, 'GET', `/api/holds/${holdId}`)));
      expect(seen.filter(({ body }) => body.data['state'] !== 'held')).toEqual([]);
    },
    30_000 + FAULTS * 1_000,
  );
});
