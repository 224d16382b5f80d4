import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startApi, type ApiProcess } from './api-process.ts';
import { audit } from './audit.ts';
import { availableStock } from './client.ts';
import { postAtOnce, type CrowdAnswer, type CrowdRequest } from './crowd.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { until } from './until.ts';
import { createWorld, type OneSale, type World } from './world.ts';

const CROWD = 2_000;
const ROUNDS = 10;

let world: World;
let api: ApiProcess;
/** Made before the API starts, so that it knows them from its first request on. */
const sales: OneSale[] = [];

beforeAll(async () => {
  world = await createWorld();
  for (let i = 0; i < ROUNDS + 3; i += 1) sales.push(await world.sale({ allotment: 100 }));
  api = await startApi(world, { workers: 'inline' });
});
afterAll(async () => {
  await api.kill();
  await world.close();
});

const seed = seedFrom('CROWD_SEED');
const chance = chanceOf(seed);

describe(`${CROWD} requests at once for 100 units`, () => {
  for (let round = 1; round <= ROUNDS; round += 1) {
    test(`sell exactly 100, time ${round} of ${ROUNDS} (I1, I2)`, async () => {
      const { saleId, productId } = nextSale();
      const answers = await crowd(() => ({ body: { product_id: productId, quantity: 1 } }));
      expect(tally(answers)).toEqual({ '201': 100, '409 insufficient_stock': CROWD - 100 });
      expect(new Set(holdIds(answers)).size).toBe(100);
      expect(await availableStock(api, productId)).toBe(0);
      expect(await audit(world.services, saleId)).toMatchObject({ available: 0, held: 100, drift: 0 });
    });
  }

  test('sell exactly 100 through two API processes (I1, I2)', async () => {
    const { saleId, productId } = nextSale();
    const other = await startApi(world, { workers: 'inline' });
    const half = Array.from({ length: CROWD / 2 }, () => ({ body: { product_id: productId, quantity: 1 } }));
    const halves = [api, other].map(({ listening }) => postAtOnce(`${listening.url}/api/holds`, half));
    const answers = (await Promise.all(halves)).flat();
    await other.kill();
    expect(tally(answers)).toEqual({ '201': 100, '409 insufficient_stock': CROWD - 100 });
    expect(await audit(world.services, saleId)).toMatchObject({ available: 0, held: 100, drift: 0 });
  });

  test(`of 1 to 5 units refuse only what is more than is left (I1, I2, seed ${seed})`, async () => {
    const { saleId, productId } = nextSale();
    const quantities = Array.from({ length: CROWD }, () => chance.integer(1, 5));
    const answers = await crowd((index) => ({
      body: { product_id: productId, quantity: quantities[index] },
    }));
    let granted = 0;
    const wronged: unknown[] = [];
    answers.forEach(({ status, body }, index) => {
      const quantity = quantities[index] ?? 0;
      if (status === 201) granted += quantity;
      else if (Number(body.available_stock) >= quantity) wronged.push({ quantity, body });
    });
    expect(wronged).toEqual([]);
    // Among so many there is somebody for the last unit.
    expect(granted).toBe(100);
    expect(await audit(world.services, saleId)).toMatchObject({ available: 0, held: 100, drift: 0 });
  });

  test('with three requests per idempotency key give each key one hold or none (I4)', async () => {
    const { saleId, productId } = nextSale();
    const keyOf = (index: number) => `key ${index % Math.ceil(CROWD / 3)}`;
    const request = (index: number): CrowdRequest => ({
      body: { product_id: productId, quantity: 1 },
      headers: { 'idempotency-key': keyOf(index) },
    });
    const answers = await crowd(request);
    const byKey = Map.groupBy(answers, (_, index) => keyOf(index));
    const sold = [...byKey.values()].filter((ofKey) => ofKey.some(({ status }) => status === 201));
    expect(sold.length).toBe(100);
    for (const ofKey of sold) {
      expect(tally(ofKey)).toEqual({ '201': 1, '200': ofKey.length - 1 });
      expect(new Set(holdIds(ofKey)).size).toBe(1);
    }
    expect(tally(answers)['409 insufficient_stock']).toBe(CROWD - sold.flat().length);
    expect(await audit(world.services, saleId)).toMatchObject({ available: 0, held: 100, drift: 0 });
  });
});

describe(`${CROWD} requests at once of 40 buyers who may have 2 units each`, () => {
  // No buyer gets a third unit, and while there are units no buyer is refused a second.
  for (const { allotment, sold } of [
    { allotment: 100, sold: 80 },
    { allotment: 50, sold: 50 },
  ]) {
    test(`sell exactly ${sold} of ${allotment} units, at most 2 to each (I1, I2)`, async () => {
      const { saleId, productId } = await world.sale({ allotment, buyerLimit: 2 });
      await until(async () => (await availableStock(api, productId)) === allotment);
      const buyerOf = (index: number) => `buyer-${index % 40}`;
      const answers = await crowd((index) => ({
        body: { product_id: productId, quantity: 1, buyer_id: buyerOf(index) },
      }));
      const ofBuyers = Map.groupBy(answers, (_, index) => buyerOf(index));
      const units = [...ofBuyers.values()].map((ofBuyer) => holdIds(ofBuyer).length);
      expect(Math.max(...units)).toBe(2);
      expect(units.reduce((sum, count) => sum + count, 0)).toBe(sold);
      expect(await audit(world.services, saleId)).toMatchObject({
        available: allotment - sold,
        held: sold,
        drift: 0,
      });
    });
  }
});

function nextSale(): OneSale {
  const sale = sales.pop();
  if (sale === undefined) throw new Error('more rounds than sales');
  return sale;
}

function crowd(request: (index: number) => CrowdRequest): Promise<CrowdAnswer[]> {
  const requests = Array.from({ length: CROWD }, (_, index) => request(index));
  return postAtOnce(`${api.listening.url}/api/holds`, requests);
}

/** How many answers of each kind. */
function tally(answers: readonly CrowdAnswer[]): Record<string, number> {
  const kinds = Map.groupBy(answers, ({ status, body }) => [status, body.code].join(' ').trim());
  return Object.fromEntries([...kinds].map(([kind, ofKind]) => [kind, ofKind.length]));
}

function holdIds(answers: readonly CrowdAnswer[]): string[] {
  return answers.flatMap(({ body }) => body.data?.hold_id ?? []);
}
