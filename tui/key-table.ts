/** The keys of the terminal as the README has them, from the list of its actions: `bun run keys` writes them there. */

import { join } from 'node:path';
import type { Action, Place } from './actions/action.ts';
import { ACTIONS } from './actions/registry.ts';
import { keyName } from './frame/footer.ts';
import { commandOf } from './frame/palette.ts';
import { ROOMS } from './rooms/rooms.ts';

const README = join(import.meta.dir, '../README.md');
const BEGIN = '<!-- keys: written by `bun run keys` -->';
const END = '<!-- end of keys -->';

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

/** @throws when the README has no place for the keys */
export function withKeys(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`README.md: has no lines ${BEGIN} and ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${keyTable()}\n\n${readme.slice(end)}`;
}

export function readReadme(): Promise<string> {
  return Bun.file(README).text();
}

if (import.meta.main) await Bun.write(README, withKeys(await readReadme()));
