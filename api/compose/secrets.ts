/**
 * The secrets of a docker compose installation: one folder for each service that needs some, because each mounts only
 * its own. All are made from one random key, which nobody else mounts; so a folder that is lost comes back as it was,
 * and being killed in between leaves nothing half done.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param root has a folder for the key, `key`, and one for each service. Safe to repeat. */
export function writeSecrets(root: string): void {
  const key = keyIn(join(root, 'key/key'));
  const secret = (name: string) => createHmac('sha256', key).update(name).digest();
  for (const [path, text] of Object.entries(secretFiles((name) => secret(name).toString('hex')))) {
    write(join(root, path), `${text}\n`);
  }
  write(join(root, 'app/webhook-secret'), `whsec_${secret('webhook-secret').toString('base64')}\n`);
}

/** Hexadecimal needs no quoting in a URL, in SQL or in a configuration file. */
function secretFiles(secret: (name: string) => string): Record<string, string> {
  const redis = secret('redis');
  const mariadb = secret('mariadb');
  const exporter = secret('mariadb-exporter');
  return {
    'app/redis-url': `redis://:${redis}@redis:6379`,
    'app/database-url': `mysql://flash_sale:${mariadb}@mariadb:3306/flash_sale`,
    'app/operator-token': secret('operator-token'),
    'redis/redis.conf': `requirepass ${redis}`,
    'redis/password': redis,
    'mariadb/root-password': secret('mariadb-root'),
    'mariadb/password': mariadb,
    'mariadb/exporter.sql': [
      `CREATE USER IF NOT EXISTS exporter@'%' IDENTIFIED BY '${exporter}' WITH MAX_USER_CONNECTIONS 3;`,
      "GRANT PROCESS, BINLOG MONITOR, SLAVE MONITOR ON *.* TO exporter@'%';",
    ].join('\n'),
    'redis-exporter/passwords.json': JSON.stringify({ 'redis://redis:6379': redis }),
    'mysqld-exporter/my.cnf': `[client]\nhost=mariadb\nport=3306\nuser=exporter\npassword=${exporter}`,
    'grafana/admin-password': secret('grafana-admin'),
    'grafana/secret-key': secret('grafana-secret-key'),
  };
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

if (import.meta.main) writeSecrets(process.argv[2] ?? '/secrets');
