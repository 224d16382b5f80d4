/** What can be done without a screen, for people. */

import { wrapText } from '../look/text.ts';
import type { Command } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { commonFlags } from './read-command.ts';
import type { Flags, Taken } from './taken.ts';

const WIDTH = 100;

/** `sales list [--state STATE] [...]` */
export function usageOf({ words, takes, flags }: Command): string {
  const written = { one: '%', optional: '[%]', many: '%...', any: '[%...]' } as const;
  const taken = Object.values(takes).map(({ name, kind }) => written[kind].replace('%', name));
  const needed = Object.entries(flags).flatMap(([flag, told]) =>
    told.kind === 'one' ? [`--${flag} ${told.name}`] : [],
  );
  return ['flashsale', words, ...taken, ...needed, '[flags]'].join(' ');
}

export function helpOf(command: Command): string {
  const { summary, details, takes, flags, shape } = command;
  const parts = [
    `${summary}.`,
    `Usage: ${usageOf(command)}`,
    rows(Object.values(takes).map((taken) => [taken.name, saying(taken)])),
    rows(flagRows({ ...flags, ...commonFlags(command) })),
    details === undefined ? '' : paragraphs(details).join('\n'),
    shape === undefined ? '' : `Fields: ${wrapText(shape.fields.join(', '), WIDTH - 8).join('\n        ')}`,
    'Where, as whom, and looks: --context, --url, --read-only, --write, --no-color, --ascii.',
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Sentences are laid out anew; what begins with a blank stays as it is. */
function paragraphs(text: string): string[] {
  return text
    .replaceAll(/(?<=^\S.*)\n(?=\S)/gm, ' ')
    .split('\n')
    .flatMap((line) => (line.startsWith(' ') ? [line] : wrapText(line, WIDTH)));
}

function flagRows(flags: Flags): (readonly [string, string])[] {
  return Object.entries(flags).map(([name, told]) => {
    if (told.kind === 'switch') return [`--${name}`, told.says];
    const again = told.kind === 'many' || told.kind === 'any' ? '; may be given again' : '';
    return [`--${name} ${told.name}`, saying(told) + again];
  });
}

function saying({ says, words }: Taken<unknown>): string {
  return words === undefined ? says : `${says} (${words.join(', ')})`;
}

/** Names and what they say, in two columns. */
function rows(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs
    .flatMap(([name, says]) =>
      wrapText(says, WIDTH - width - 4).map(
        (line, index) => `  ${(index === 0 ? name : '').padEnd(width)}  ${line}`,
      ),
    )
    .join('\n');
}

/** `help`, `help sales`, `help sales list`, `help exit-codes`. @returns undefined where there is nothing to say */
export function helpAbout(words: readonly string[], commands: readonly Command[]): string | undefined {
  const asked = words.join(' ');
  if (asked === '') return `${overviewOf(commands)}\n\n${MORE}\n`;
  if (asked === 'exit-codes') return `${rows(EXIT_CODES.map(([code, says]) => [String(code), says]))}\n`;
  const one = commands.find((command) => command.words === asked);
  if (one !== undefined) return helpOf(one);
  const own = commands.filter((command) => command.words.startsWith(`${asked} `));
  return own.length === 0 ? undefined : `${overviewOf(own)}\n`;
}

const MORE =
  'Each has --help. Without a command it is the terminal: flashsale --help. Also: flashsale help exit-codes';

function overviewOf(commands: readonly Command[]): string {
  return rows(commands.map(({ words, summary }) => [words, summary]));
}

/** What to say to words that are no command. */
export function unknownWords(words: readonly string[], commands: readonly Command[]): string {
  const own = commands.filter((command) => command.words.split(' ')[0] === words[0]);
  const said =
    own.length === 0
      ? `There is no command "${words.slice(0, 2).join(' ')}". There are:`
      : `"${words[0]}" is followed by one of:`;
  return `${said}\n\n${overviewOf(own.length === 0 ? commands : own)}`;
}
