import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { payments } from '@flash-sale/drizzle/schema.ts';
import { PARKED_MAX_MS } from '@flash-sale/shared/limits.ts';
import { load } from '../backup/load.ts';
import { statement } from '../mysql/transaction.ts';
import { restock } from '../orders/allotment.ts';
import { keepSalesArmed } from '../sales/arming.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { moveSale } from '../sales/sales.ts';
import { createSale } from './create-sale.ts';
import { listen } from '../server.ts';
import { createServices } from '../services.ts';
import { startWorkers } from '../workers/workers.ts';
import { audit } from './audit.ts';
import { backUp, scratchFolder } from './backups.ts';
import { expectExact, newJournal, whileBuying } from './buyers.ts';
import { hold, ops, order, pay, send } from './client.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { expire, settle, workOffParked } from './settling.ts';
import { until } from './until.ts';
import { bareDatabase, createWorld, testConfig, type World } from './world.ts';

const ALLOTMENT = 20;

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

type Shop = Pick<World, 'services' | 'listening'>;

async function held(shop: Shop, productId: number, quantity: number): Promise<string> {
  const { status, body } = await hold(shop, productId, { quantity });
  expect(status).toBe(201);
  return body.data.hold_id;
}

async function ordered(shop: Shop, productId: number, quantity: number) {
  const holdId = await held(shop, productId, quantity);
  const intentId = `pi_${crypto.randomUUID()}`;
  const { status, body } = await order(shop, holdId, intentId);
  expect(status).toBe(201);
  return { holdId, intentId, orderId: body.data.order_id };
}

type Ordered = Awaited<ReturnType<typeof ordered>>;

const payFor = async (shop: Shop, { holdId, intentId }: Ordered) =>
  (await pay(shop, holdId, intentId)).body.data;

/** What a sale has seen before its backup and after it. Of 20 units 12 are promised at the backup, 19 in the end. */
async function sellAndBackUp(file: string) {
  const { saleId, productId } = await world.sale({ allotment: ALLOTMENT });
  const paid = await ordered(world, productId, 4);
  expect((await payFor(world, paid)).status).toBe('paid');
  const paidLater = await ordered(world, productId, 3);
  const expiredLater = await ordered(world, productId, 5);
  await settle(world.services, saleId);
  await backUp(world.databaseUrl, file);

  expect((await payFor(world, paidLater)).status).toBe('paid');
  await expire(world.services, saleId, [expiredLater.orderId]);
  const lost = await ordered(world, productId, 6);
  const lostPaid = await ordered(world, productId, 4);
  expect((await payFor(world, lostPaid)).status).toBe('paid');
  await settle(world.services, saleId);
  const undecided = await held(world, productId, 2);
  return { saleId, productId, paid, paidLater, expiredLater, lost, lostPaid, undecided };
}

/** An API on the restored database and the Redis that went on. */
async function restored(file: string, redis = world.redisUrl): Promise<Shop & { close(): Promise<void> }> {
  const databaseUrl = await bareDatabase();
  await load(databaseUrl, file, false);
  const services = createServices(testConfig(), { redis, databaseUrl });
  await services.ready(5_000);
  await services.catalog.refresh();
  const listening = listen(services);
  return {
    services,
    listening,
    async close() {
      await listening.stop();
      await services.close();
    },
  };
}

async function look(shop: Shop, saleId: number) {
  const seen = await audit(shop.services, saleId);
  expect([seen.drift, seen.ordered, seen.owed]).toEqual([0, seen.committed, 0]);
  expect(seen.committed).toBeLessThanOrEqual(seen.allotment);
  return seen;
}

async function sellOut(shop: Shop, productId: number): Promise<number> {
  let units = 0;
  for (let misses = 0; misses < 2;) {
    const { status, body } = await hold(shop, productId);
    if (status !== 201) {
      expect(body.code).toBe('insufficient_stock');
      misses += 1;
      continue;
    }
    expect((await order(shop, body.data.hold_id, `pi_${crypto.randomUUID()}`)).status).toBe(201);
    units += 1;
  }
  return units;
}

