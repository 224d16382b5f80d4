/** Docker's compose, which reads a compose file as it does in earnest; `config` needs no engine. */

import { join } from 'node:path';
import { unpacked } from './debian.ts';

/** Debian 12 has none that would do. */
const SOURCE = 'deb http://deb.debian.org/debian trixie main';
const PLUGIN = 'usr/libexec/docker/cli-plugins/docker-compose';
/** The README's. */
const OLDEST = '2.26.0';

/** @returns the command; null where it is neither installed nor to be had from Debian */
export async function composeCommand(): Promise<readonly string[] | null> {
  if (await isNewEnough('docker', 'compose')) return ['docker', 'compose'];
  const folder = await unpacked('docker-compose', SOURCE).catch(() => null);
  if (folder === null) return null;
  const plugin = join(folder, PLUGIN);
  return (await isNewEnough(plugin)) ? [plugin] : null;
}

async function isNewEnough(...command: string[]): Promise<boolean> {
  try {
    const child = Bun.spawn([...command, 'version', '--short'], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
    });
    const [code, said] = await Promise.all([child.exited, child.stdout.text()]);
    const [version] = /\d+\.\d+\.\d+/.exec(said) ?? [];
    return code === 0 && version !== undefined && Bun.semver.order(version, OLDEST) >= 0;
  } catch {
    return false;
  }
}
