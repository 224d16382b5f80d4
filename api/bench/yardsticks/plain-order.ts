/**
 * Yardstick (c): the SQL transaction of an order without an API: one connection per client, prepared for nothing else, and
 * with the least statements that keep the ledger. `bun plain-order.ts <database url> <sale id> <clients> <seconds>`
 */

import { createConnection } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { newHoldId } from '../../holds/hold-id.ts';

const [databaseUrl = '', sale = '', clients = '1', seconds = '1'] = process.argv.slice(2);
const saleId = Number(sale);

const connections = await Promise.all(
  Array.from({ length: Number(clients) }, async () => {
    const connection = await createConnection(connectionOptions(databaseUrl));
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    return connection;
  }),
);

const asBinary = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

const endsAtMs = performance.now() + Number(seconds) * 1_000;
let [placed, undone] = [0, 0];
await Promise.all(
  connections.map(async (connection) => {
    while (performance.now() < endsAtMs) {
      const [holdId, orderId] = [asBinary(newHoldId(saleId)), asBinary(Bun.randomUUIDv7())];
      try {
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
        placed += 1;
      } catch (error) {
        if (undone === 0) console.error(error);
        undone += 1;
        await connection.query('ROLLBACK');
      }
    }
  }),
);
console.log(JSON.stringify({ perSecond: placed / Number(seconds), undone }));
process.exit(0);
