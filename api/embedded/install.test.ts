import { expect, test } from 'bun:test';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, messageOf } from './fixtures.ts';
import { requireBinaries } from './install.ts';

/** A machine that has only these programs, each a shell script. */
function machine(folder: string, programs: Record<string, string>) {
  const searchPath = join(folder, 'programs');
  mkdirSync(searchPath);
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(searchPath, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(searchPath, name), 0o755);
  }
  const lines: string[] = [];
  const say = (line: string): void => void lines.push(line);
  const needs = {
    redis: true,
    mysql: true,
    say,
    logFile: join(folder, 'install.log'),
    searchPath,
    lockPauseMs: 1,
  };
  return { needs, lines, searchPath };
}

test('a plain user on Debian is told the apt-get command, and the ways around it', () =>
  inFolder(async (folder) => {
    const { needs, lines } = machine(folder, { 'apt-get': 'exit 1' });
    const message = await messageOf(requireBinaries({ ...needs, isRoot: false }));
    expect(message).toContain('Redis and MariaDB are not installed');
    expect(message).toContain(
      'sudo apt-get install -y --no-install-recommends redis-tools mariadb-server-core mariadb-client-core',
    );
    expect(message).toContain('REDIS_URL=');
    expect(message).toContain('DATABASE_URL=');
    expect(lines).toEqual([]);
  }));

test('with Homebrew the message names the brew command', () =>
  inFolder(async (folder) => {
    const { needs } = machine(folder, { brew: 'exit 1', 'redis-server': 'exit 0' });
    const message = await messageOf(requireBinaries({ ...needs, isRoot: false }));
    expect(message).toContain('MariaDB is not installed');
    expect(message).toContain('brew install mariadb\n');
  }));

test('root on Debian gets only what is missing, after being told', () =>
  inFolder(async (folder) => {
    const { needs, lines, searchPath } = machine(folder, {
      mariadbd: 'exit 0',
      'mariadb-install-db': 'exit 0',
      'apt-get': `echo "$@" >> ${folder}/calls; [ "$3" = install ] && cp "$0" ${folder}/programs/redis-server; exit 0`,
    });
    const found = await requireBinaries({ ...needs, isRoot: true });
    expect(found.redisServer).toBe(join(searchPath, 'redis-server'));
    expect(lines).toEqual([expect.stringContaining('installing redis-tools with apt-get')]);
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    expect(calls).toEqual([
      '-o DPkg::Lock::Timeout=60 update',
      '-o DPkg::Lock::Timeout=60 install -y --no-install-recommends redis-tools',
    ]);
  }));

test('another apt that holds the lock is waited for, and that is said', () =>
  inFolder(async (folder) => {
    const { needs, lines } = machine(folder, {
      'apt-get': `[ "$3" = update ] && exit 0
        [ -e ${folder}/tried ] || { touch ${folder}/tried; echo "E: Could not get lock /var/lib/dpkg/lock" >&2; exit 100; }
        for name in redis-server mariadbd mariadb-install-db; do cp "$0" ${folder}/programs/$name; done`,
    });
    expect(await requireBinaries({ ...needs, isRoot: true })).toHaveProperty('mariadbd');
    expect(lines).toContain('another apt is at work; waiting for it');
  }));

test('when apt-get fails, the end of what it said is in the message', () =>
  inFolder(async (folder) => {
    const { needs } = machine(folder, {
      'apt-get': 'echo "E: Unable to locate package redis-tools" >&2; exit 100',
    });
    const message = await messageOf(requireBinaries({ ...needs, isRoot: true }));
    expect(message).toContain('failed (exit code 100)');
    expect(message).toContain('E: Unable to locate package redis-tools');
  }));
