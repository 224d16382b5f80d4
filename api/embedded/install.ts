/**
 * Gets the servers onto the machine when they are missing: with apt-get where we may (root), else by telling the
 * person the exact command. Only packages without a system service: nothing starts behind the user's back.
 */

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type Binaries, SERVER_FOLDERS, findBinaries } from './binaries.ts';
import { StoreProblem } from './problem.ts';

export interface Needs {
  redis: boolean;
  mysql: boolean;
  say: (line: string) => void;
  logFile: string;
  /** Replaces the places where servers and installers are looked for (PATH syntax). */
  searchPath?: string | undefined;
  isRoot?: boolean;
  lockPauseMs?: number;
}

type AptNeeds = Pick<Needs, 'say' | 'logFile' | 'lockPauseMs'>;

const REDIS_PACKAGES = ['redis-tools'];
const MARIADB_PACKAGES = ['mariadb-server-core', 'mariadb-client-core'];
const LOCK_TRIES = 30;
const LOCK_PAUSE_MS = 2_000;

export async function requireBinaries(needs: Needs): Promise<Binaries> {
  const found = findBinaries(needs.searchPath);
  const missing = whatIsMissing(found, needs);
  if (missing.length === 0) return found;
  const aptGet = which('apt-get', needs.searchPath);
  const isRoot = needs.isRoot ?? process.getuid?.() === 0;
  if (!aptGet || !isRoot) throw new StoreProblem(whatToDo(missing, needs, aptGet !== undefined));
  await installWithApt(aptGet, packagesFor(missing), needs);
  const installed = findBinaries(needs.searchPath);
  const still = whatIsMissing(installed, needs);
  if (still.length === 0) return installed;
  throw new StoreProblem(
    `apt-get installed ${packagesFor(missing).join(' ')}, but ${still.join(' and ')} is not there.`,
  );
}

type Server = 'Redis' | 'MariaDB';

function whatIsMissing(found: Binaries, { redis, mysql }: Needs): Server[] {
  const missing: Server[] = [];
  if (redis && !found.redisServer && !found.redisCheckRdb) missing.push('Redis');
  if (mysql && !(found.mariadbd && found.installDb)) missing.push('MariaDB');
  return missing;
}

function packagesFor(missing: Server[]): string[] {
  return missing.flatMap((server) => (server === 'Redis' ? REDIS_PACKAGES : MARIADB_PACKAGES));
}

/** The message names one command for this machine, and the way around it. */
function whatToDo(missing: Server[], { searchPath }: Needs, hasApt: boolean): string {
  const names = missing.map((server) => server.toLowerCase());
  const install = hasApt
    ? `sudo apt-get install -y --no-install-recommends ${packagesFor(missing).join(' ')}`
    : which('brew', searchPath) || process.platform === 'darwin'
      ? `brew install ${names.join(' ')}`
      : `${missing.join(' and ')}, with this system's package manager`;
  const urls = missing.map((server) =>
    server === 'Redis'
      ? 'REDIS_URL=redis://host:6379'
      : 'DATABASE_URL=mysql://user:password@host:3306/flash_sale',
  );
  return [
    `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not installed on this machine. Either`,
    `  install: ${install}`,
    `  or use servers that run elsewhere: ${urls.join(' ')}`,
    '  or run everything in containers: docker compose up',
  ].join('\n');
}

/** @throws StoreProblem with the end of what apt-get said */
export async function installWithApt(aptGet: string, packages: string[], needs: AptNeeds): Promise<void> {
  const { say, logFile } = needs;
  say(
    `installing ${packages.join(' ')} with apt-get, this once: most often within a minute (no system service is started)`,
  );
  writeFileSync(logFile, '', { mode: 0o600 });
  // A package list that cannot be refreshed is no reason to stop: the install then says what is wrong.
  await runApt(aptGet, ['update'], needs);
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  const code = await runApt(aptGet, install, needs);
  if (code === 0) return;
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12);
  const lines = tail.map((line) => `  ${line}`).join('\n');
  throw new StoreProblem(
    `apt-get ${install.join(' ')} failed (exit code ${code}):\n${lines}\n  (log: ${logFile})`,
  );
}

/** Another apt may be at work (unattended-upgrades on a fresh machine); it is waited for. */
async function runApt(aptGet: string, args: string[], needs: AptNeeds): Promise<number> {
  const { say, logFile, lockPauseMs = LOCK_PAUSE_MS } = needs;
  for (let tries = 1; ; tries += 1) {
    appendFileSync(logFile, `$ apt-get ${args.join(' ')}\n`);
    const command = [
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      aptGet,
      '-o',
      'DPkg::Lock::Timeout=60',
      ...args,
    ];
    const apt = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
    const [code, out, err] = await Promise.all([apt.exited, apt.stdout.text(), apt.stderr.text()]);
    appendFileSync(logFile, `${out}${err}`);
    if (code === 0 || tries === LOCK_TRIES || !err.includes('Could not get lock')) return code;
    if (tries === 1) say('another apt is at work; waiting for it');
    await Bun.sleep(lockPauseMs);
  }
}

function which(name: string, searchPath: string | undefined): string | undefined {
  const PATH = searchPath ?? SERVER_FOLDERS.join(':');
  return Bun.which(name, { PATH }) ?? (searchPath === undefined ? (Bun.which(name) ?? undefined) : undefined);
}
