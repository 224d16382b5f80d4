/** Debian's exporters, beside the stores of a world: what they tell of them is what they tell anywhere. */

import { installed } from '@flash-sale/api/test/installed.ts';
import type { World } from '@flash-sale/api/test/world.ts';
import { startProgram, type Running } from './program.ts';

/** Of any Redis: whoever scrapes it says which. */
export async function startRedisExporter(): Promise<Running> {
  const program = await installed('prometheus-redis-exporter', 'prometheus-redis-exporter');
  return startProgram({
    name: 'redis-exporter',
    command: (address) => [program, `-web.listen-address=${address}`],
    readyPath: '/health',
  });
}

export async function startMysqlExporter({ databaseUrl }: Pick<World, 'databaseUrl'>): Promise<Running> {
  const program = await installed('prometheus-mysqld-exporter', 'prometheus-mysqld-exporter');
  const { username, password, host, searchParams } = new URL(databaseUrl);
  const socket = searchParams.get('socketPath');
  const user = password === '' ? username || 'root' : `${username}:${password}`;
  const source = `${user}@${socket === null ? `tcp(${host})` : `unix(${socket})`}/`;
  return startProgram({
    name: 'mysqld-exporter',
    command: (address) => ['env', `DATA_SOURCE_NAME=${source}`, program, `--web.listen-address=${address}`],
    readyPath: '/',
  });
}
