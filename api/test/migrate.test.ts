import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { isOfNewerVersion, migrate } from '@flash-sale/drizzle/migrate.ts';
import { bareDatabase, freshDatabase } from './world.ts';

let url: string;
let connection: Connection;
beforeAll(async () => {
  url = await freshDatabase();
  const { pathname, searchParams } = new URL(url);
  const socketPath = searchParams.get('socketPath') ?? '';
  connection = await createConnection({ user: 'root', socketPath, database: pathname.slice(1) });
});
afterAll(() => connection.end());

async function tables(): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SHOW FULL TABLES');
  return rows.map((row) => String(Object.values(row)[0])).sort();
}

describe('migrating', () => {
  test('again does nothing', async () => {
    expect(await migrate(url)).toBe(0);
  });

  test('goes on where a killed migration stopped', async () => {
    const complete = await tables();
    // As after a kill -9: some of the statements were carried out, and nothing was noted.
    await connection.query('DELETE FROM migrations');
    await connection.query('DROP TABLE stock_credits');
    await connection.query('ALTER TABLE orders DROP INDEX orders_due');
    expect(await migrate(url)).toBeGreaterThan(0);
    expect(await tables()).toEqual(complete);
    const [indexes] = await connection.query<RowDataPacket[]>(
      "SHOW INDEX FROM orders WHERE Key_name = 'orders_due'",
    );
    expect(indexes.length).toBe(2);
  });

  test('goes on after the last statement of a migration, that drops, was carried out and nothing noted', async () => {
    const file = new URL('../../drizzle/migrations/0005_sums.sql', import.meta.url);
    const hash = new Bun.CryptoHasher('sha256').update(await Bun.file(file).text()).digest('hex');
    await connection.query('DELETE FROM migrations WHERE hash = ?', [hash]);
    expect(await migrate(url)).toBe(1);
    const [indexes] = await connection.query<RowDataPacket[]>(
      "SHOW INDEX FROM orders WHERE Key_name LIKE 'orders_%_sale'",
    );
    expect(new Set(indexes.map((row) => String(row['Key_name'])))).toEqual(new Set(['orders_of_sale']));
  });

  test('knows a database that a newer version has migrated', async () => {
    expect(await isOfNewerVersion(url)).toBe(false);
    await connection.query("INSERT INTO migrations VALUES (repeat('f', 64), utc_timestamp(3))");
    expect(await isOfNewerVersion(url)).toBe(true);
    await connection.query("DELETE FROM migrations WHERE hash = repeat('f', 64)");
  });

  test('by several processes at once applies everything once', async () => {
    const bare = await bareDatabase();
    const applied = await Promise.all([migrate(bare), migrate(bare), migrate(bare)]);
    expect(applied.filter((count) => count > 0)).toHaveLength(1);
    expect(await migrate(bare)).toBe(0);
  });
});

test("a sale's orders are summed up without reading them", async () => {
  const [plan] = await connection.query<RowDataPacket[]>(
    'EXPLAIN SELECT sale_id, state, sum(quantity) FROM orders WHERE sale_id IN (1, 2) GROUP BY sale_id, state',
  );
  expect(plan[0]).toMatchObject({ key: 'orders_of_sale', Extra: expect.stringContaining('Using index') });
});

describe('the schema refuses by itself', () => {
  const sale = `INSERT INTO sales (id, product_id, state, price_minor, currency, allotment, committed, opens_at, hold_ttl_ms, pay_window_ms)`;
  beforeAll(() =>
    connection.query(
      "INSERT INTO products (id, name, description, price_minor, currency) VALUES (1, 'Lamp', '', 1, 'EUR')",
    ),
  );

  async function errno(statement: string): Promise<number | undefined> {
    try {
      await connection.query(statement);
      return undefined;
    } catch (error) {
      return (error as { errno?: number }).errno;
    }
  }

  test('a sale that committed more than its allotment (I1)', async () => {
    expect(await errno(`${sale} VALUES (1, 1, 'draft', 1, 'EUR', 5, 6, utc_timestamp(3), 1, 1)`)).toBe(4025);
    expect(
      await errno(`${sale} VALUES (1, 1, 'live', 1, 'EUR', 5, 5, utc_timestamp(3), 1, 1)`),
    ).toBeUndefined();
    expect(await errno('UPDATE sales SET committed = committed + 1 WHERE id = 1')).toBe(4025);
    expect(await errno('UPDATE sales SET committed = committed - 6 WHERE id = 1')).toBe(1690);
  });

  test('a second sale of a product that is on', async () => {
    expect(await errno(`${sale} VALUES (2, 1, 'paused', 1, 'EUR', 5, 0, utc_timestamp(3), 1, 1)`)).toBe(1062);
  });

  test('a second outcome of a hold, and an ordered one without its order (I3)', async () => {
    const outcome = 'INSERT INTO hold_outcomes (hold_id, sale_id, outcome, order_id)';
    expect(await errno(`${outcome} VALUES (x'01', 1, 'ordered', NULL)`)).toBe(4025);
    expect(await errno(`${outcome} VALUES (x'01', 1, 'expired', NULL)`)).toBeUndefined();
    expect(await errno(`${outcome} VALUES (x'01', 1, 'ordered', x'02')`)).toBe(1062);
  });
});
