import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sql as raw } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { StoreUnavailable } from '../store-unavailable.ts';
import { freshDatabase } from '../test/world.ts';
import { until } from '../test/until.ts';
import { connectMySql } from './connect.ts';
import { isDuplicateKey } from './faults.ts';
import { statement, transaction } from './transaction.ts';

let pool: Pool;
beforeAll(async () => {
  pool = connectMySql(await freshDatabase());
  await statement(pool, (sql) => sql.execute(raw`CREATE TABLE things (id int PRIMARY KEY, n int NOT NULL)`));
});
afterAll(() => pool.end());

async function numberOf(id: number): Promise<number | undefined> {
  const [rows] = await pool.query(`SELECT n FROM things WHERE id = ${id}`);
  return (rows as { n: number }[])[0]?.n;
}

describe('a transaction', () => {
  test('is undone as a whole when its work throws, and its connection is good again', async () => {
    const failed = await transaction(pool, async (sql) => {
      await sql.execute(raw`INSERT INTO things VALUES (1, 1)`);
      throw new Error('no');
    }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ message: 'no' });
    expect(await numberOf(1)).toBeUndefined();
    for (let i = 0; i < 100; i += 1) await statement(pool, (sql) => sql.execute(raw`SELECT 1`));
  });

  test('that met a deadlock runs again, and both end well', async () => {
    await statement(pool, (sql) => sql.execute(raw`INSERT INTO things VALUES (10, 0), (11, 0)`));
    const { promise: bothBegan, resolve } = Promise.withResolvers<void>();
    let began = 0;
    const add = (first: number, second: number) =>
      transaction(pool, async (sql) => {
        await sql.execute(raw`UPDATE things SET n = n + 1 WHERE id = ${first}`);
        began += 1;
        if (began === 2) resolve();
        await bothBegan;
        await sql.execute(raw`UPDATE things SET n = n + 1 WHERE id = ${second}`);
      });
    await Promise.all([add(10, 11), add(11, 10)]);
    expect([await numberOf(10), await numberOf(11)]).toEqual([2, 2]);
    expect(began).toBeGreaterThan(2);
  });

  test('tells a duplicate key from everything else', async () => {
    const twice = await statement(pool, async (sql) => {
      await sql.execute(raw`INSERT INTO things VALUES (20, 0)`);
      await sql.execute(raw`INSERT INTO things VALUES (20, 0)`);
    }).catch((error: unknown) => error);
    expect(isDuplicateKey(twice)).toBe(true);
    expect(isDuplicateKey(twice, 'another_key')).toBe(false);
    const wrong = await statement(pool, (sql) => sql.execute(raw`SELECT nothing`)).catch(
      (error: unknown) => error,
    );
    expect(isDuplicateKey(wrong)).toBe(false);
    expect(wrong).not.toBeInstanceOf(StoreUnavailable);
  });

  test('whose connection was killed is of unknown outcome, and the next one has a connection of its own', async () => {
    const killed = await transaction(pool, async (sql) => {
      const [rows] = await sql.execute(raw`SELECT connection_id() AS id`);
      await pool.query(`KILL ${(rows as unknown as { id: number }[])[0]?.id}`);
      await sql.execute(raw`INSERT INTO things VALUES (30, 0)`);
    }).catch((error: unknown) => error);
    expect(killed).toBeInstanceOf(StoreUnavailable);
    await statement(pool, (sql) => sql.execute(raw`INSERT INTO things VALUES (31, 0)`));
    expect([await numberOf(30), await numberOf(31)]).toEqual([undefined, 0]);
  });

  test('of a host that vanished is ended by the server within seconds, and keeps no row from others (I8)', async () => {
    await statement(pool, (sql) => sql.execute(raw`INSERT INTO things VALUES (40, 0)`));
    // Nobody ever says anything on this connection again.
    const vanished = await pool.getConnection();
    await vanished.query('START TRANSACTION');
    await vanished.query('UPDATE things SET n = 1 WHERE id = 40');
    await until(async () => {
      const add = (sql: Parameters<Parameters<typeof statement>[1]>[0]) =>
        sql.execute(raw`UPDATE things SET n = n + 10 WHERE id = 40`);
      return statement(pool, add).then(
        () => true,
        () => false,
      );
    }, 15_000);
    expect(await numberOf(40)).toBe(10);
    vanished.destroy();
  });
});
