/**
 * Yardstick (c): the SQL transaction of an order without an API: one connection per client, prepared for nothing else, and
 * with the least statements that keep the ledger. `bun plain-order.ts <database url> <clients>`: places orders of a sale
 * that it makes, for as many seconds as each line that it reads says, and answers with its figures.
 */

import { createConnection, type ResultSetHeader } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { newHoldId } from '../../holds/hold-id.ts';
import { percentile } from '../load/client.ts';
import type { Loaded } from '../load/requests.ts';

const [databaseUrl = '', clients = '1'] = process.argv.slice(2);

const connections = await Promise.all(
  Array.from({ length: Number(clients) }, async () => {
    const connection = await createConnection(connectionOptions(databaseUrl));
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    return connection;
  }),
);
type Connection = (typeof connections)[number];

const saleId = await makeSale();

/** @returns its id */
async function makeSale(): Promise<number> {
  const [connection] = connections;
  if (connection === undefined) throw new Error('there is no client');
  const insert = async (statement: string, values: unknown[] = []) =>
    (await connection.query<ResultSetHeader>(statement, values))[0].insertId;
  const productId = await insert(
    "INSERT INTO products (name, description, price_minor, currency) VALUES ('Lamp', '', 59900, 'USD')",
  );
  return insert(
    `INSERT INTO sales
       (product_id, state, price_minor, currency, allotment, opens_at, hold_ttl_ms, pay_window_ms)
     VALUES (?, 'live', 59900, 'USD', ?, utc_timestamp(3), 120000, 900000)`,
    [productId, ALLOTMENT_MAX],
  );
}

const asBinary = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

async function placeOne(connection: Connection): Promise<void> {
  const [holdId, orderId] = [asBinary(newHoldId(saleId)), asBinary(Bun.randomUUIDv7())];
  await connection.query('START TRANSACTION');
  await connection.query(
    "INSERT INTO hold_outcomes (hold_id, sale_id, outcome, order_id) VALUES (?, ?, 'ordered', ?)",
    [holdId, saleId, orderId],
  );
  await connection.query(
    `INSERT INTO orders (id, hold_id, sale_id, quantity, amount_minor, currency, payment_intent_id, pay_by)
     VALUES (?, ?, ?, 1, 59900, 'USD', ?, date_add(utc_timestamp(3), interval 900 second))`,
    [orderId, holdId, saleId, `plain_${orderId.toString('hex')}`],
  );
  await connection.query(
    'UPDATE sales SET committed = committed + 1, seq = seq + 1 WHERE id = ? AND committed + 1 <= allotment',
    [saleId],
  );
  await connection.query('COMMIT');
}

async function placeFor(seconds: number): Promise<Loaded> {
  const startedAtMs = performance.now();
  const endsAtMs = startedAtMs + seconds * 1_000;
  const took: number[] = [];
  let failed = 0;
  const placeAll = async (connection: Connection) => {
    for (let atMs = performance.now(); atMs < endsAtMs; atMs = performance.now()) {
      try {
        await placeOne(connection);
        took.push(performance.now() - atMs);
      } catch (error) {
        if (failed === 0) console.error(error);
        failed += 1;
        await connection.query('ROLLBACK');
      }
    }
  };
  await Promise.all(connections.map(placeAll));
  return {
    requests: took.length,
    perSecond: took.length / ((performance.now() - startedAtMs) / 1_000),
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
    replyBytes: 0,
    refused: 0,
    failed,
    ranOut: false,
  };
}

for await (const line of console) console.log(JSON.stringify(await placeFor(Number(line))));
process.exit(0);
