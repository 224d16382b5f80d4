/** Sessions of somebody else in SQL, outside of our pools: they keep rows from others, and see who waits for them. */

import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { until } from '../until.ts';
import type { OneSale, World } from '../world.ts';

export interface Sessions {
  open(): Promise<Connection>;
  /** Keeps the sale's row, which every order needs last, until the session ends or rolls back. */
  keepRow(sale: OneSale): Promise<Connection>;
  /** @returns the ids of the sessions of this world's database that wait in a statement that begins so. */
  untilWaiting(begin: string): Promise<number[]>;
  endAll(): void;
}

export function sessionsOf({ databaseUrl }: World): Sessions {
  const opened: Connection[] = [];
  const open = async (): Promise<Connection> => {
    const connection = await createConnection(connectionOptions(databaseUrl));
    opened.push(connection);
    return connection;
  };
  return {
    open,
    async keepRow({ saleId }) {
      const keeper = await open();
      await keeper.query('START TRANSACTION');
      await keeper.query('SELECT id FROM sales WHERE id = ? FOR UPDATE', [saleId]);
      return keeper;
    },
    async untilWaiting(begin) {
      const watcher = await open();
      return until(async () => {
        const [rows] = await watcher.query<RowDataPacket[]>(
          'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE ?',
          [`${begin}%`],
        );
        return rows.length > 0 && rows.map(({ id }) => Number(id));
      });
    },
    endAll() {
      for (const connection of opened.splice(0)) connection.destroy();
    },
  };
}
