import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { forgetFormer, rotateSecrets, writeSecrets } from './secrets.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flash-sale-secrets-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function all(folder = root): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(folder.length + 1), readFileSync(path, 'latin1')];
    }),
  );
}

describe('the secrets of an installation', () => {
  test('are what an API in production accepts', () => {
    writeSecrets(root);
    const app = (name: string) => join(root, 'app', name);
    const config = readConfig({
      NODE_ENV: 'production',
      REDIS_URL_FILE: app('redis-url'),
      DATABASE_URL_FILE: app('database-url'),
      OPERATOR_TOKEN_FILE: app('operator-token'),
      WEBHOOK_SECRET_FILE: app('webhook-secret'),
    });
    expect(config.REDIS_URL).toMatch(/^redis:\/\/flash_sale:[0-9a-f]{64}@redis:6379$/);
    expect(config.DATABASE_URL).toMatch(/^mysql:\/\/flash_sale:[0-9a-f]{64}@mariadb:3306\/flash_sale$/);
    expect(config.WEBHOOK_SECRET).toHaveLength(1);
  });

  test('lead an API to every node of a cluster, and do so for good', () => {
    writeSecrets(root);
    const before = all();
    writeSecrets(root, 'cluster');
    const cluster = all();
    const { REDIS_CLUSTER_NODES: nodes } = readConfig({
      REDIS_CLUSTER_NODES_FILE: join(root, 'app/redis-cluster-nodes'),
    });
    expect(nodes).toHaveLength(6);
    expect(nodes).toContain(String(before['app/redis-url']).trim());
    expect(cluster['redis/redis.conf']).toStartWith(String(before['redis/redis.conf']));
    // As `docker compose up` does for somebody who forgets the profile.
    writeSecrets(root);
    expect(all()).toEqual(cluster);
    // The way back, of the README.
    rmSync(join(root, 'app'), { recursive: true });
    writeSecrets(root);
    expect(all()).toEqual(before);
  });

  test('are the same for both ends of a connection, and different otherwise', () => {
    writeSecrets(root);
    const files = all();
    const owners = new Map<string, string[]>();
    for (const [path, text] of Object.entries(files)) {
      for (const [word] of text.matchAll(/[0-9a-f]{64}/g)) {
        owners.set(word, [...(owners.get(word) ?? []), path]);
      }
    }
    expect([...owners.values()].map((paths) => paths.sort().join(' ')).sort()).toEqual([
      'app/database-url mariadb/users.sql',
      'app/operator-token',
      'app/redis-url redis/redis.conf',
      'grafana/admin-password',
      'grafana/secret-key',
      'mariadb/root-password',
      'mariadb/users.sql migration/database-url',
      'mariadb/users.sql mysqld-exporter/my.cnf',
      'redis-exporter/passwords.json redis-exporter/passwords.json redis/redis.conf',
      'redis/nodes redis/password redis/redis.conf',
    ]);
  });

  test('are made once: again changes nothing, and brings back what was lost', () => {
    writeSecrets(root);
    const before = all();
    rmSync(join(root, 'app'), { recursive: true });
    writeSecrets(root);
    expect(all()).toEqual(before);
  });

  test('are others in every installation', () => {
    const other = join(root, 'other');
    mkdirSync(other);
    writeSecrets(other);
    const [theirs, token] = [all(other), 'app/operator-token'];
    rmSync(other, { recursive: true });
    writeSecrets(root);
    expect(theirs[token]).not.toBe(all()[token]);
  });

  test('may be read by the users of the services, who mount only their own; the key by nobody', () => {
    writeSecrets(root);
    const modes = Object.keys(all()).map((path) => [path, statSync(join(root, path)).mode & 0o777] as const);
    for (const [path, mode] of modes) {
      expect([path, mode]).toEqual([path, path.startsWith('key/') ? 0o400 : 0o444]);
    }
  });

  test('are made anew, all but the password of the root of SQL, and the former signature is taken until it is forgotten', () => {
    writeSecrets(root, 'cluster');
    const before = all();
    rotateSecrets(root);
    const after = all();
    const same = Object.keys(before).filter((path) => after[path] === before[path]);
    expect(same.sort()).toEqual(['app/redis.env', 'mariadb/root-password', 'redis-targets/redis.json']);
    const former = String(before['app/webhook-secret']).trim();
    const secrets = () =>
      readConfig({ WEBHOOK_SECRET_FILE: join(root, 'app/webhook-secret') }).WEBHOOK_SECRET;
    const [newest = ''] = secrets();
    expect(secrets()).toEqual([newest, former]);
    expect(newest).not.toBe(former);
    expect(() => rotateSecrets(root)).toThrow('still taken');
    // As at every start, and after a volume was lost.
    rmSync(join(root, 'mariadb'), { recursive: true });
    writeSecrets(root);
    expect(all()).toEqual(after);
    forgetFormer(root);
    expect(secrets()).toEqual([newest]);
    rotateSecrets(root);
    expect(secrets()).toHaveLength(2);
    expect(all()).toMatchObject({ 'mariadb/root-password': before['mariadb/root-password'] ?? '' });
  });

  test('are made anew after a volume was lost, and the password of the root of SQL is what its data has', () => {
    writeSecrets(root);
    const before = all();
    rmSync(join(root, 'mariadb'), { recursive: true });
    rotateSecrets(root);
    expect(all()).toMatchObject({ 'mariadb/root-password': before['mariadb/root-password'] ?? '' });
  });

  test('are made anew after a start that was killed while it did so', () => {
    writeSecrets(root);
    const before = all();
    // Killed before the key was made anew.
    cpSync(join(root, 'key/key'), join(root, 'key/former'));
    writeSecrets(root);
    expect(all()).toEqual({ ...before, 'key/former': String(before['key/key']) });
    rotateSecrets(root);
    expect(all()['app/operator-token']).not.toBe(before['app/operator-token']);
  });
});
