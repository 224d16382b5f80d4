/**
 * Every worker may run in any number of processes: each finds work for one here, and gets it from two, twice each, at once.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { and, eq, inArray } from 'drizzle-orm';
import { auditLog, deliveries, deliveryAttempts, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { deliverCredits } from '../orders/give.ts';
import { saleKeys, saleMetaKey } from '../redis/keys.ts';
import { pinHold } from '../redis/hold-scripts.ts';
import type { Services } from '../services.ts';
import { pay } from '../test/client.ts';
import { held, look, ordered } from '../test/matrix/buyer.ts';
import { auditedReplaysOf, deliveryIdsOf, progressOf, recorded, replay } from '../test/replays.ts';
import {
  ageDeliveries,
  endLeases,
  expire,
  ledger,
  passDeadline,
  passPayWindow,
  shortHold,
} from '../test/settling.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { WORKERS } from './workers.ts';

let world: World;
let services: Services;
let processes: readonly Services[];
beforeAll(async () => {
  world = await createWorld();
  services = world.services;
  processes = [services, await world.another()];
});
afterAll(() => world.close());

/** @returns what each of the turns has counted, all together */
type AllAtOnce = () => Promise<number>;

const WORK: Readonly<Record<string, (allAtOnce: AllAtOnce) => Promise<void>>> = {
  async 'hold expiry'(allAtOnce) {
    const sale = await world.sale({ allotment: 100 });
    const holds = await Promise.all(Array.from({ length: 20 }, () => shortHold(services, sale.saleId, 30)));
    for (const holdId of holds) await passDeadline(services, sale.saleId, holdId);
    await allAtOnce();
    expect(await look(services, sale)).toMatchObject({ available: 100, held: 0, expired: 40 });
  },

  async arming(allAtOnce) {
    const sale = await world.sale({ allotment: 10 });
    await ordered(world, sale);
    await services.redis.unlink(saleKeys(sale.saleId));
    await allAtOnce();
    expect(await look(services, sale)).toMatchObject({ available: 8, committed: 2 });
  },

  async 'sale clock'(allAtOnce) {
    const sale = await world.sale({ opensAt: new Date(Date.now() + 1_000) }, 'scheduled');
    let moved = 0;
    await until(async () => (moved += await allAtOnce()) > 0);
    await allAtOnce();
    expect(moved).toBe(1);
    expect(await stateOf(sale.saleId)).toBe('live');
  },

  async settler(allAtOnce) {
    const sale = await world.sale({ allotment: 100 });
    const holds = await Promise.all(Array.from({ length: 10 }, () => shortHold(services, sale.saleId, 30)));
    for (const holdId of holds) await pinHold(services.redis, sale.saleId, holdId);
    for (const holdId of holds) await passDeadline(services, sale.saleId, holdId);
    await endLeases(services, sale.saleId);
    expect(await look(services, sale)).toMatchObject({ available: 80, pinned: 20 });
    await allAtOnce();
    expect(await look(services, sale)).toMatchObject({ available: 100, pinned: 0, expired: 20 });
    expect((await ledger(services, sale.saleId)).outcomes).toHaveLength(10);
  },

  async 'order expiry'(allAtOnce) {
    const sale = await world.sale({ allotment: 20 });
    const orderIds = [];
    while (orderIds.length < 5) orderIds.push((await ordered(world, sale)).orderId);
    await passPayWindow(services, sale.saleId, orderIds);
    await allAtOnce();
    const { orders, credits } = await ledger(services, sale.saleId);
    expect(orders.map(({ state }) => state)).toEqual(Array(5).fill('expired'));
    expect(credits).toHaveLength(5);
    await deliverCredits(services, sale.saleId);
    expect(await look(services, sale)).toMatchObject({ available: 20, committed: 0 });
  },

  async credits(allAtOnce) {
    const sale = await world.sale({ allotment: 20 });
    for (let placed = 0; placed < 5; placed += 1) await ordered(world, sale);
    await expire(services, sale.saleId);
    // As if all of them had been given, and whoever did it had died before saying so.
    const ofSale = eq(stockCredits.saleId, sale.saleId);
    await statement(services.mysql, (sql) =>
      sql.update(stockCredits).set({ deliveredAt: null }).where(ofSale),
    );
    await allAtOnce();
    const { credits } = await ledger(services, sale.saleId);
    expect(credits.filter(({ deliveredAt }) => deliveredAt !== null)).toHaveLength(5);
    expect(await look(services, sale)).toMatchObject({ available: 20, committed: 0, owed: 0 });
  },

  async inbox(allAtOnce) {
    const sale = await world.sale({ allotment: 20 });
    const buyers = [await ordered(world, sale), await ordered(world, sale), await ordered(world, sale)];
    const ids = await Promise.all(buyers.map((buyer) => recorded(world, buyer)));
    await ageDeliveries(services);
    await allAtOnce();
    const { orders, payments } = await ledger(services, sale.saleId);
    expect([orders, payments].map(({ length }) => length)).toEqual([3, 3]);
    expect(orders.map(({ state }) => state)).toEqual(Array(3).fill('paid'));
    const states = await statement(services.mysql, (sql) =>
      sql.select({ state: deliveries.state }).from(deliveries).where(inArray(deliveries.id, ids)),
    );
    expect(states.map(({ state }) => state)).toEqual(Array(3).fill('processed'));
  },

  async replays(allAtOnce) {
    const sale = await world.sale({ allotment: 20 });
    const buyers = [await ordered(world, sale), await ordered(world, sale), await ordered(world, sale)];
    for (const { holdId, intentId } of buyers) await pay(world, holdId, intentId);
    const ids = await deliveryIdsOf(world, ...buyers.map(({ intentId }) => intentId));
    const attempts = () =>
      statement(services.mysql, (sql) =>
        sql.select().from(deliveryAttempts).where(inArray(deliveryAttempts.deliveryId, ids)),
      );
    const before = await attempts();
    const { id } = await replay(world, { ids, per_second: 100 });
    await until(async () => {
      await allAtOnce();
      return (await progressOf(world, id)).state !== 'running';
    });
    expect(await progressOf(world, id)).toMatchObject({ state: 'done', done: 3 });
    expect((await attempts()).length - before.length).toBe(3);
    for (const deliveryId of ids) expect(await auditedReplaysOf(world, deliveryId)).toHaveLength(1);
  },

  async 'store checks'(allAtOnce) {
    const sale = await world.sale({ allotment: 10 });
    for (const { metrics } of processes) metrics.clockSkew.set(3_600);
    await allAtOnce();
    for (const { metrics } of processes) {
      const { values } = await metrics.clockSkew.get();
      expect(Math.abs(values[0]?.value ?? Number.NaN)).toBeLessThan(60);
    }
    await held(world, sale, 10);
  },

  async auditor(allAtOnce) {
    const sale = await world.sale({ allotment: 20 });
    await held(world, sale);
    await services.redis.hincrby(saleMetaKey(sale.saleId), 'available', 3);
    for (let turn = 0; turn < 2; turn += 1) await allAtOnce();
    expect(await look(services, sale)).toMatchObject({ available: 18, held: 2 });
    expect(await stateOf(sale.saleId)).toBe('paused');
    const moves = await statement(services.mysql, (sql) =>
      sql
        .select({ after: auditLog.after })
        .from(auditLog)
        .where(and(eq(auditLog.target, `sale ${sale.saleId}`), eq(auditLog.action, 'sale.move'))),
    );
    expect(moves.filter(({ after }) => after?.includes('paused'))).toHaveLength(1);
  },
};

for (const { name, runOnce } of WORKERS) {
  test(`the work of ${name} is done once, though two processes do it at once`, async () => {
    const work = WORK[name];
    if (work === undefined) throw new Error('nobody says here what work it does');
    await work(async () => {
      for (const { catalog } of processes) await catalog.refresh();
      const counts = await Promise.all([...processes, ...processes].map(runOnce));
      return counts.reduce((sum, count) => sum + count, 0);
    });
  });
}

async function stateOf(saleId: number) {
  const [row] = await statement(services.mysql, (sql) =>
    sql.select({ state: sales.state }).from(sales).where(eq(sales.id, saleId)),
  );
  return row?.state;
}
