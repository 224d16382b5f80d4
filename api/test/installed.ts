/** Programs of others that tests check our files with: those of the system, or else Debian's. */

import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpacked } from './debian.ts';

/** @returns its path; where it is missing, its Debian package is unpacked first */
export async function installed(program: string, debianPackage: string): Promise<string> {
  return Bun.which(program) ?? programIn(await unpacked(debianPackage), program);
}

/** A program that finds its libraries in the folder, too. */
async function programIn(folder: string, program: string): Promise<string> {
  const wrapper = join(folder, `run-${program}`);
  if (existsSync(wrapper)) return wrapper;
  const [path] = await Array.fromAsync(new Bun.Glob(`usr/{bin,sbin}/${program}`).scan(folder));
  if (path === undefined) throw new Error(`Debian has no ${program} in ${folder}`);
  const libraries = await Array.fromAsync(
    new Bun.Glob('**/lib/*-linux-*').scan({ cwd: folder, onlyFiles: false }),
  );
  const script = [
    '#!/bin/sh',
    // With the folder wherever it is moved to.
    'here="${0%/*}"',
    `export LD_LIBRARY_PATH="${libraries.map((library) => `$here/${library}`).join(':')}"`,
    `exec "$here/${path}" "$@"`,
    '',
  ].join('\n');
  const beside = `${wrapper}.${process.pid}`;
  writeFileSync(beside, script);
  chmodSync(beside, 0o755);
  renameSync(beside, wrapper);
  return wrapper;
}
