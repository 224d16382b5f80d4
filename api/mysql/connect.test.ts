import { expect, test } from 'bun:test';
import { sql as raw } from 'drizzle-orm';
import { API_PROCESSES_MAX, SQL_CONNECTIONS_MAX } from '@flash-sale/shared/limits.ts';
import { createWorld } from '../test/world.ts';
import { statement } from './transaction.ts';

test('the MariaDB that the API starts has connections for as many processes as may be started', async () => {
  const world = await createWorld();
  try {
    const [rows] = await statement(world.services.mysql, (sql) =>
      sql.execute(raw`SELECT @@max_connections AS most`),
    );
    const [{ most } = { most: 0 }] = rows as unknown as { most: number }[];
    expect(most).toBeGreaterThan(API_PROCESSES_MAX * SQL_CONNECTIONS_MAX);
  } finally {
    await world.close();
  }
});
