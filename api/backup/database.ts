/** The database that the settings name: one of the user's own, or the private one in DATA_DIR. */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { readDatabaseConfig } from '../config.ts';
import { MARIADB } from '../embedded/mariadb.ts';
import { StoreProblem } from '../embedded/problem.ts';
import { isSameProcess } from '../embedded/process-identity.ts';
import { recordedStores } from '../embedded/store-record.ts';
import { openEmbeddedStores } from '../embedded/stores.ts';

type DatabaseConfig = ReturnType<typeof readDatabaseConfig>;

/** On standard error, where it is in nobody's way who reads what a program writes. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Whether an API runs on it or not. @throws StoreProblem */
export async function besideTheApi(
  config: DatabaseConfig,
  work: (databaseUrl: string) => Promise<void>,
): Promise<void> {
  const { DATABASE_URL, DATA_DIR } = config;
  if (DATABASE_URL !== null) return work(DATABASE_URL);
  const { mariadb } = recordedStores(resolve(DATA_DIR));
  if (mariadb !== undefined && isSameProcess(mariadb.pid, mariadb.identity)) {
    return work(MARIADB.url(mariadb.socket));
  }
  if (!existsSync(join(DATA_DIR, MARIADB.folder))) {
    throw new StoreProblem(`There is no database in ${DATA_DIR}. Set DATA_DIR or DATABASE_URL.`);
  }
  return inPlaceOfTheApi(config, work);
}

/** The private one is started for it, and refused while an API owns it. @throws StoreProblem */
export async function inPlaceOfTheApi(
  { DATABASE_URL, DATA_DIR }: DatabaseConfig,
  work: (databaseUrl: string) => Promise<void>,
): Promise<void> {
  if (DATABASE_URL !== null) return work(DATABASE_URL);
  const stores = await openEmbeddedStores({
    dataDir: DATA_DIR,
    redis: false,
    mysql: true,
    say,
    restart: false,
  });
  try {
    await work(stores.databaseUrl ?? '');
  } finally {
    await stores.stop();
  }
}
