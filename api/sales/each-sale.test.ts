import { afterAll, beforeAll, expect, test } from 'bun:test';
import { RedisFaults } from '../test/redis-faults.ts';
import { createWorld, type World } from '../test/world.ts';
import { readSale } from '../redis/sale-scripts.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { eachSale } from './each-sale.ts';

let world: World;
let faults: RedisFaults;
const sales: { id: number }[] = [];
beforeAll(async () => {
  world = await createWorld();
  faults = new RedisFaults(world);
  for (let i = 0; i < 4; i += 1) sales.push({ id: (await world.sale()).saleId });
});
afterAll(async () => {
  await world.close();
  await faults.stop();
});

test('all sales have a turn, also after one whose store failed it; that is no failure of the turn', async () => {
  const done: number[] = [];
  const count = await eachSale(world.services, 'a test', sales, ({ id }) => {
    if (id === sales[1]?.id) throw new StoreUnavailable('redis', 'the sale is being rebuilt');
    done.push(id);
    return Promise.resolve(2);
  });
  expect(count).toBe(6);
  expect(done).toEqual(sales.map(({ id }) => id).toSpliced(1, 1));
});

test('a fault that is not about a store is thrown when all had their turn', async () => {
  let turns = 0;
  const turn = eachSale(world.services, 'a test', sales, () => {
    turns += 1;
    if (turns === 2) throw new Error('a bug');
    return Promise.resolve(1);
  });
  expect(await turn.catch(String)).toBe('Error: a bug');
  expect(turns).toBe(4);
});

test('a Redis that hangs costs one turn two time-outs, not one for every sale', async () => {
  let turns = 0;
  const error = await faults.frozen(() =>
    eachSale(world.services, 'a test', sales, async ({ id }) => {
      turns += 1;
      await readSale(world.services.redis, id);
      return 1;
    }).catch((failure: unknown) => failure),
  );
  expect(error).toBeInstanceOf(StoreUnavailable);
  expect(turns).toBe(1);
});
