/**
 * What the README tells of keys and commands, from the lists that the terminal itself goes by: `bun run keys` writes it
 * there.
 */

import { join } from 'node:path';
import type { Action, Place } from './actions/action.ts';
import { ACTIONS } from './actions/registry.ts';
import { commandTable } from './commands/command-table.ts';
import { keyName } from './frame/footer.ts';
import { commandOf } from './frame/palette.ts';
import { ROOMS } from './rooms/rooms.ts';

const README = join(import.meta.dir, '../README.md');

const PLACES: readonly (readonly [Place, string])[] = [
  ...ROOMS.map(({ name, title }) => [name, title] as const),
  ['list', 'Every list'],
  ['everywhere', 'Everywhere'],
  ['filter', 'While a filter is typed'],
  ['palette', 'In the palette'],
  ['help', 'In the help'],
  ['dialog', 'In a question'],
];

export function keyTable(): string {
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

/** @throws when the README has no place for them */
export function withKeys(readme: string): string {
  return withPart(withPart(readme, 'keys', keyTable()), 'commands', commandTable());
}

function withPart(readme: string, name: string, part: string): string {
  const begins = `<!-- ${name}: written by \`bun run keys\` -->`;
  const ends = `<!-- end of ${name} -->`;
  const begin = readme.indexOf(begins);
  const end = readme.indexOf(ends);
  if (begin === -1 || end < begin) throw new Error(`README.md: has no lines ${begins} and ${ends}`);
  return `${readme.slice(0, begin + begins.length)}\n\n${part}\n\n${readme.slice(end)}`;
}

export function readReadme(): Promise<string> {
  return Bun.file(README).text();
}

if (import.meta.main) await Bun.write(README, withKeys(await readReadme()));
