import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { REACHABLE_POINTS, type ReachablePoint } from '../reach.ts';
import { settleOverduePins } from '../orders/settler.ts';
import { pinHold, readHold } from '../redis/hold-scripts.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { hold, order, pay, send } from './client.ts';
import { OPERATOR_SCENARIOS, RESTOCK_INTERRUPTED } from './crash-operators.ts';
import { CrashStage, type Scenario } from './crash-stage.ts';
import { endLeases, expire, ledger, passDeadline, passPayWindow, settle, shortHold } from './settling.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const BUYER_NEVER_RETURNS: Scenario = {
  afterwards: 'a buyer who never returns loses the hold, and the units come back once (I3, I4)',
  play: async (stage) => {
    const holdId = await stage.diesOrderingAtTheLastMoment();
    await stage.expectVoided(holdId);
  },
};

const NEXT_BUYER_REBUILDS: Scenario = {
  afterwards: 'the next buyer alone rebuilds, and no hold is lost (I7)',
  workers: 'inline',
  play: rebuildInterrupted,
};

/** The type demands a scenario for every point. */
const SCENARIOS: Record<ReachablePoint, readonly Scenario[]> = {
  'hold.decided': [
    {
      afterwards: 'the same key finds the hold, and nothing more is taken (I4)',
      play: async (stage) => {
        const request = (api: Pick<World, 'listening'>) =>
          hold(api, stage.productId, { quantity: 2 }, { 'idempotency-key': 'checkout' });
        await stage.dies(request);
        expect(await stage.look()).toMatchObject({ held: 2, available: 8 });
        const found = await request(world);
        expect([found.status, found.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
        expect(await stage.look()).toMatchObject({ held: 2, available: 8 });
        expect((await order(world, found.body.data.hold_id, stage.intent)).status).toBe(201);
      },
    },
  ],
  'order.pinned': [
    {
      afterwards: 'the same request makes the order (I3)',
      play: async (stage) => {
        const holdId = await stage.held();
        await stage.dies((api) => order(api, holdId, stage.intent));
        expect(await stage.look()).toMatchObject({ pinned: 2, committed: 0, available: 8 });
        expect((await order(world, holdId, stage.intent)).status).toBe(201);
        await stage.expectOneOrder(holdId);
      },
    },
    BUYER_NEVER_RETURNS,
  ],
  'order.written': [
    {
      afterwards: 'nothing was written, and the same request makes the order (I3)',
      play: async (stage) => {
        const holdId = await stage.held();
        await stage.dies((api) => order(api, holdId, stage.intent));
        expect(await stage.look()).toMatchObject({ pinned: 2, committed: 0 });
        expect((await order(world, holdId, stage.intent)).status).toBe(201);
        await stage.expectOneOrder(holdId);
      },
    },
    BUYER_NEVER_RETURNS,
  ],
  'order.committed': [
    {
      afterwards: 'the same request finds the order (I3, I6)',
      play: async (stage) => {
        const holdId = await stage.held();
        await stage.dies((api) => order(api, holdId, stage.intent));
        expect(await stage.look()).toMatchObject({ pinned: 0, committed: 2, available: 8 });
        expect((await order(world, holdId, stage.intent)).status).toBe(200);
        await stage.expectOneOrder(holdId);
      },
    },
    {
      afterwards: 'the settler alone carries it into Redis, and no unit returns (I4, I8)',
      play: async (stage) => {
        const holdId = await stage.diesOrderingAtTheLastMoment();
        await passDeadline(world.services, stage.saleId, holdId);
        await endLeases(world.services, stage.saleId);
        await settleOverduePins(world.services, stage.saleId);
        const record = await readHold(world.services.redis, stage.saleId, holdId);
        expect(record).toMatchObject({ state: 'ordered' });
        await stage.expectOneOrder(holdId);
        expect((await send(world, 'DELETE', `/api/holds/${holdId}`)).body.code).toBe('hold_ordered');
        expect((await order(world, holdId, stage.intent)).status).toBe(200);
      },
    },
  ],
  'order.settled': [
    {
      afterwards: 'the same request finds the order (I3)',
      play: async (stage) => {
        const holdId = await stage.held();
        await stage.dies((api) => order(api, holdId, stage.intent));
        expect((await order(world, holdId, stage.intent)).status).toBe(200);
        await stage.expectOneOrder(holdId);
      },
    },
  ],
  'give.committed': [
    {
      afterwards: 'the units are owed, and delivered once (I2, I4)',
      workers: 'inline',
      play: async (stage) => {
        await stage.ordered();
        await passPayWindow(world.services, stage.saleId);
        await stage.dies();
        await stage.expectGivenOnce('expired');
      },
    },
    {
      afterwards: 'a rebuild counts the units in its snapshot, and they are not added again (I4)',
      workers: 'inline',
      play: async (stage) => {
        await stage.ordered();
        await passPayWindow(world.services, stage.saleId);
        await stage.dies();
        await rebuildSale(world.services, stage.saleId);
        await stage.expectGivenOnce('expired');
      },
    },
    RESTOCK_INTERRUPTED,
  ],
  'give.credited': [
    {
      afterwards: 'the credit is delivered again and applied once; the provider hears the same (I4)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        const fail = (api: Pick<World, 'listening'>) => pay(api, holdId, stage.intent, { event: 'failed' });
        await stage.dies(fail);
        const { credits } = await ledger(world.services, stage.saleId);
        expect(credits).toMatchObject([{ deliveredAt: null }]);
        const again = await fail(world);
        expect([again.status, again.body.data.status]).toEqual([200, 'cancelled']);
        await stage.expectGivenOnce('cancelled');
      },
    },
    {
      afterwards: 'even when Redis is emptied, the credit is not lost and not added twice (I4)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await stage.dies((api) => pay(api, holdId, stage.intent, { event: 'failed' }));
        await world.services.redis.flushall();
        const all = await hold(world, stage.productId, { quantity: 10 });
        expect(all.status).toBe(201);
        await send(world, 'DELETE', `/api/holds/${all.body.data.hold_id}`);
        await stage.expectGivenOnce('cancelled');
      },
    },
  ],
  'give.acknowledged': [
    {
      afterwards: 'nothing is left to do, and nothing is done again (I4)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        const fail = (api: Pick<World, 'listening'>) => pay(api, holdId, stage.intent, { event: 'failed' });
        await stage.dies(fail);
        expect(await stage.look()).toMatchObject({ owed: 0, available: 10 });
        expect((await fail(world)).status).toBe(200);
        await stage.expectGivenOnce('cancelled');
      },
    },
  ],
  'delivery.recorded': [
    {
      afterwards: 'the provider sends it again, and the payment is applied once (I5)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await stage.dies((api) => pay(api, holdId, stage.intent));
        expect((await ledger(world.services, stage.saleId)).payments).toEqual([]);
        await stage.expectPaidOnce(holdId, 'applied');
      },
    },
    {
      afterwards: 'the inbox is worked off without the provider (I6)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await stage.dies((api) => pay(api, holdId, stage.intent));
        await settle(world.services, stage.saleId);
        const { payments } = await ledger(world.services, stage.saleId);
        expect(payments).toMatchObject([{ disposition: 'applied' }]);
        await stage.expectPaidOnce(holdId, 'applied');
      },
    },
  ],
  'payment.taken': [
    {
      afterwards: 'the late payment takes units once, and the dead take returns its own (I2, I5)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await expire(world.services, stage.saleId);
        await stage.dies((api) => pay(api, holdId, stage.intent));
        expect(await stage.look()).toMatchObject({ pinned: 2, available: 8, committed: 0 });
        await stage.expectPaidOnce(holdId, 'late_applied');
      },
    },
  ],
  'payment.committed': [
    {
      afterwards: 'the provider hears that it is paid (I5)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await stage.dies((api) => pay(api, holdId, stage.intent));
        await stage.expectPaidOnce(holdId, 'applied');
      },
    },
    {
      afterwards: 'a late payment that was written is settled, and its units stay sold (I2, I5)',
      play: async (stage) => {
        const holdId = await stage.ordered();
        await expire(world.services, stage.saleId);
        await stage.dies((api) => pay(api, holdId, stage.intent));
        expect(await stage.look()).toMatchObject({ pinned: 0, available: 8, committed: 2 });
        await stage.expectPaidOnce(holdId, 'late_applied');
      },
    },
  ],
  'pin.voided': [
    {
      afterwards: 'the void stands: no order, and the units come back once (I3, I4)',
      workers: 'inline',
      play: async (stage) => {
        const holdId = await shortHold(world.services, stage.saleId, 30);
        await pinHold(world.services.redis, stage.saleId, holdId);
        await passDeadline(world.services, stage.saleId, holdId);
        await endLeases(world.services, stage.saleId);
        await stage.dies();
        expect(await stage.look()).toMatchObject({ pinned: 2, available: 8 });
        expect((await order(world, holdId, stage.intent)).body.code).toBe('hold_expired');
        await stage.expectVoided(holdId);
      },
    },
  ],
  ...OPERATOR_SCENARIOS,
  'rebuild.raised': [
    {
      afterwards: 'after a loss the next buyer alone makes the sale sell again (I1, I2)',
      play: async (stage) => {
        await stage.ordered();
        await world.services.redis.flushall();
        await stage.dies((api) => hold(api, stage.productId));
        expect((await hold(world, stage.productId, { quantity: 8 })).status).toBe(201);
        expect(await stage.look()).toMatchObject({ held: 8, available: 0, committed: 2 });
      },
    },
    {
      afterwards: 'a sale that is still armed at the old epoch sells on, by the next buyer alone (I7)',
      workers: 'inline',
      play: rebuildInterrupted,
    },
  ],
  'rebuild.begun': [NEXT_BUYER_REBUILDS],
  'rebuild.kept': [NEXT_BUYER_REBUILDS],
  'rebuild.read': [NEXT_BUYER_REBUILDS],
  'rebuild.noted': [
    {
      afterwards: 'though SQL takes it for armed, the next buyer alone rebuilds, and no hold is lost (I7)',
      workers: 'inline',
      play: rebuildInterrupted,
    },
  ],
  'rebuild.armed': [
    {
      afterwards: 'the sale is armed, and sells on (I2, I7)',
      workers: 'inline',
      play: rebuildInterrupted,
    },
  ],
};

/** A worker rebuilds because SQL is an epoch ahead, and dies in it. */
async function rebuildInterrupted(stage: CrashStage): Promise<void> {
  await stage.ordered();
  const holdId = await stage.held();
  await statement(world.services.mysql, (sql) =>
    sql
      .update(sales)
      .set({ epoch: raw`epoch + 1` })
      .where(eq(sales.id, stage.saleId)),
  );
  await stage.dies();
  expect((await order(world, holdId, `${stage.intent}_second`)).status).toBe(201);
  expect((await hold(world, stage.productId, { quantity: 6 })).status).toBe(201);
  expect(await stage.look()).toMatchObject({ held: 6, available: 0, committed: 4 });
}

for (const point of REACHABLE_POINTS) {
  describe(`an API killed -9 at ${point}`, () => {
    for (const { afterwards, times = 1, workers = 'off', play } of SCENARIOS[point]) {
      test(afterwards, async () => {
        const stage = new CrashStage(
          world,
          await world.sale({ allotment: 10 }),
          `${point}:${times}`,
          workers,
        );
        await play(stage);
        await settle(world.services, stage.saleId);
        const end = await stage.look();
        expect(end).toMatchObject({ pinned: 0, owed: 0, ordered: end.committed });
      });
    }
  });
}
