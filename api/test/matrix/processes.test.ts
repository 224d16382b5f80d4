/** Crash points 6, 46 to 50 and 56: operators who press twice, and real processes that are told to stop under load. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../../mysql/transaction.ts';
import { readSale } from '../../redis/sale-scripts.ts';
import { reapHolds } from '../../redis/hold-scripts.ts';
import { moveSalesByTime } from '../../sales/clock.ts';
import { moveSale } from '../../sales/sales.ts';
import { startApi } from '../api-process.ts';
import { hold, order, pay, send, type Answer } from '../client.ts';
import { expire, ledger, passDeadline, settle, shortHold } from '../settling.ts';
import { until } from '../until.ts';
import { createWorld, type OneSale, type World } from '../world.ts';
import { held, insist, look, newIntent, ordered } from './buyer.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function rowOf({ saleId }: OneSale) {
  const [row] = await statement(world.services.mysql, (sql) =>
    sql.select().from(sales).where(eq(sales.id, saleId)),
  );
  if (row === undefined) throw new Error(`no sale ${saleId}`);
  return row;
}

describe('an operator', () => {
  test('who launches twice, or two at once, opens one sale once: one rebuild stands (I2)', async () => {
    const sale = await world.sale({ allotment: 10 }, 'draft');
    const others = await Promise.all([world.another(), world.another()]);
    const moved = await Promise.all(
      [world.services, ...others, world.services].map((services) => moveSale(services, sale.saleId, 'live')),
    );
    for (const { kind } of moved) expect(kind).toBe('moved');
    const [row, stock] = [await rowOf(sale), await readSale(world.services.redis, sale.saleId)];
    expect(row.state).toBe('live');
    const winner = await insist(() => hold(world, sale.productId, { quantity: 10 }));
    expect(winner.status).toBe(201);
    expect(stock).toMatchObject({ kind: 'sale', epoch: row.epoch, available: 10 });
    expect(await look(world.services, sale)).toMatchObject({ held: 10, available: 0 });
  });

  test('who ends a sale while holds are active lets each of them live its time, and the sale end after the last (I2, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [mine, brief, pending] = [
      await held(world, sale),
      await shortHold(world.services, sale.saleId, 1_000),
      await ordered(world, sale),
    ];
    expect((await moveSale(world.services, sale.saleId, 'draining')).kind).toBe('moved');
    expect((await hold(world, sale.productId)).body.code).toBe('sale_ended');
    expect((await order(world, mine, newIntent())).status).toBe(201);
    await moveSalesByTime(world.services);
    expect((await rowOf(sale)).state).toBe('draining');
    await passDeadline(world.services, sale.saleId, brief);
    expect((await order(world, brief, newIntent())).body.code).toBe('hold_expired');
    await reapHolds(world.services.redis, sale.saleId);
    expect((await pay(world, pending.holdId, pending.intentId)).body.data.status).toBe('paid');
    await moveSalesByTime(world.services);
    expect((await rowOf(sale)).state).toBe('draining');
    await expire(world.services, sale.saleId);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 2, available: 8, held: 0 });
    await moveSalesByTime(world.services);
    expect((await rowOf(sale)).state).toBe('ended');
  });

  test('who halts a sale in the middle of orders stops each of them or none: what was made stays payable (I1, I3)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const holdIds = await Promise.all(Array.from({ length: 20 }, () => held(world, sale, 1)));
    const orders = holdIds.map((holdId) => ({ holdId, intentId: newIntent() }));
    const answers: Answer[] = [];
    const halting: Promise<unknown>[] = [];
    // The halt comes while a few are made, a few are under way, and the rest is still to come.
    for (const [index, { holdId, intentId }] of orders.entries()) {
      if (index === 8) halting.push(moveSale(world.services, sale.saleId, 'halted'));
      const answer = order(world, holdId, intentId).then((given) => answers.push(given));
      if (index < 5) await answer;
      else halting.push(answer);
    }
    await Promise.all(halting);
    expect((await hold(world, sale.productId)).body.code).toBe('sale_paused');
    const refused = answers.filter(({ status }) => status >= 300);
    expect(new Set(refused.map(({ body }) => body.code))).toEqual(new Set(['sale_paused']));
    const isMade = new Set(
      answers.filter(({ status }) => status < 300).map(({ body }) => body.data['hold_id']),
    );
    const made = orders.filter(({ holdId }) => isMade.has(holdId));
    expect(made.length).toBeWithin(5, 20);
    for (const { holdId, intentId } of made) {
      expect((await pay(world, holdId, intentId)).body.data.status).toBe('paid');
    }
    const written = (await ledger(world.services, sale.saleId)).orders;
    expect(written.map(({ holdId }) => holdId).toSorted()).toEqual(
      made.map(({ holdId }) => holdId).toSorted(),
    );
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: made.length, available: 0 });
  });
});

describe('a process that is told to stop (SIGTERM) under load', () => {
  test('answers everything that it has begun, leaves nothing half-done, and ends by itself with 0 (I1, I2, I6)', async () => {
    // More than they can buy while it sends them elsewhere, and there is no elsewhere.
    const sale = await world.sale({ allotment: 100_000 });
    const api = await startApi(world, { workers: 'inline' });
    await until(async () => (await send(api, 'GET', `/api/products/${sale.productId}`)).status === 200);
    const told = { held: new Set<string>(), ordered: new Set<string>() };
    const unexpected: unknown[] = [];
    let isStopping = false;
    const buyers = Array.from({ length: 24 }, async () => {
      for (;;) {
        try {
          const placed = await hold(api, sale.productId, {}, { connection: 'close' });
          if (placed.status !== 201) {
            unexpected.push(placed.body);
            return;
          }
          told.held.add(placed.body.data.hold_id);
          const made = await order(api, placed.body.data.hold_id, newIntent());
          if (made.status === 201) told.ordered.add(placed.body.data.hold_id);
          else unexpected.push(made.body);
        } catch (error) {
          // Nobody listens any more.
          if (!isStopping) unexpected.push(error);
          return;
        }
      }
    });
    await until(() => told.ordered.size > 60);
    isStopping = true;
    process.kill(api.pid, 'SIGTERM');
    const ended = await api.ended;
    await Promise.all(buyers);
    expect(ended).toBe('exit code 0');
    expect(unexpected).toEqual([]);

    // Whatever the stores have, its buyer was told: a request that failed had not begun.
    await settle(world.services, sale.saleId);
    const { orders } = await ledger(world.services, sale.saleId);
    expect(new Set(orders.map(({ holdId }) => holdId))).toEqual(told.ordered);
    const seen = await look(world.services, sale);
    expect(seen).toMatchObject({ committed: told.ordered.size, pinned: 0, owed: 0 });
    expect(seen.held).toBe(told.held.size - told.ordered.size);
  });
});
