/**
 * The secrets of a docker compose installation, and where its Redis is: one folder for each service that needs some, because
 * each mounts only its own. All are made from one random key, which nobody else mounts; so a folder that is lost comes back
 * as it was, and being killed in between leaves nothing half done.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { runProgram } from '../program.ts';
import { redisUsers, sqlUsers } from './store-users.ts';

/** Services, and so hosts: the first is the Redis of an installation without a cluster. */
const NODES = ['redis', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'] as const;
const NODES_FILE = 'app/redis-cluster-nodes';

const KEY = 'key/key';
/** The key before, as long as payment providers may sign with what was made from it. */
const FORMER_KEY = 'key/former';
/** MariaDB takes its root's password once, when the data is made. Kept beside the key when that changes. */
const ROOT_PASSWORD = 'key/mariadb-root-password';

/**
 * Safe to repeat: an installation on a cluster remains one, whoever forgets to say so.
 * @param root has a folder for the key, `key`, and one for each service
 */
export function writeSecrets(root: string, kind: 'one Redis' | 'cluster' = 'one Redis'): void {
  const secret = secretsOf(keyIn(join(root, KEY)));
  const hexadecimal = (name: string) => secret(name).toString('hex');
  const isCluster = kind === 'cluster' || existsSync(join(root, NODES_FILE));
  const files = {
    ...secretFiles(hexadecimal),
    ...redisFiles(hexadecimal, isCluster),
    'mariadb/root-password': keptIn(join(root, ROOT_PASSWORD)) ?? hexadecimal('mariadb-root'),
    'app/webhook-secret': webhookSecrets(root, secret),
  };
  for (const [path, text] of Object.entries(files)) write(join(root, path), `${text}\n`);
}

/**
 * Makes all secrets anew. Webhooks that are signed with the secret before are taken until `forgetFormer`.
 * @throws EnvironmentError when they were made anew before, and the ones before that are not forgotten yet
 */
export function rotateSecrets(root: string): void {
  const [key, former, rootPassword] = [KEY, FORMER_KEY, ROOT_PASSWORD].map((file) => join(root, file)) as [
    string,
    string,
    string,
  ];
  if (existsSync(former) && !readFileSync(former).equals(keyIn(key))) {
    throw new EnvironmentError(
      'The former secrets are still taken: when no provider signs with them any more, say `forget`.',
    );
  }
  // By the key, not by the folder of MariaDB, which may be lost.
  const password = secretsOf(keyIn(key))('mariadb-root').toString('hex');
  if (!existsSync(rootPassword)) write(rootPassword, `${password}\n`, 0o400);
  // In this order: killed in between, nothing has changed.
  write(former, keyIn(key), 0o400);
  write(key, randomBytes(32), 0o400);
  writeSecrets(root);
}

/** Payment providers sign with the new secret only. */
export function forgetFormer(root: string): void {
  rmSync(join(root, FORMER_KEY), { force: true });
  writeSecrets(root);
}

type Secret = (name: string) => Buffer;

function secretsOf(key: Buffer): Secret {
  return (name) => createHmac('sha256', key).update(name).digest();
}

/** The newest first. */
function webhookSecrets(root: string, secret: Secret): string {
  const former = join(root, FORMER_KEY);
  const all = existsSync(former) ? [secret, secretsOf(readFileSync(former))] : [secret];
  const coded = all.map((one) => `whsec_${one('webhook-secret').toString('base64')}`);
  return [...new Set(coded)].join(',');
}

function keptIn(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
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
  await runProgram(async () => {
    const [, , root = '/secrets', what] = process.argv;
    if (what === 'rotate') rotateSecrets(root);
    else if (what === 'forget') forgetFormer(root);
    else writeSecrets(root, what === 'cluster' ? what : 'one Redis');
  });
}
