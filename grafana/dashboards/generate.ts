/** Writes what Grafana and Prometheus show: the boards, and the runbook as a page. bun run boards */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runbookPage } from '../runbook/page.ts';
import { BOARDS } from './boards.ts';

const RUNBOOK = join(import.meta.dir, '../../RUNBOOK.md');
const RUNBOOK_PAGE = join(import.meta.dir, '../runbook/runbook.html');

/** What is to be written, by path. */
export function generated(): Map<string, string> {
  const boards = Object.entries(BOARDS).map(([name, board]): [string, string] => [
    join(import.meta.dir, 'json', `${name}.json`),
    `${JSON.stringify(board, null, 2)}\n`,
  ]);
  return new Map([...boards, [RUNBOOK_PAGE, runbookPage(readFileSync(RUNBOOK, 'utf8'))]]);
}

if (import.meta.main) {
  for (const [path, text] of generated()) await Bun.write(path, text);
}
