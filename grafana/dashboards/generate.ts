/** Writes what Grafana loads: bun run boards */

import { join } from 'node:path';
import { BOARDS } from './boards.ts';

/** What is to be written, by path. */
export function generated(): Map<string, string> {
  const files = Object.entries(BOARDS).map(([name, board]): [string, string] => [
    join(import.meta.dir, 'json', `${name}.json`),
    `${JSON.stringify(board, null, 2)}\n`,
  ]);
  return new Map(files);
}

if (import.meta.main) {
  for (const [path, text] of generated()) await Bun.write(path, text);
}
