import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { SQL_CONNECTIONS_MAX } from '@flash-sale/shared/limits.ts';
import { createPool, type Pool } from 'mysql2/promise';

const SESSION = [
  // No gap locks, and every statement decides on what is committed now.
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // One lock wait may not outlive a buyer's patience. And a host that vanished in the middle of a transaction must not
  // keep the sale's row until the kernel notices: MariaDB ends idle transactions, MySQL only idle connections.
  "SET SESSION innodb_lock_wait_timeout = 3, time_zone = '+00:00', sql_mode = 'TRADITIONAL' " +
    '/*M!100300 , idle_transaction_timeout = 3 */ /*!80000 , wait_timeout = 30 */',
];

export function connectMySql(url: string): Pool {
  const pool = createPool({
    ...connectionOptions(url),
    connectionLimit: SQL_CONNECTIONS_MAX,
    // Idle connections are kept: the first second of a sale is no time to open them.
    maxIdle: SQL_CONNECTIONS_MAX,
    // Requests that wait for a connection; more than this cannot be served within a buyer's patience.
    queueLimit: 4_000,
    connectTimeout: 2_000,
    timezone: 'Z',
  });
  pool.pool.on('connection', (connection) => {
    // Queued ahead of whatever the borrower sends.
    for (const setting of SESSION) {
      connection.query(setting, (error) => {
        if (error !== null) connection.destroy();
      });
    }
  });
  return pool;
}
