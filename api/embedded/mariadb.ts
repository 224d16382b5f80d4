/** A private MariaDB: one unix socket, no port, every commit on disk before it is acknowledged. */

import { mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDED_SQL_CONNECTIONS_MAX } from '@flash-sale/shared/limits.ts';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { findBinaries } from './binaries.ts';
import { logSize, spawnChild } from './child.ts';
import { mariadbBasics, prepareMariaDbData } from './mariadb-data.ts';
import { StoreProblem } from './problem.ts';
import { waitUntilReady } from './ready.ts';
import {
  assertServes,
  type Answer,
  type RunningStore,
  type StartOptions,
  type StoreKind,
} from './running-store.ts';

const DATABASE = 'flash_sale';

export const MARIADB: StoreKind = {
  name: 'mariadb',
  folder: 'mysql',
  start: startMariaDb,
  ask: askMariaDb,
  url: mariadbUrl,
};

/** Bootstraps the data folder if there is none yet, starts the server, creates the database if it is missing. */
export async function startMariaDb(options: StartOptions): Promise<RunningStore> {
  const { dataDir, runDir, logFile = join(runDir, 'mariadb.log') } = options;
  const binaries = options.binaries ?? findBinaries();
  if (!binaries.mariadbd) throw new StoreProblem('mariadbd was not found on this machine.');
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const startedAt = performance.now();
  if (await prepareMariaDbData(dataDir, { binaries, tmpDir: runDir })) {
    options.onPrepared?.(performance.now() - startedAt);
  }
  const socket = join(runDir, 'mysql.sock');
  const command = [binaries.mariadbd, ...flags(dataDir, runDir, socket), ...(options.args ?? [])];
  command.splice(1, 0, ...mariadbBasics(binaries.mariadbd));
  const logStart = logSize(logFile);
  // Not TERM: one that arrives during the start leaves a server that neither serves nor ends. Nothing
  // acknowledged is lost either way.
  const child = spawnChild({ command, logFile, setpriv: binaries.setpriv, deathSignal: 'KILL' });
  options.onSpawn?.(child, socket);
  const { version } = await waitUntilReady(
    { name: 'mariadb', child, socket, logFile, logStart },
    () => askMariaDb(socket, dataDir),
    options.deadlineMs,
  );
  return { ...child, name: 'mariadb', version, url: mariadbUrl(socket), socket, adopted: false };
}

function mariadbUrl(socket: string): string {
  return `mysql://root@localhost/${DATABASE}?socketPath=${encodeURIComponent(socket)}`;
}

/** Fails unless a MariaDB answers that serves this folder; the database exists when it returns. */
async function askMariaDb(socket: string, dataDir: string): Promise<Answer> {
  const connection = await createConnection({ socketPath: socket, user: 'root', connectTimeout: 2_000 });
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      'select version() as version, @@datadir as dataDir',
    );
    const { version = '', dataDir: served = '' } = (rows[0] ?? {}) as { version?: string; dataDir?: string };
    assertServes(served, dataDir);
    await connection.query(
      `create database if not exists ${DATABASE} character set utf8mb4 collate utf8mb4_unicode_ci`,
    );
    return { version: version.split('-')[0] ?? version };
  } finally {
    connection.destroy();
  }
}

function flags(dataDir: string, runDir: string, socket: string): string[] {
  return [
    `--datadir=${realpathSync(dataDir)}`,
    // Every MariaDB that starts deletes the temporary tables it finds: two must never share a folder.
    `--tmpdir=${runDir}`,
    `--socket=${socket}`,
    `--pid-file=${join(runDir, 'mysql.pid')}`,
    '--skip-networking',
    '--skip-name-resolve',
    '--skip-log-bin',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--default-time-zone=+00:00',
    '--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    '--innodb-buffer-pool-size=256M',
    '--innodb-log-file-size=64M',
    // Acknowledged means durable.
    '--innodb-flush-log-at-trx-commit=1',
    `--max-connections=${EMBEDDED_SQL_CONNECTIONS_MAX}`,
    '--performance-schema=OFF',
  ];
}
