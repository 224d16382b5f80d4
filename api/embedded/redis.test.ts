import { expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, isRunning, messageOf, withRedis } from './fixtures.ts';
import { startRedis } from './redis.ts';

test('Redis keeps its data over a clean stop and over kill -9', () =>
  inFolder(async (folder) => {
    const options = { dataDir: join(folder, 'redis'), runDir: folder };
    const first = await startRedis(options);
    await withRedis(first.url, (redis) => redis.set('stopped', 'kept'));
    await first.stop();
    expect(await first.exited).toBe('exit code 0');
    const second = await startRedis(options);
    await withRedis(second.url, (redis) => redis.set('killed', 'kept'));
    process.kill(second.pid, 'SIGKILL');
    expect(await second.exited).toBe('SIGKILL');
    const third = await startRedis(options);
    try {
      expect(await withRedis(third.url, (redis) => redis.mget('stopped', 'killed'))).toEqual([
        'kept',
        'kept',
      ]);
    } finally {
      await third.stop();
    }
  }));

test('Redis is started as the design demands: append-only, never evicting, no port, a private socket', () =>
  inFolder(async (folder) => {
    const store = await startRedis({ dataDir: join(folder, 'redis'), runDir: folder });
    try {
      const names = ['appendonly', 'appendfsync', 'maxmemory-policy', 'port', 'save'];
      const values = await withRedis(store.url, (redis) =>
        Promise.all(names.map(async (name) => ((await redis.config('GET', name)) as string[])[1])),
      );
      expect(values).toEqual(['yes', 'everysec', 'noeviction', '0', '']);
      expect(statSync(store.socket).mode & 0o777).toBe(0o700);
    } finally {
      await store.stop();
    }
  }));

test('several Redis run side by side', () =>
  inFolder(async (folder) => {
    const places = ['a', 'b', 'c', 'd'].map((name) => join(folder, name));
    const stores = await Promise.all(
      places.map((place) => startRedis({ dataDir: join(place, 'redis'), runDir: place })),
    );
    expect(new Set(stores.map(({ socket }) => socket)).size).toBe(4);
    await Promise.all(stores.map((store) => store.stop()));
    expect(stores.filter(({ pid }) => isRunning(pid))).toHaveLength(0);
  }));

test('when Redis does not start, its own words are in the message', () =>
  inFolder(async (folder) => {
    const options = { dataDir: join(folder, 'redis'), runDir: folder, args: ['--appendonly', 'maybe'] };
    const message = await messageOf(startRedis(options));
    expect(message).toStartWith('redis ended at start (exit code 1)');
    expect(message).toContain('FATAL CONFIG FILE ERROR');
  }));

test('a socket path that is too long for the system is said to be so', () =>
  inFolder(async (folder) => {
    const runDir = join(folder, 'a-rather-long-name'.repeat(6));
    expect(await messageOf(startRedis({ dataDir: join(folder, 'redis'), runDir }))).toContain('too long');
  }));
