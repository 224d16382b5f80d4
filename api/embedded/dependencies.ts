/** Before every command: what the lock file names is installed, and whoever waits for it, or waits in vain, is told why. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

if (!existsSync(join(ROOT, 'node_modules'))) {
  process.stderr.write(
    'dependencies: downloading them, this once (600 MB of room, most often within half a minute)\n',
  );
}
const { exitCode, stderr } = Bun.spawnSync([process.execPath, 'install', '--frozen-lockfile', '--silent'], {
  cwd: ROOT,
  stdin: 'ignore',
  stdout: 'ignore',
  stderr: 'pipe',
});
if (exitCode !== 0) {
  const [first = '', ...others] = stderr
    .toString()
    .trim()
    .split(/^error: /m)
    .filter(Boolean);
  process.stderr.write(
    [
      `The dependencies could not be installed: ${first.trim()}`,
      ...(others.length > 0 ? [`  and ${others.length} more like this`] : []),
      'They come from registry.npmjs.org: look for the network, for a proxy (HTTPS_PROXY) and for room on the disk, and try again.',
      '',
    ].join('\n'),
  );
  process.exit(1);
}
