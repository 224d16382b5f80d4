import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOTSTRAP_TOKEN, createWorld } from '@flash-sale/api/test/world.ts';
import { VERSION } from '@flash-sale/shared/version.ts';
import { startPty } from './test/pty.ts';

const folder = mkdtempSync(join(tmpdir(), 'flash-sale-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the terminal builds into one file, which opens on a terminal and ends as it should', async () => {
  const file = join(folder, 'flashsale');
  const build = Bun.spawnSync([process.execPath, join(import.meta.dir, 'build.ts'), file]);
  expect(build.stderr.toString()).toBe('');
  expect(Bun.spawnSync([file, '--version']).stdout.toString()).toBe(`${VERSION}\n`);
  const piped = Bun.spawnSync([file], { env: { OPERATOR_TOKEN: BOOTSTRAP_TOKEN }, stdin: 'ignore' });
  expect([piped.exitCode, piped.stderr.toString()]).toEqual([2, expect.stringContaining('needs a terminal')]);
  const world = await createWorld();
  await world.sale();
  const env = { FLASHSALE_URL: new URL(world.listening.opsUrl).origin, OPERATOR_TOKEN: BOOTSTRAP_TOKEN };
  await using pty = startPty([file], { columns: 80, rows: 24, env });
  await pty.waitFor('= 100');
  pty.type('q');
  expect(await pty.exited).toBe(0);
  await world.close();
});
