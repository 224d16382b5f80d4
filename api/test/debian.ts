/**
 * Debian packages, unpacked into a folder of the cache and not installed: that needs no root, changes nothing outside the
 * folder, and starts no service. Signatures are checked.
 */

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(import.meta.dir, '../../node_modules/.cache/debian');

/**
 * @param source of another release, as in sources.list: its package alone, without what it depends on
 * @returns the folder, which holds the package and what it depends on that this system lacks
 * @throws with apt's own words
 */
export async function unpacked(debianPackage: string, source?: string): Promise<string> {
  const folder = join(CACHE, debianPackage);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  // Beside it and then renamed: whoever finds the folder finds all of it.
  const beside = mkdtempSync(join(CACHE, `${debianPackage}-`));
  try {
    for (const archive of await download(beside, debianPackage, source)) {
      await run(beside, 'dpkg', '-x', archive, 'root');
    }
    moveUnlessThere(join(beside, 'root'), folder);
    return folder;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** @returns the archives */
async function download(folder: string, debianPackage: string, source?: string): Promise<string[]> {
  mkdirSync(join(folder, 'lists/partial'), { recursive: true });
  const archives = join(folder, 'cache/archives');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const sources = join(folder, 'sources.list');
  if (source !== undefined) writeFileSync(sources, `${source}\n`);
  const options = [
    `Dir::State::lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    ...(source === undefined ? [] : [`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=/dev/null']),
    // The user that apt takes for downloads may not enter everybody's folders.
    'APT::Sandbox::User=root',
    'Debug::NoLocking=1',
    'Acquire::Retries=3',
    'Acquire::http::Timeout=20',
  ].flatMap((option) => ['-o', option]);
  await run(folder, 'apt-get', ...options, 'update');
  const what =
    source === undefined
      ? ['install', '--download-only', '--reinstall', '--no-install-recommends', '--yes', debianPackage]
      : ['download', debianPackage];
  await run(archives, 'apt-get', ...options, ...what);
  return Array.fromAsync(new Bun.Glob('*.deb').scan({ cwd: archives, absolute: true }));
}

async function run(cwd: string, ...command: string[]): Promise<void> {
  const child = Bun.spawn(command, { cwd, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
  const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}\n${out.slice(-2_000)}${err}`);
}

/** Another process may have been as quick. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}
