/** The commands as the reference has them. */

import type { Command } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { usageOf } from './help.ts';

export function commandTable(): string {
  return [
    '| command | does |',
    '|---|---|',
    ...COMMANDS.map(rowOf),
    '',
    '| exit code | means |',
    '|---|---|',
    ...EXIT_CODES.map(([code, says]) => `| ${code} | ${says} |`),
  ].join('\n');
}

function rowOf(command: Command): string {
  const usage = usageOf(command)
    .replace(/^flashsale /, '')
    .replace(/ \[flags\]$/, '');
  const marks = `${command.does === 'changes' ? ' ✱' : ''}${command.isDestructive === true ? ' asks' : ''}`;
  return `| \`${usage}\` | ${command.summary}${marks} |`;
}
