import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { placeOrder } from '../orders/orders.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { startApi } from './api-process.ts';
import { audit } from './audit.ts';
import { expectExact, newJournal, whileBuying } from './buyers.ts';
import { availableStock, hold, order, pay, send } from './client.ts';
import { tapped } from './properties/store-taps.ts';
import { chanceOf, seedFrom } from './seeded.ts';
import { expire, ledger, settle, shortHold } from './settling.ts';
import { privateMariaDb, type TestStore } from './stores.ts';
import { until } from './until.ts';
import { createWorld, type World } from './world.ts';

let mariadb: TestStore;
let world: World;
beforeAll(async () => {
  mariadb = await privateMariaDb();
  world = await createWorld({ databaseServerUrl: mariadb.url });
});
afterAll(async () => {
  await world.close();
  await mariadb.stop();
});

const restart = async () => {
  await mariadb.kill();
  await startAgain();
};

const startAgain = async () => {
  mariadb = await privateMariaDb({ folder: mariadb.folder });
};

async function ordered(productId: number) {
  const { body } = await hold(world, productId, { quantity: 2 });
  const [holdId, intentId] = [body.data.hold_id, `pi_${crypto.randomUUID()}`];
  expect((await order(world, holdId, intentId)).status).toBe(201);
  return { holdId, intentId };
}

async function answered<Result extends { status: number }>(request: () => Promise<Result>): Promise<Result> {
  return until(async () => {
    const answer = await request();
    return answer.status !== 503 && answer;
  });
}

describe('a MariaDB that was killed -9', () => {
  test('has every order and payment that was acknowledged, and answers retries the same (I6)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const [pending, paid] = [await ordered(productId), await ordered(productId)];
    expect((await pay(world, paid.holdId, paid.intentId)).status).toBe(200);
    await restart();
    expect((await answered(() => order(world, pending.holdId, pending.intentId))).status).toBe(200);
    const again = await answered(() => pay(world, paid.holdId, paid.intentId));
    expect(again.body.data).toMatchObject({ status: 'paid', payment: 'applied' });
    expect((await pay(world, pending.holdId, pending.intentId)).body.data.status).toBe('paid');
    await settle(world.services, saleId);
    expect(await audit(world.services, saleId)).toMatchObject({ committed: 4, available: 6, drift: 0 });
  });

  test('and is away refuses orders and payments for now, while holds go on (I7)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const mine = await ordered(productId);
    const held = (await hold(world, productId, { quantity: 2 })).body.data.hold_id;
    await mariadb.kill();
    expect((await hold(world, productId, { quantity: 3 })).status).toBe(201);
    expect(await availableStock(world, productId)).toBe(3);
    const refused = [await order(world, held, 'pi_while_away'), await pay(world, mine.holdId, mine.intentId)];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
      [503, 'unavailable'],
      [503, 'unavailable'],
    ]);
    await startAgain();
    expect((await answered(() => order(world, held, 'pi_while_away'))).status).toBe(201);
    expect((await pay(world, mine.holdId, mine.intentId)).body.data.status).toBe('paid');
    await settle(world.services, saleId);
    expect(await audit(world.services, saleId)).toMatchObject({ committed: 4, held: 3, drift: 0 });
  });

  test('and lost what it had not acknowledged gives back the units once (I2, I4)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    await ordered(productId);
    const held = await shortHold(world.services, saleId);
    await mariadb.kill();
    expect((await order(world, held, 'pi_never')).status).toBe(503);
    await startAgain();
    await until(async () => (await audit(world.services, saleId)).pinned === 2);
    await until(async () => {
      await settle(world.services, saleId);
      return (await audit(world.services, saleId)).pinned === 0;
    });
    expect(await audit(world.services, saleId)).toMatchObject({ available: 8, committed: 2, drift: 0 });
    expect((await order(world, held, 'pi_never')).body.code).toBe('hold_expired');
    await expire(world.services, saleId);
    expect(await audit(world.services, saleId)).toMatchObject({ available: 10, committed: 0, drift: 0 });
  });
});

describe('a MariaDB that was frozen', () => {
  test('while an order was written makes one order of it, however it answered (I3)', async () => {
    const { saleId, productId } = await world.sale({ allotment: 10 });
    const held = (await hold(world, productId, { quantity: 2 })).body.data.hold_id;
    const request = () => order(world, held, `pi_frozen_${saleId}`);
    process.kill(mariadb.pid, 'SIGSTOP');
    const refused = await request().finally(() => process.kill(mariadb.pid, 'SIGCONT'));
    expect(refused.status).toBe(503);
    expect((await answered(request)).status).toBeLessThan(300);
    expect((await answered(request)).status).toBe(200);
    await settle(world.services, saleId);
    expect((await ledger(world.services, saleId)).orders.length).toBe(1);
    expect(await audit(world.services, saleId)).toMatchObject({ committed: 2, available: 8, drift: 0 });
  });
});

test('a COMMIT whose answer is lost is not guessed at: 503, and the same request finds the order (I3, I6)', async () => {
  const { saleId, productId } = await world.sale({ allotment: 10 });
  const held = (await hold(world, productId, { quantity: 2 })).body.data.hold_id;
  let lost = 0;
  const deaf = tapped(world.services, {
    tap: async ({ what }, run) => {
      const answer = await run();
      if (what !== 'COMMIT' || lost > 0) return answer;
      lost += 1;
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', fatal: true });
    },
  });
  const request = { holdId: held, paymentIntentId: `pi_lost_${saleId}` };
  expect(await placeOrder(deaf, request).catch((error: unknown) => error)).toBeInstanceOf(StoreUnavailable);
  expect([lost, (await ledger(world.services, saleId)).orders.length]).toEqual([1, 1]);
  expect((await placeOrder(world.services, request)).kind).toBe('existing');
  await settle(world.services, saleId);
  expect((await ledger(world.services, saleId)).orders.length).toBe(1);
  expect(await audit(world.services, saleId)).toMatchObject({ committed: 2, available: 8, drift: 0 });
});

const KILLS = Number(process.env['KILLS'] ?? 3);
const seed = seedFrom('SQL_LOSS_SEED');

test(
  `a MariaDB killed -9 at any instant under load loses nothing that was acknowledged (I1..I8, seed ${seed})`,
  async () => {
    const allotment = 150 * (KILLS + 1);
    const { saleId, productId } = await world.sale({ allotment });
    const chance = chanceOf(seed);
    const journal = newJournal();
    const api = await startApi(world, { workers: 'inline' });
    await until(async () => (await availableStock(api, productId)) === allotment);
    await whileBuying({ api: () => api, productId, chance, journal }, 12, async () => {
      for (let kills = 0; kills < KILLS; kills += 1) {
        const soldBefore = journal.ordered.length;
        await Bun.sleep(chance.integer(20, 300));
        await restart();
        await until(() => journal.ordered.length > soldBefore + 3);
        expect((await until(() => audit(world.services, saleId))).drift).toBe(0);
      }
    });
    await api.kill();
    await expectExact(world.services, saleId, journal);
    expect(journal.retries).toBeGreaterThan(0);
    // Nothing is left half-done that buyers could see.
    const last = journal.ordered.at(-1)?.holdId ?? '';
    expect((await send(world, 'GET', `/api/holds/${last}`)).body.data).toMatchObject({ state: 'ordered' });
  },
  60_000 + KILLS * 5_000,
);
