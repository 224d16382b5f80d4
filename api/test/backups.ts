/** Backups made and loaded as the commands do it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2';
import { createConnection as connect, type RowDataPacket } from 'mysql2/promise';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { dump } from '../backup/dump.ts';
import { writeBackup } from '../backup/file.ts';

/** A folder that is gone at the end of its block. */
export function scratchFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'flash-sale-backup-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export async function backUp(databaseUrl: string, file: string): Promise<void> {
  const connection = createConnection(connectionOptions(databaseUrl));
  await writeBackup(dump(connection), file).finally(() => connection.destroy());
}

export async function rowsOf(databaseUrl: string, query: string): Promise<Record<string, unknown>[]> {
  const connection = await connect(connectionOptions(databaseUrl));
  try {
    const [rows] = await connection.query<RowDataPacket[]>(query);
    return rows;
  } finally {
    await connection.end();
  }
}
