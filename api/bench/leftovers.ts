/** Whatever way the bench ends, nothing of it stays: no process that it started, no file that it wrote on the way. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Child {
  kill(): unknown;
}

const running = new Set<Child>();
let folder: string | undefined;

/** Ends the child with this process, unless it ended before. */
export function endWithUs(child: Child, ended: Promise<unknown>): void {
  running.add(child);
  void ended.then(() => running.delete(child));
}

/** @returns the path of a file that is gone when the bench has ended */
export function scratchFile(name: string): string {
  folder ??= mkdtempSync(join(tmpdir(), 'flash-sale-bench-'));
  return join(folder, name);
}

process.on('exit', () => {
  for (const child of running) child.kill();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});
