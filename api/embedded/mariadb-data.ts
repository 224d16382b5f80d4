/**
 * The data folder of a new MariaDB. It is made under another name and renamed when complete, so that a kill at any
 * instant leaves either a whole folder or none.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Binaries, findBinaries } from './binaries.ts';
import { CHILD_ENVIRONMENT } from './child.ts';
import { StoreProblem } from './problem.ts';
import { processIdentity } from './process-identity.ts';

export interface PrepareOptions {
  binaries?: Binaries;
  /** Must be this call's own: every MariaDB that starts deletes the temporary tables it finds. */
  tmpDir?: string;
  args?: string[];
}

/** Returns whether the folder was made now. Safe to call from several processes at once: one folder wins. */
export async function prepareMariaDbData(dir: string, options: PrepareOptions = {}): Promise<boolean> {
  const target = resolve(dir);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  removeUnfinished(target);
  if (existsSync(target)) return false;
  const binaries = options.binaries ?? findBinaries();
  const workshop = mkdtempSync(`${target}.new-${makerOf(process.pid)}-`);
  try {
    const made = join(workshop, 'data');
    await bootstrap(made, binaries, { tmpDir: workshop, ...options });
    await flushToDisk(made);
    return renameUnlessTaken(made, target);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

/** Flags that server and bootstrap share and that must come first: nothing of /etc/mysql may leak in. */
export function mariadbBasics(mariadbd: string): string[] {
  return [
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    // Homebrew's binaries do not find their own messages otherwise.
    ...(process.platform === 'darwin' ? [`--basedir=${dirname(dirname(mariadbd))}`] : []),
  ];
}

async function bootstrap(dir: string, binaries: Binaries, options: PrepareOptions): Promise<void> {
  const { mariadbd, installDb, setpriv } = binaries;
  if (!mariadbd || !installDb) throw new StoreProblem('mariadb-install-db was not found on this machine.');
  const command = [
    installDb,
    ...mariadbBasics(mariadbd),
    `--datadir=${dir}`,
    `--tmpdir=${options.tmpDir}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
    // Else it ends where the machine's own name is not to be found, and nobody here asks for it.
    '--force',
    '--innodb-log-file-size=64M',
    // Nothing here is worth a flush per statement; the finished folder is flushed once.
    '--innodb-flush-log-at-trx-commit=0',
    ...(options.args ?? []),
  ];
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', ...command] : command, {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
    cwd: '/',
    env: CHILD_ENVIRONMENT,
  });
  const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  if (code === 0) return;
  const lines = `${out}\n${err}`.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /\[ERROR\]|ERROR:|FATAL/.test(line));
  const shown = (errors.length > 0 ? errors : lines).slice(-6);
  throw new StoreProblem(`mariadb-install-db failed (exit code ${code}).\n  ${shown.join('\n  ')}`);
}

/** After a power cut the rename must not be found without the files' contents. */
async function flushToDisk(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  for (const entry of entries) if (entry.isFile()) flush(join(entry.parentPath, entry.name));
  for (const entry of entries) if (entry.isDirectory()) flush(join(entry.parentPath, entry.name));
  flush(dir);
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

function renameUnlessTaken(made: string, target: string): boolean {
  try {
    renameSync(made, target);
    return true;
  } catch (error) {
    if (existsSync(target)) return false;
    throw error;
  }
}

/** What killed processes left half-made; a folder whose maker lives is being made right now. */
function removeUnfinished(target: string): void {
  const prefix = `${basename(target)}.new-`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const rest = name.slice(prefix.length);
    if (rest.startsWith(`${makerOf(Number.parseInt(rest, 10))}-`)) continue;
    try {
      rmSync(join(dirname(target), name), { recursive: true, force: true });
    } catch {
      // Its bootstrap is still dying and writing; the next start removes it.
    }
  }
}

/** In a container every start may have the same pid, so the name also tells which start it was. */
function makerOf(pid: number): string {
  return `${pid}-${Bun.hash(processIdentity(pid) ?? '').toString(36)}`;
}
