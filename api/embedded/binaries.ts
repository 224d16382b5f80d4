/**
 * Where the servers are on this machine. PATH is not enough: a plain user on Debian has no /usr/sbin in it, and
 * Homebrew keeps servers in folders of their own.
 */

import { mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { StoreProblem } from './problem.ts';

export const SERVER_FOLDERS = [
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/usr/local/sbin',
  '/usr/libexec',
  ...['/opt/homebrew/opt', '/usr/local/opt', '/home/linuxbrew/.linuxbrew/opt'].flatMap((prefix) =>
    ['mariadb', 'redis'].flatMap((name) => [`${prefix}/${name}/bin`, `${prefix}/${name}/sbin`]),
  ),
];

export interface Binaries {
  redisServer?: string;
  /** Debian's redis-tools has the server under this name only: it is one program that looks at how it was called. */
  redisCheckRdb?: string;
  mariadbd?: string;
  installDb?: string;
  /** Only when it can send a signal at the parent's death (Linux; BusyBox's cannot). */
  setpriv?: string;
}

/** `searchPath` (PATH syntax) replaces every place that is searched otherwise. */
export function findBinaries(searchPath?: string): Binaries {
  const find = (...names: string[]): string | undefined => {
    for (const name of names) {
      const found =
        searchPath === undefined
          ? (Bun.which(name) ?? Bun.which(name, { PATH: SERVER_FOLDERS.join(':') }))
          : Bun.which(name, { PATH: searchPath });
      if (found) return found;
    }
    return undefined;
  };
  const found = {
    redisServer: find('redis-server'),
    redisCheckRdb: find('redis-check-rdb'),
    mariadbd: find('mariadbd') ?? onlyIfMariaDb(find('mysqld')),
    installDb: find('mariadb-install-db', 'mysql_install_db'),
    setpriv: onlyIfItCanWatchTheParent(find('setpriv')),
  };
  return Object.fromEntries(Object.entries(found).filter(([, path]) => path !== undefined));
}

/** The command that starts Redis; makes the symlink `<aliasFolder>/redis-server` if the server has another name. */
export function redisCommand(binaries: Binaries, aliasFolder: string): string {
  if (binaries.redisServer) return binaries.redisServer;
  if (!binaries.redisCheckRdb) throw new StoreProblem('redis-server was not found on this machine.');
  const alias = join(aliasFolder, 'redis-server');
  if (linkTarget(alias) === binaries.redisCheckRdb) return alias;
  mkdirSync(aliasFolder, { recursive: true, mode: 0o700 });
  rmSync(alias, { force: true });
  symlinkSync(binaries.redisCheckRdb, alias);
  if (!run([alias, '--version']).includes('Redis server')) {
    rmSync(alias, { force: true });
    throw new StoreProblem(`${binaries.redisCheckRdb} cannot act as redis-server. Install redis-server.`);
  }
  return alias;
}

/** A mysqld of Oracle's needs other flags and another bootstrap, and Ubuntu confines it to its system folders. */
function onlyIfMariaDb(mysqld: string | undefined): string | undefined {
  return mysqld && run([mysqld, '--no-defaults', '--version']).includes('MariaDB') ? mysqld : undefined;
}

function onlyIfItCanWatchTheParent(setpriv: string | undefined): string | undefined {
  if (!setpriv || process.platform !== 'linux') return undefined;
  return run([setpriv, '--pdeathsig', 'TERM', '--', 'echo', 'yes']).includes('yes') ? setpriv : undefined;
}

function run(command: string[]): string {
  try {
    return Bun.spawnSync(command, { stderr: 'ignore' }).stdout.toString();
  } catch {
    return '';
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