const WHAT_REDIS_SAW: [string, (saleId: number) => Promise<unknown>][] = [
  ['went on at the epoch of the backup', async () => {}],
  ['gave back and took units meanwhile', (saleId) => restock(world.services, saleId, 1)],
  [
    'went on at epochs that SQL has forgotten',
    async (saleId) => {
      await moveSale(world.services, saleId, 'paused');
      await moveSale(world.services, saleId, 'live');
      await rebuildSale(world.services, saleId);
    },
  ],
];

describe('SQL restored from a backup, with the Redis that', () => {
  test.each(WHAT_REDIS_SAW)(
    '%s, sells what SQL has left and not one unit more, and everything adds up (I1, I2)',
    async (_, goOn) => {
      using folder = scratchFolder();
      const file = join(folder.path, 'backup.sql.gz');
      const sale = await sellAndBackUp(file);
      await goOn(sale.saleId);
      const shop = await restored(file);
      try {
        await keepSalesArmed(shop.services);
        expect(await look(shop, sale.saleId)).toMatchObject({ committed: 12, held: 2, available: 6 });
        // Who holds units that nobody ordered keeps them (I7).
        expect((await order(shop, sale.undecided, 'pi_undecided')).status).toBe(201);
        expect(await sellOut(shop, sale.productId)).toBe(6);
        await settle(shop.services, sale.saleId);
        expect(await look(shop, sale.saleId)).toMatchObject({ committed: 20, held: 0, available: 0 });
        await expire(shop.services, sale.saleId);
        expect(await look(shop, sale.saleId)).toMatchObject({ committed: 4, available: 16 });
      } finally {
        await shop.close();
      }
    },
  );

  test('knows of orders that SQL has lost tells their buyers so, and nobody else notices (I6)', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    const { paid, lost, lostPaid } = await sellAndBackUp(file);
    const shop = await restored(file);
    try {
      for (const { holdId, intentId } of [lost, lostPaid]) {
        expect((await order(shop, holdId, intentId)).body.code).toBe('hold_lost');
        expect((await send(shop, 'GET', `/api/holds/${holdId}`)).body.code).toBe('hold_lost');
      }
      expect((await order(shop, paid.holdId, paid.intentId)).body.data.status).toBe('paid');
      expect((await send(shop, 'GET', `/api/holds/${paid.holdId}`)).body.data['state']).toBe('ordered');
    } finally {
      await shop.close();
    }
  });

  test('was emptied, as the runbook says, tells holds as lost and sells all that SQL has left (I1, I7)', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    const { saleId, productId, lost, undecided } = await sellAndBackUp(file);
    await world.services.redis.flushall();
    const shop = await restored(file);
    try {
      for (const holdId of [undecided, lost.holdId]) {
        expect((await order(shop, holdId, `pi_${holdId}`)).body.code).toBe('hold_lost');
      }
      expect(await sellOut(shop, productId)).toBe(8);
      await settle(shop.services, saleId);
      expect(await look(shop, saleId)).toMatchObject({ committed: 20, available: 0 });
    } finally {
      await shop.close();
    }
  });

  test('sold at the epochs of an earlier restore is behind the next one, of the same backup too', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    const { saleId, productId } = await sellAndBackUp(file);
    for (let restores = 0; restores < 3; restores += 1) {
      const shop = await restored(file);
      try {
        await keepSalesArmed(shop.services);
        expect((await look(shop, saleId)).committed).toBe(12);
        await ordered(shop, productId, 1);
        await settle(shop.services, saleId);
        expect(await look(shop, saleId)).toMatchObject({ committed: 13, available: 5 });
      } finally {
        await shop.close();
      }
    }
  });

  test('sold a sale that SQL has lost gives its holds to no other sale of that id', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    const { saleId: before, productId } = await sellAndBackUp(file);
    const forgotten = await world.sale({ allotment: 5 });
    const holdId = await held(world, forgotten.productId, 2);
    const shop = await restored(file);
    try {
      for (const state of ['draining', 'ended'] as const) await moveSale(shop.services, before, state);
      const terms = { productId, allotment: 3, opensAt: new Date(Date.now() - 1_000) };
      const saleId = await createSale(shop.services, terms);
      await moveSale(shop.services, saleId, 'live');
      await shop.services.catalog.refresh();
      expect(saleId).toBe(forgotten.saleId);
      expect((await order(shop, holdId, 'pi_of_another_sale')).body.code).toBe('hold_not_found');
      expect(await sellOut(shop, productId)).toBe(3);
      await settle(shop.services, saleId);
      expect(await look(shop, saleId)).toMatchObject({ committed: 3, held: 0 });
    } finally {
      await shop.close();
    }
  });
});

