/** Orders that come in a crowd are written together; what SQL refuses of one is no matter of the others. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, order } from '../test/client.ts';
import { scrape } from '../test/scrape.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function heldIds({ productId }: OneSale, buyers: readonly (string | null)[]): Promise<string[]> {
  const holds = await Promise.all(
    buyers.map((buyer) => hold(world, productId, buyer === null ? {} : { buyer_id: buyer })),
  );
  return holds.map(({ body }) => body.data.hold_id);
}

async function transactions(): Promise<number> {
  const { value } = await scrape(world.listening.opsUrl);
  return value('flashsale_db_duration_seconds_count', { op: 'transaction' }) ?? 0;
}

const anonymous = (count: number) => Array.from({ length: count }, () => null);

test('a crowd shares a few transactions, and each gets its own order (I1, I2)', async () => {
  const sale = await world.sale({ allotment: 100 });
  const ids = await heldIds(sale, anonymous(60));
  const before = await transactions();
  const placed = await Promise.all(ids.map((id) => order(world, id, `pi_${id}`)));
  expect(placed.map(({ status }) => status)).toEqual(ids.map(() => 201));
  expect(new Set(placed.map(({ body }) => body.data.order_id)).size).toBe(60);
  expect((await transactions()) - before).toBeLessThan(30);
  const again = await Promise.all(ids.map((id) => order(world, id, `pi_${id}`)));
  expect(again.map(({ body }) => body.data.order_id)).toEqual(placed.map(({ body }) => body.data.order_id));
  await until(async () => {
    expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 60, pinned: 0, drift: 0 });
    return true;
  });
});

test('one that SQL refuses takes nobody with it (I1, I3)', async () => {
  const sale = await world.sale({ allotment: 100 });
  const [first = '', thief = '', twice = '', ...others] = await heldIds(sale, anonymous(23));
  await order(world, first, 'pi_taken');
  const [stolen, one, two, ...rest] = await Promise.all([
    order(world, thief, 'pi_taken'),
    order(world, twice, 'pi_twice'),
    order(world, twice, 'pi_twice'),
    ...others.map((id) => order(world, id, `pi_${id}`)),
  ]);
  expect([stolen.status, stolen.body.code]).toEqual([409, 'payment_intent_mismatch']);
  expect([one.status, two.status].toSorted((a, b) => a - b)).toEqual([200, 201]);
  expect(one.body.data.order_id).toBe(two.body.data.order_id);
  expect(rest.map(({ status }) => status)).toEqual(others.map(() => 201));
  expect(await audit(world.services, sale.saleId)).toMatchObject({ committed: 22, drift: 0 });
});

test("who is beyond the sale's limit in SQL is refused alone, and nobody is counted twice (I1)", async () => {
  const sale = await world.sale({ allotment: 100, buyerLimit: 2 });
  const ids = await heldIds(sale, [
    'greedy',
    'greedy',
    ...Array.from({ length: 18 }, (_, n) => `buyer-${n}`),
  ]);
  // As when Redis has lost what it knew of a buyer: it lets them hold what SQL lets nobody have.
  await statement(world.services.mysql, (sql) =>
    sql.update(sales).set({ buyerLimit: 1 }).where(eq(sales.id, sale.saleId)),
  );
  const placed = await Promise.all(ids.map((id) => order(world, id, `pi_${id}`)));
  const statuses = placed.map(({ status }) => status);
  expect(statuses.slice(0, 2).toSorted((a, b) => a - b)).toEqual([201, 409]);
  expect(statuses.slice(2)).toEqual(Array.from({ length: 18 }, () => 201));
  expect(placed.find(({ status }) => status === 409)?.body.code).toBe('hold_lost');
  await until(async () => {
    const seen = await audit(world.services, sale.saleId);
    expect(seen).toMatchObject({ committed: 19, buyerUnits: 19, drift: 0 });
    return true;
  });
});
