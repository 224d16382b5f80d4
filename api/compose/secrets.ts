/**
 * The secrets of a docker compose installation, and where its Redis is: one folder for each service that needs some, because
 * each mounts only its own. All are made from one random key, which nobody else mounts; so a folder that is lost comes back
 * as it was, and being killed in between leaves nothing half done.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { redisUsers, sqlUsers } from './store-users.ts';

/** Services, and so hosts: the first is the Redis of an installation without a cluster. */
const NODES = ['redis', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'] as const;
const NODES_FILE = 'app/redis-cluster-nodes';

/**
 * Safe to repeat: an installation on a cluster remains one, whoever forgets to say so.
 * @param root has a folder for the key, `key`, and one for each service
 */
export function writeSecrets(root: string, kind: 'one Redis' | 'cluster' = 'one Redis'): void {
  const key = keyIn(join(root, 'key/key'));
  const secret = (name: string) => createHmac('sha256', key).update(name).digest();
  const hexadecimal = (name: string) => secret(name).toString('hex');
  const isCluster = kind === 'cluster' || existsSync(join(root, NODES_FILE));
  const files = { ...secretFiles(hexadecimal), ...redisFiles(hexadecimal, isCluster) };
  for (const [path, text] of Object.entries(files)) write(join(root, path), `${text}\n`);
  write(join(root, 'app/webhook-secret'), `whsec_${secret('webhook-secret').toString('base64')}\n`);
}

/** Hexadecimal needs no quoting in a URL, in SQL or in a configuration file. */
function secretFiles(secret: (name: string) => string): Record<string, string> {
  const app = secret('mariadb');
  const migration = secret('mariadb-migration');
  const exporter = secret('mariadb-exporter');
  return {
    'app/database-url': `mysql://flash_sale:${app}@mariadb:3306/flash_sale`,
    'app/operator-token': secret('operator-token'),
    'migration/database-url': `mysql://migration:${migration}@mariadb:3306/flash_sale`,
    'mariadb/root-password': secret('mariadb-root'),
    'mariadb/users.sql': sqlUsers({ app, migration, exporter }),
    'mysqld-exporter/my.cnf': `[client]\nhost=mariadb\nport=3306\nuser=exporter\npassword=${exporter}`,
    'grafana/admin-password': secret('grafana-admin'),
    'grafana/secret-key': secret('grafana-secret-key'),
  };
}

/** People and the cluster itself are its user `default`, who may do everything. */
function redisFiles(secret: (name: string) => string, isCluster: boolean): Record<string, string> {
  const password = secret('redis');
  const app = secret('redis-app');
  const exporter = secret('redis-exporter');
  const nodes = isCluster ? NODES : NODES.slice(0, 1);
  const urls = (access: string) => nodes.map((host) => `redis://${access}@${host}:6379`).join(',');
  return {
    [isCluster ? NODES_FILE : 'app/redis-url']: urls(`flash_sale:${app}`),
    'app/redis.env': isCluster
      ? 'REDIS_CLUSTER_NODES_FILE=/run/secrets/redis-cluster-nodes'
      : 'REDIS_URL_FILE=/run/secrets/redis-url',
    'redis/redis.conf': [
      `requirepass ${password}`,
      ...redisUsers({ app, exporter }),
      ...(isCluster ? clusterSettings(password) : []),
    ].join('\n'),
    'redis/password': password,
    'redis/nodes': urls(`:${password}`),
    'redis-exporter/passwords.json': JSON.stringify(
      // Its versions differ in whether the name of the user is part of the place.
      Object.fromEntries(
        nodes.flatMap((host) => ['', 'exporter@'].map((user) => [`redis://${user}${host}:6379`, exporter])),
      ),
    ),
    'redis-targets/redis.json': JSON.stringify([{ targets: nodes.map((host) => `${host}:6379`) }]),
  };
}

function clusterSettings(password: string): string[] {
  return [
    `masterauth ${password}`,
    'cluster-enabled yes',
    // So long a master may be silent before its replica is promoted: sales stand still, but a busy machine is no dead one.
    'cluster-node-timeout 5000',
    // The other shards go on while one has no master.
    'cluster-require-full-coverage no',
    // A node begins empty. What the Redis had that was none stays where it is.
    'appenddirname cluster',
  ];
}

function keyIn(file: string): Buffer {
  if (!existsSync(file)) write(file, randomBytes(32), 0o400);
  return readFileSync(file);
}

/** Complete or not at all. The reader is another user; only its own container mounts the folder. */
function write(file: string, content: string | Buffer, mode = 0o444): void {
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.new`;
  writeFileSync(draft, content, { mode, flush: true });
  renameSync(draft, file);
}

if (import.meta.main) {
  const [, , root = '/secrets', kind] = process.argv;
  writeSecrets(root, kind === 'cluster' ? kind : 'one Redis');
}
