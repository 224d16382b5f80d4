import { afterAll, beforeAll, expect, test } from 'bun:test';
import { deliveries, orders } from '@flash-sale/drizzle/schema.ts';
import { raw as expression } from 'mysql2';
import { createWorld, type World } from '../test/world.ts';
import { insertMany } from './insert-many.ts';
import { isDuplicateKey } from './faults.ts';
import { statement } from './transaction.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const delivery = (dedupeKey: string, body: string) => ({
  provider: 'native',
  dedupeKey,
  senderKey: null,
  event: 'payment_success',
  intentId: `pi_${dedupeKey}`,
  holdId: crypto.randomUUID(),
  signed: 1,
  headers: '{}',
  body,
});

test('rows that were inserted together come back as they were given, whatever is in them', async () => {
  const bodies = [
    "'); DROP TABLE orders; -- ",
    '\\',
    "\\' OR 1=1",
    '?',
    '?? :a $1',
    '\0\n\r\x1a"`',
    'ü 😀',
    '',
    '%_',
  ];
  const rows = bodies.map((body, index) => delivery(`whatever ${index}`, body));
  const read = await statement(world.services.mysql, async (sql) => {
    await insertMany(sql, deliveries, rows);
    return sql.select().from(deliveries).orderBy(deliveries.id);
  });
  expect(read).toMatchObject(rows);
  expect(read.map(({ state, receivedCount }) => [state, receivedCount])).toEqual(
    bodies.map(() => ['received', 1]),
  );
});

test('an expression is evaluated by SQL, and what is left out has its default', async () => {
  const { saleId } = await world.sale({ allotment: 1 });
  const row = {
    id: Bun.randomUUIDv7(),
    holdId: crypto.randomUUID(),
    saleId,
    buyerId: null,
    quantity: 1,
    amountMinor: 1,
    currency: 'EUR',
    paymentIntentId: 'pi_expression',
    payBy: expression("date_add('2026-01-01', interval 7 second)"),
  };
  const [read] = await statement(world.services.mysql, async (sql) => {
    await insertMany(sql, orders, [row]);
    return sql.select().from(orders);
  });
  expect(read).toMatchObject({ ...row, payBy: read?.payBy, state: 'pending' });
  expect(read?.payBy.toISOString()).toBe('2026-01-01T00:00:07.000Z');
});

test('of rows that were inserted together all are there or none, and a duplicate is told by its key', async () => {
  const twice = [delivery('once', 'a'), delivery('twice', 'b'), delivery('twice', 'c')];
  const { mysql } = world.services;
  const failed = await statement(mysql, (sql) => insertMany(sql, deliveries, twice)).catch((error) => error);
  expect(isDuplicateKey(failed, 'deliveries_once')).toBe(true);
  const read = await statement(mysql, (sql) => sql.select().from(deliveries));
  expect(read.filter(({ dedupeKey }) => /^(once|twice)$/.test(dedupeKey))).toEqual([]);
});
