/** Docker's compose, which reads a compose file as it does in earnest; `config` needs no engine. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, '../../node_modules/.cache/docker-compose');
const PLUGIN = join(FOLDER, 'usr/libexec/docker/cli-plugins/docker-compose');
const SOURCE = 'deb http://deb.debian.org/debian trixie main\n';

/** @returns the command; null where it is neither installed nor to be had from Debian. Debian 12 has none that would do. */
export async function composeCommand(): Promise<readonly string[] | null> {
  if (await runs('docker', 'compose', 'version')) return ['docker', 'compose'];
  if (!existsSync(PLUGIN)) await download();
  return (await runs(PLUGIN, 'version')) ? [PLUGIN] : null;
}

/** apt with lists of its own, which needs no root, changes nothing outside the folder, and checks signatures. */
async function download(): Promise<void> {
  const [lists, cache, sources] = ['lists', 'cache', 'sources.list'].map((name) => join(FOLDER, name));
  mkdirSync(`${lists}/partial`, { recursive: true });
  mkdirSync(`${cache}/archives/partial`, { recursive: true });
  writeFileSync(String(sources), SOURCE);
  const options = [
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    'Debug::NoLocking=1',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
  ].flatMap((option) => ['-o', option]);
  if (!(await runs('apt-get', ...options, 'update'))) return;
  if (!(await runs('apt-get', ...options, 'download', 'docker-compose'))) return;
  const [archive = ''] = await Array.fromAsync(new Bun.Glob('docker-compose_*.deb').scan(FOLDER));
  await runs('dpkg', '-x', join(FOLDER, archive), FOLDER);
}

async function runs(...command: string[]): Promise<boolean> {
  try {
    const child = Bun.spawn(command, {
      cwd: existsSync(FOLDER) ? FOLDER : import.meta.dir,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    return (await child.exited) === 0;
  } catch {
    return false;
  }
}
