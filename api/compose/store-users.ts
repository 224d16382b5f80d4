/** Who may do what in the stores of a docker compose installation: the least with which it can sell. */

import { SALE_KEYS_PATTERN } from '../redis/keys.ts';

/** What our scripts call, what our processes ask besides, and how a client finds the shards of a cluster, also while slots move. */
const REDIS_COMMANDS = `
  ping info time cluster|slots asking eval evalsha
  exists del unlink pexpire get set
  hdel hget hincrby hlen hmget hscan hset hvals
  sadd sismember zadd zcard zcount zrange zrangebyscore zrem
  xadd xread xinfo|stream
`;

/** What the exporter of the boards looks at: figures, no settings and no keys. */
const REDIS_LOOKS =
  'client|setname info cluster|info slowlog|len slowlog|get latency|latest latency|histogram';

export interface RedisPasswords {
  readonly app: string;
  readonly exporter: string;
}

/**
 * Lines of a configuration. Whoever takes over an API cannot read the settings of Redis, look for other keys, or empty
 * it with one command.
 */
export function redisUsers({ app, exporter }: RedisPasswords): string[] {
  return [
    `user flash_sale reset on >${app} ~${SALE_KEYS_PATTERN} -@all ${allowed(REDIS_COMMANDS)}`,
    `user exporter reset on >${exporter} -@all ${allowed(REDIS_LOOKS)}`,
  ];
}

function allowed(commands: string): string {
  const names = commands.trim().split(/\s+/);
  return names.map((name) => `+${name}`).join(' ');
}

export interface SqlPasswords {
  readonly app: string;
  readonly migration: string;
  readonly exporter: string;
}

/**
 * SQL that MariaDB carries out at every start, so that an installation that exists gets the same users as a new one. APIs
 * and workers read and write rows; only the migration, which ends before they begin, changes tables.
 */
export function sqlUsers({ app, migration, exporter }: SqlPasswords): string {
  const rows = 'SELECT, INSERT, UPDATE, DELETE';
  return [
    `CREATE OR REPLACE USER flash_sale@'%' IDENTIFIED BY '${app}';`,
    `GRANT ${rows} ON flash_sale.* TO flash_sale@'%';`,
    `CREATE OR REPLACE USER migration@'%' IDENTIFIED BY '${migration}' WITH MAX_USER_CONNECTIONS 3;`,
    `GRANT ${rows}, CREATE, ALTER, DROP, INDEX, REFERENCES ON flash_sale.* TO migration@'%';`,
    `CREATE OR REPLACE USER exporter@'%' IDENTIFIED BY '${exporter}' WITH MAX_USER_CONNECTIONS 3;`,
    "GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO exporter@'%';",
  ].join('\n');
}