describe('payments that came after the backup and are sent again', () => {
  async function dispositionsOf({ services }: Shop, intents: readonly Ordered[]) {
    const rows = await statement(services.mysql, (sql) => sql.select().from(payments));
    return intents.map(({ intentId }) => rows.find((row) => row.intentId === intentId)?.disposition);
  }

  test('pay their orders, or are unmatched or owed back, and operators see which (I5)', async () => {
    using folder = scratchFolder();
    const file = join(folder.path, 'backup.sql.gz');
    const { saleId, productId, paid, paidLater, expiredLater, lost, lostPaid } = await sellAndBackUp(file);
    const shop = await restored(file);
    try {
      expect(await payFor(shop, paid)).toMatchObject({ status: 'paid', payment: 'applied' });
      expect(await payFor(shop, paidLater)).toMatchObject({ status: 'paid', payment: 'applied' });
      await expire(shop.services, saleId, [expiredLater.orderId]);
      await sellOut(shop, productId);
      expect(await payFor(shop, expiredLater)).toMatchObject({ payment: 'refund_due' });
      for (const one of [lost, lostPaid]) await payFor(shop, one);
      await workOffParked(shop.services, { olderByMs: PARKED_MAX_MS });
      expect(await dispositionsOf(shop, [paid, paidLater, expiredLater, lost, lostPaid])).toEqual([
        'applied',
        'applied',
        'refund_due',
        'unmatched',
        'unmatched',
      ]);
      const { body } = await ops<{ id: string }[]>(shop, 'GET', '/ops/webhooks?outcome=unmatched');
      expect(JSON.stringify(body)).toContain(lostPaid.intentId);
      await settle(shop.services, saleId);
      await look(shop, saleId);
    } finally {
      await shop.close();
    }
  });
});

test('a backup at any moment of a busy sale is sold on from without overselling, whatever Redis went on to do (I1, I2, I4)', async () => {
  using folder = scratchFolder();
  const seed = seedFrom('RESTORE_SEED');
  const chance = chanceOf(seed);
  const busy = await createWorld();
  const workers = startWorkers(busy.services);
  try {
    const { saleId, productId } = await busy.sale({ allotment: 300 });
    const [journal, file] = [newJournal(), join(folder.path, 'backup.sql.gz')];
    const crowd = { api: () => busy, productId, chance, journal };
    await whileBuying(crowd, 8, async () => {
      await until(() => journal.ordered.length > chance.integer(5, 60));
      await backUp(busy.databaseUrl, file);
      const then = journal.ordered.length;
      await until(() => journal.ordered.length > then + chance.integer(5, 60));
    });
    await workers.stop();
    await busy.listening.stop();
    const shop = await restored(file, busy.redisUrl);
    try {
      const later = newJournal();
      const next = { api: () => shop, productId, chance, journal: later };
      await whileBuying(next, 8, async () => {
        await until(() => later.ordered.length > 60 || (later.refused.get('insufficient_stock') ?? 0) > 50);
      });
      await expectExact(shop.services, saleId, later);
    } finally {
      await shop.close();
    }
  } catch (error) {
    throw new Error(`RESTORE_SEED=${seed}`, { cause: error });
  } finally {
    await workers.stop();
    await busy.close();
  }
}, 60_000);
