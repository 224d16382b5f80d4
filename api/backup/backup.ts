/** `bun run backup [FILE]`: all that SQL knows, as of one moment, while the sale goes on. `-` writes to standard output. */

import { createConnection } from 'mysql2';
import { connectionOptions } from '@flash-sale/drizzle/connection.ts';
import { readDatabaseConfig } from '../config.ts';
import { runProgram } from '../program.ts';
import { besideTheApi, say } from './database.ts';
import { dump } from './dump.ts';
import { compress, writeBackup } from './file.ts';

const nameOf = (moment: Date): string =>
  `flash-sale-${moment.toISOString().replace(/\.\d+/, '').replaceAll(':', '-')}.sql.gz`;

async function backup(file: string): Promise<void> {
  await besideTheApi(readDatabaseConfig(), async (databaseUrl) => {
    const connection = createConnection(connectionOptions(databaseUrl));
    try {
      if (file === '-') return await compress(dump(connection), process.stdout);
      await writeBackup(dump(connection), file);
      say(`backup   ${file}, written and read again`);
    } finally {
      connection.destroy();
    }
  });
}

if (import.meta.main) await runProgram(() => backup(process.argv[2] ?? nameOf(new Date())));
