import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, inArray } from 'drizzle-orm';
import { deliveries, deliveryAttempts, replayItems } from '@flash-sale/drizzle/schema.ts';
import type { ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { statement } from '../mysql/transaction.ts';
import { ops, pay } from '../test/client.ts';
import { ordered } from '../test/matrix/buyer.ts';
import { ledger } from '../test/settling.ts';
import {
  auditedReplaysOf,
  carriedOut,
  deliveryIdsOf,
  itemsOf,
  progressOf,
  recorded,
  replay,
} from '../test/replays.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { carryOutReplays } from './replay-worker.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('a replay that is under way', () => {
  test('is never faster than it may be, with several workers', async () => {
    const sale = await world.sale({ allotment: 50 });
    const intents = await Promise.all(Array.from({ length: 12 }, () => ordered(world, sale)));
    for (const { holdId, intentId } of intents) await pay(world, holdId, intentId);
    const asked = await replay(world, {
      ids: await deliveryIdsOf(world, ...intents.map(({ intentId }) => intentId)),
      per_second: 8,
    });
    const workers = await Promise.all([world.another(), world.another()]);
    const startedAt = performance.now();
    await Promise.all([world.services, ...workers].map((services) => carriedOut(world, asked, services)));
    expect(performance.now() - startedAt).toBeGreaterThan((11 / 8) * 1_000);
    const rows = await statement(world.services.mysql, (sql) =>
      sql.select().from(replayItems).where(eq(replayItems.replayId, asked.id)).orderBy(replayItems.doneAt),
    );
    const times = rows.map(({ doneAt }) => doneAt?.getTime() ?? 0);
    // Nine in a second would be too many; how long each took moves its end a little.
    times.slice(8).forEach((time, nth) => expect(time - (times[nth] ?? 0)).toBeGreaterThan(900));
    expect((await progressOf(world, asked.id)).rate).toBeLessThanOrEqual(9);
  });

  test('is stopped: nothing is processed by it after the answer, and it does not go on', async () => {
    const sale = await world.sale({ allotment: 50 });
    const intents = await Promise.all(Array.from({ length: 20 }, () => ordered(world, sale)));
    for (const { holdId, intentId } of intents) await recorded(world, { holdId, intentId });
    const ids = await deliveryIdsOf(world, ...intents.map(({ intentId }) => intentId));
    const asked = await replay(world, { ids, per_second: 40 });
    const working = carryOutReplays(world.services);
    await until(async () => (await progressOf(world, asked.id)).done >= 3);
    const stop = () => ops<ReplayView>(world, 'POST', `/ops/webhooks/replays/${asked.id}/stop`);
    const stopped = await stop();
    expect([stopped.status, stopped.body.data.state]).toEqual([200, 'stopped']);
    const doneThen = stopped.body.data.done;
    expect(doneThen).toBeLessThan(20);
    await working;
    for (let turn = 0; turn < 2; turn += 1) await carryOutReplays(world.services);
    expect(await progressOf(world, asked.id)).toMatchObject({
      state: 'stopped',
      done: doneThen,
      changed: doneThen,
    });
    expect((await stop()).status).toBe(200);
    const { orders } = await ledger(world.services, sale.saleId);
    expect(orders.filter(({ state }) => state === 'paid')).toHaveLength(doneThen);
    expect((await itemsOf(world, asked.id)).at(-1)?.says).toBe('It was not replayed.');
    const attempts = await statement(world.services.mysql, (sql) =>
      sql.select().from(deliveryAttempts).where(inArray(deliveryAttempts.deliveryId, ids)),
    );
    // What was called off is no attempt, and no failure.
    expect(attempts.filter(({ fault }) => fault === null)).toHaveLength(attempts.length);
    expect(attempts).toHaveLength(doneThen);
    const over = await replay(world, {
      ids: (await deliveryIdsOf(world, intents[0]?.intentId ?? '')).slice(0, 1),
    });
    await carriedOut(world, over);
    const late = await ops(world, 'POST', `/ops/webhooks/replays/${over.id}/stop`);
    expect([late.status, late.body.code, late.body.state]).toEqual([409, 'impossible_now', 'done']);
  });

  test('says of a delivery that fails why, in words for operators, and goes on with the next', async () => {
    const sale = await world.sale({ allotment: 50 });
    const [broken, fine] = [await ordered(world, sale), await ordered(world, sale)];
    const brokenId = await recorded(world, broken);
    await recorded(world, fine);
    await statement(world.services.mysql, (sql) =>
      sql.update(deliveries).set({ body: 'SELECT secrets' }).where(eq(deliveries.id, brokenId)),
    );
    const asked = await replay(world, { ids: await deliveryIdsOf(world, broken.intentId, fine.intentId) });
    expect(await carriedOut(world, asked)).toMatchObject({ done: 2, changed: 1, failed: 1 });
    const [first, second] = await itemsOf(world, asked.id);
    expect(first).toMatchObject({ state: 'failed', outcome: null, changed: null });
    expect(first?.says).toBe('It failed: it failed on our side; the log says why.');
    expect(second?.says).toBe('It is applied now.');
    expect(await auditedReplaysOf(world, brokenId)).toHaveLength(1);
    await until(async () => {
      const attempts = await statement(world.services.mysql, (sql) =>
        sql.select().from(deliveryAttempts).where(eq(deliveryAttempts.deliveryId, brokenId)),
      );
      return attempts.some(
        ({ cause, fault, outcome }) => cause === 'replay' && fault !== null && outcome === null,
      );
    });
  });

  test('survives a worker that dies with an item in hand: another does that item, once', async () => {
    const sale = await world.sale({ allotment: 50 });
    const intents = await Promise.all(Array.from({ length: 4 }, () => ordered(world, sale)));
    for (const { holdId, intentId } of intents) await recorded(world, { holdId, intentId });
    const ids = await deliveryIdsOf(world, ...intents.map(({ intentId }) => intentId));
    const asked = await replay(world, { ids });
    let reached = 0;
    const dying = await world.another((point) => {
      if (point === 'payment.committed' && (reached += 1) === 2) throw new Error('as if killed here');
    });
    await carryOutReplays(dying);
    expect(await carriedOut(world, asked)).toMatchObject({ done: 4, failed: 0, changed: 4 });
    for (const id of ids) expect(await auditedReplaysOf(world, id)).toHaveLength(1);
  });
});
