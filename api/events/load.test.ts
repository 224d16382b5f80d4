/** The stream of events under load, with consumers that are cut off at any moment and resume at another process. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { newHoldId } from '../holds/hold-id.ts';
import { eventsKey } from '../redis/keys.ts';
import { readSale } from '../redis/sale-scripts.ts';
import { releaseHold } from '../redis/hold-scripts.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { spreadOf } from '../test/faults/figures.ts';
import { startApi, type ApiProcess } from '../test/api-process.ts';
import { EventClient, type SeenEvent } from '../test/event-client.ts';
import { chanceOf, seedFrom, type Chance } from '../test/seeded.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { eventsIn } from './entry.ts';
import { publish } from './publish.ts';

const HOLDS_PER_SECOND = 2_500;
const SECONDS = Number(process.env['EVENTS_LOAD_SECONDS'] ?? 4);
const BATCH = 10;
const CONSUMERS = 5;
const seed = seedFrom('EVENTS_SEED');

let world: World;
let apis: ApiProcess[];
beforeAll(async () => {
  world = await createWorld();
  apis = await Promise.all([startApi(world, { workers: 'inline' }), startApi(world)]);
});
afterAll(async () => {
  await Promise.all(apis.map((api) => api.kill()));
  await world.close();
});

/** Somebody who listens, is cut off, and comes back somewhere else. */
class Wanderer {
  readonly events: SeenEvent[] = [];
  readonly gaps: SeenEvent[] = [];
  cuts = 0;
  #client: EventClient;

  private constructor(client: EventClient) {
    this.#client = client;
  }

  static async begin(api: ApiProcess): Promise<Wanderer> {
    const client = await EventClient.open(api);
    await until(() => client.of('ready').length === 1);
    return new Wanderer(client);
  }

  async wander(chance: Chance, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await Promise.race([Bun.sleep(chance.integer(20, 500)), this.#client.ended]);
      await this.#moveTo(() => chance.pick(apis));
    }
  }

  /** Listens on until it has heard this. */
  async until(action: string): Promise<void> {
    await until(() => hasHeard(this.#client, action), 20_000);
    await this.#leave();
  }

  async #leave(): Promise<string | undefined> {
    await this.#client.cut();
    this.events.push(...this.#client.events);
    this.gaps.push(...this.#client.of('gap'));
    return this.#client.lastId;
  }

  async #moveTo(api: () => ApiProcess): Promise<void> {
    const after = await this.#leave();
    this.cuts += 1;
    // A process that was killed does not answer.
    this.#client = await until(() => EventClient.open(api(), { after }));
    await until(() => this.#client.of('ready').length === 1);
  }
}

function hasHeard(client: EventClient, action: string): boolean {
  return client.of('operator.acted').some(({ data }) => data['action'] === action);
}

/** Holds at the pace; some are released, and some end by themselves. @returns how many a second there were */
async function load(saleIds: readonly number[], chance: Chance): Promise<number> {
  const { redis } = world.services;
  const startedAt = performance.now();
  let count = 0;
  while (count < SECONDS * HOLDS_PER_SECOND) {
    const saleId = chance.pick(saleIds);
    const requests = Array.from({ length: BATCH }, () => ({
      holdId: newHoldId(saleId),
      quantity: 1,
      ttlMs: chance.next() < 0.3 ? 500 : 60_000,
      buyerId: 'ann',
      keyDigest: null,
      fingerprint: '',
    }));
    await placeHolds(redis, saleId, requests);
    for (const { holdId } of requests) if (chance.next() < 0.1) await releaseHold(redis, saleId, holdId);
    count += BATCH;
    const aheadMs = (count / HOLDS_PER_SECOND) * 1_000 - (performance.now() - startedAt);
    if (aheadMs > 1) await Bun.sleep(aheadMs);
  }
  return Math.round((count / (performance.now() - startedAt)) * 1_000);
}

/** Everything that the stores say happened to the sale, in order. */
async function truth(saleId: number): Promise<string[]> {
  const entries = await world.services.redis.xrange(eventsKey(saleId), '-', '+');
  return entries.flatMap(([id, fields]) => {
    const [ms, seq] = id.split('-');
    const events = eventsIn(saleId, { id: { ms: 0, seq: 0 }, fields });
    return events.map((event, index) => `${ms}-${saleId}-${seq}-${index} ${JSON.stringify(event)}`);
  });
}

/** Once what ends by itself has ended. */
async function finalTruth(saleIds: readonly number[]): Promise<string[]> {
  let before = -1;
  return until(async () => {
    await Bun.sleep(700);
    const lines = (await Promise.all(saleIds.map((saleId) => truth(saleId)))).flat();
    const isFinal = lines.length === before;
    before = lines.length;
    return isFinal && lines;
  }, 30_000);
}

function lineOf({ id, data }: SeenEvent): string {
  const { at, ...event } = data;
  const [ms] = id.split('-');
  if (Date.parse(at) !== Number(ms)) throw new Error(`event ${id} says it was at ${at}`);
  return `${id.split('.')[0]} ${JSON.stringify(event)}`;
}

test(`consumers that are cut off and resume elsewhere see every event once, in order, and less than a second late (seed ${seed})`, async () => {
  const chance = chanceOf(seed);
  const sales = [await world.sale({ allotment: 100_000 }), await world.sale({ allotment: 100_000 })];
  const saleIds = sales.map(({ saleId }) => saleId);
  const wanderers = await Promise.all(
    Array.from({ length: CONSUMERS }, () => Wanderer.begin(chance.pick(apis))),
  );
  const steady = await EventClient.open(world);
  await until(() => steady.of('ready').length === 1);

  let isOver = false;
  const wandering = wanderers.map((wanderer) => wanderer.wander(chance, () => isOver));
  const loading = load(saleIds, chance);
  await Bun.sleep(SECONDS * 500);
  await (apis[1] as ApiProcess).kill();
  apis[1] = await startApi(world);
  const perSecond = await loading;
  isOver = true;
  await Promise.all(wandering);
  const expected = await finalTruth(saleIds);
  const action = 'all is said';
  const saying = { type: 'operator.acted', actor: 'ann', action, target: 'nothing', request_id: '' } as const;
  publish(world.services, null, saying);
  await Promise.all(wanderers.map((wanderer) => wanderer.until(action)));
  await until(() => hasHeard(steady, action));
  await steady.cut();

  for (const { events, gaps, cuts } of wanderers) {
    expect(gaps).toEqual([]);
    expect(cuts).toBeGreaterThan(SECONDS);
    expect(events.map(lineOf)).toEqual(steady.events.map(lineOf));
  }
  for (const saleId of saleIds) {
    const ofSale = steady.events.filter(({ data }) => data.sale_id === saleId);
    // Its beginning was before anybody listened.
    expect(ofSale.map(lineOf)).toEqual(expected.filter((line) => isOf(saleId, line)).slice(1));
    const stock = await readSale(world.services.redis, saleId);
    expect(stock).toMatchObject({ available: ofSale.at(-1)?.data.available });
  }
  const lag = spreadOf(steady.events.map(({ data, seenAtMs }) => seenAtMs - Date.parse(data.at)));
  process.stderr.write(`${perSecond} holds a second, lag of events in ms: ${JSON.stringify(lag)}\n`);
  expect(lag?.max).toBeLessThan(1_000);
}, 60_000);

function isOf(saleId: number, line: string): boolean {
  return line.split('-')[1] === String(saleId);
}
