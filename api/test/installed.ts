/** Programs of others that tests check our files with: those of the system, or else Debian's. */

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installWithApt } from '../embedded/install.ts';

/** @returns its path; its Debian package is installed first where it is missing and we may do that */
export async function installed(program: string, debianPackage: string): Promise<string> {
  const found = Bun.which(program);
  if (found !== null) return found;
  const logFile = join(tmpdir(), `flash-sale-${debianPackage}-${process.pid}.log`);
  await installWithApt(Bun.which('apt-get') ?? 'apt-get', [debianPackage], { say: () => {}, logFile });
  return Bun.which(program) ?? program;
}
