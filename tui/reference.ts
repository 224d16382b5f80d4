/** All keys and commands, from the lists that the terminal itself goes by: `bun run reference` writes REFERENCE.md. */

import { join } from 'node:path';
import type { Action, Place } from './actions/action.ts';
import { ACTIONS } from './actions/registry.ts';
import { commandTable } from './commands/command-table.ts';
import { keyName } from './frame/footer.ts';
import { commandOf } from './frame/palette.ts';
import { ROOMS } from './rooms/rooms.ts';

export const REFERENCE = join(import.meta.dir, 'REFERENCE.md');

const PLACES: readonly (readonly [Place, string])[] = [
  ...ROOMS.map(({ name, title }) => [name, title] as const),
  ['list', 'Every list'],
  ['everywhere', 'Everywhere'],
  ['filter', 'While a filter is typed'],
  ['palette', 'In the palette'],
  ['help', 'In the help'],
  ['dialog', 'In a question'],
];

function keyTable(): string {
  const parts = PLACES.flatMap(([place, title]) => {
    const actions = ACTIONS.filter((action) => action.place === place);
    if (actions.length === 0) return [];
    return [`| **${title}** | | |`, ...actions.map(rowOf)];
  });
  return ['| key | does | command |', '|---|---|---|', ...parts].join('\n');
}

function rowOf(action: Action): string {
  const keys = action.keys.map((key) => `\`${keyName(key).replaceAll('|', '\\|')}\``).join(' ');
  const takes = action.takes === undefined ? '' : ` _${action.takes}_`;
  const changes = action.does === 'changes' ? ' ✱' : '';
  return `| ${keys} | ${action.title}${changes} | \`:${commandOf(action)}\`${takes} |`;
}

export function reference(): string {
  return `# Keys and commands

Written by \`bun run reference\`. ✱ changes something: it is asked for, written into the audit log, and refused to viewers and
in read-only contexts. In the terminal \`?\` shows what can be done where you are; a command explains itself with \`--help\`.

## Keys

${keyTable()}

## Commands

${commandTable()}
`;
}

if (import.meta.main) await Bun.write(REFERENCE, reference());
