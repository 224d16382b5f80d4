/** Payments that arrive in a crowd are recorded and applied together; what is not plain is told apart. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { deliveries, deliveryAttempts, orders, payments } from '@flash-sale/drizzle/schema.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { hold, order, pay } from '../test/client.ts';
import { scrape } from '../test/scrape.ts';
import { createWorld, type World } from '../test/world.ts';
import { recordDelivery, type Arrival } from './deliveries.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Ids of holds; their intents are named after them. */
async function ordered(count: number): Promise<string[]> {
  const { productId } = await world.sale({ allotment: 1_000, priceMinor: 59_900 });
  const holds = await Promise.all(Array.from({ length: count }, () => hold(world, productId)));
  const ids = holds.map(({ body }) => body.data.hold_id);
  await Promise.all(ids.map((id) => order(world, id, `pi_${id}`)));
  return ids;
}

async function sqlCalls(): Promise<number> {
  const { by } = await scrape(world.listening.opsUrl);
  const { transaction = 0, statement: alone = 0 } = by('op', 'flashsale_db_duration_seconds_count');
  return transaction + alone;
}

const paymentsOf = (intentId: string) =>
  statement(world.services.mysql, (sql) =>
    sql.select().from(payments).where(eq(payments.intentId, intentId)),
  );

test('a crowd shares a few transactions, and each is one payment with one attempt (I5, I6)', async () => {
  const ids = await ordered(60);
  const before = await sqlCalls();
  const paid = await Promise.all(ids.map((id) => pay(world, id, `pi_${id}`)));
  expect((await sqlCalls()) - before).toBeLessThan(60);
  expect(paid.map(({ status, body }) => [status, body.data.hold_id, body.data.payment])).toEqual(
    ids.map((id) => [200, id, 'applied']),
  );
  for (const id of ids.slice(0, 5)) {
    expect(await paymentsOf(`pi_${id}`)).toMatchObject([{ amountMinor: 59_900, disposition: 'applied' }]);
  }
  const closed = await statement(world.services.mysql, (sql) =>
    sql
      .select({ id: deliveries.id, attempts: deliveries.attempts, outcome: deliveryAttempts.outcome })
      .from(deliveries)
      .innerJoin(deliveryAttempts, eq(deliveryAttempts.deliveryId, deliveries.id))
      .where(eq(deliveries.state, 'processed')),
  );
  expect(closed).toHaveLength(60);
  expect(closed.every(({ attempts, outcome }) => attempts === 1 && outcome === 'applied')).toBe(true);
});

test('what is not plain is decided by itself, whoever came with it (I5)', async () => {
  const [twin = '', wrong = '', refused = '', ...plain] = await ordered(23);
  await pay(world, refused, `pi_${refused}`, { event: 'failed' });
  const [one, two, mismatch, late, unknown, ...rest] = await Promise.all([
    pay(world, twin, `pi_${twin}`),
    pay(world, twin, `pi_${twin}`),
    pay(world, wrong, `pi_${wrong}`, { amount: 1, currency: 'USD' }),
    pay(world, refused, `pi_${refused}`),
    pay(world, crypto.randomUUID(), 'pi_of_nobody'),
    ...plain.map((id) => pay(world, id, `pi_${id}`)),
  ]);
  expect([one, two].map(({ status, body }) => [status, body.data.status])).toEqual([
    [200, 'paid'],
    [200, 'paid'],
  ]);
  expect(await paymentsOf(`pi_${twin}`)).toHaveLength(1);
  expect(mismatch.body.data).toMatchObject({ status: 'pending', payment: 'mismatch' });
  expect(late.body.data).toMatchObject({ status: 'paid', payment: 'late_applied' });
  expect([unknown.status, unknown.body.code]).toEqual([404, 'payment_intent_unknown']);
  expect(rest.map(({ body }) => body.data.payment)).toEqual(plain.map(() => 'applied'));
});

test('one whose order somebody keeps locked lets nobody wait', async () => {
  const [locked = '', ...others] = await ordered(20);
  const isLocked = Promise.withResolvers<void>();
  const othersPaid = Promise.withResolvers<void>();
  const keeping = transaction(world.services.mysql, async (sql) => {
    await sql.select().from(orders).where(eq(orders.holdId, locked)).for('update');
    isLocked.resolve();
    await othersPaid.promise;
  });
  await isLocked.promise;
  const waiting = pay(world, locked, `pi_${locked}`);
  const paid = await Promise.all(others.map((id) => pay(world, id, `pi_${id}`)));
  othersPaid.resolve();
  await keeping;
  for (const { body } of [...paid, await waiting]) {
    expect(body.data).toMatchObject({ status: 'paid', payment: 'applied' });
  }
});

test('what SQL will not record keeps nobody else out (I6)', async () => {
  const arrival = (senderKey: string): Arrival => ({
    provider: 'native',
    senderKey,
    isSigned: true,
    headers: {},
    body: '{}',
    facts: { event: 'other', intentId: '', holdId: null, amount: null, currency: null },
  });
  const keys = ['one', 'x'.repeat(300), 'two', 'one'];
  const recorded = await Promise.allSettled(keys.map((key) => recordDelivery(world.services, arrival(key))));
  expect(recorded.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
});
