/** Words and flags as they were typed -> what is to be done. */

import { parseArgs } from 'node:util';
import { REASON_EXPECTED, reasonOf } from '@flash-sale/shared/change-reason.ts';
import { SHARED_FLAGS, type Flags as SettingsFlags } from '../config.ts';
import { firstWords } from '../fault-words.ts';
import type { Command } from './command.ts';
import { UsageFault } from './endings.ts';
import type { Format } from './output.ts';
import { on, optional, text, type Flags, type Taken } from './taken.ts';

export interface Asked {
  readonly command: Command;
  readonly words: Readonly<Record<string, unknown>>;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly settings: SettingsFlags;
  readonly format: Format;
  readonly isSure: boolean;
  readonly idempotencyKey: string | undefined;
  /** Empty: nobody said. */
  readonly reason: string;
}

const HELP = { help: on('how it is used') };
const STREAM = {
  ndjson: on('JSON, one row a line'),
  fields: optional(
    text('A,B', 'only these fields, in this order', 'names of fields, with commas between them'),
  ),
  quiet: on('only what identifies each row, one a line'),
};
const ROWS = { json: on('one JSON value, as the API tells it'), ...STREAM };
const CHANGES = {
  'idempotency-key': optional(
    text('KEY', 'sent under the same key again, the change is made once; made up when absent'),
  ),
};
const REASON = {
  reason: optional<string>({
    kind: 'one',
    name: 'TEXT',
    says: 'why, for the audit log',
    expected: REASON_EXPECTED,
    parse: reasonOf,
  }),
};
const DESTRUCTIVE = { yes: on('do it without asking; without a terminal it is needed') };

/** What is the same for many commands. */
export function commonFlags({ shape, isStream, does, isDestructive, takesNoReason }: Command): Flags {
  return {
    ...(shape === undefined ? {} : isStream === true ? STREAM : ROWS),
    ...(does === 'changes' ? CHANGES : {}),
    ...(does === 'changes' && takesNoReason !== true ? REASON : {}),
    ...(isDestructive === true ? DESTRUCTIVE : {}),
    ...HELP,
  };
}

/** @throws UsageFault */
export function readCommand(command: Command, argv: readonly string[]): Asked | 'help' {
  const common = commonFlags(command);
  const { values, positionals } = parse({ ...command.flags, ...common }, argv);
  if (values['help'] === true) return 'help';
  const all = flagValues(common, values);
  const words = positionals.slice(command.words.split(' ').length);
  return {
    command,
    flags: flagValues(command.flags, values),
    words: readWords(command, words),
    settings: values,
    format: formatOf(command, all),
    isSure: all['yes'] === true,
    idempotencyKey: all['idempotency-key'] as string | undefined,
    reason: (all['reason'] as string | undefined) ?? '',
  };
}

interface Parsed {
  readonly values: SettingsFlags & Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** @throws UsageFault */
function parse(known: Flags, argv: readonly string[]): Parsed {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { kind }]) => [
      name,
      kind === 'switch' ? ({ type: 'boolean' } as const) : ({ type: 'string', multiple: true } as const),
    ]),
  );
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { ...options, ...SHARED_FLAGS, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UsageFault(firstWords(error));
  }
}

function flagValues(flags: Flags, given: Parsed['values']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [name, flagValue(`--${name}`, flag, given[name])]),
  );
}

function flagValue(name: string, flag: Flags[string], given: unknown): unknown {
  if (flag.kind === 'switch') return given === true;
  const texts = Array.isArray(given) ? given.map(String) : [];
  if (flag.kind === 'one' && texts.length === 0) {
    throw new UsageFault(`${name} ${flag.name} is missing: ${flag.says}`);
  }
  if (!isSeveral(flag) && texts.length > 1) throw new UsageFault(`${name} is given more than once`);
  const values = texts.map((one) => valueOf(name, flag, one));
  return isSeveral(flag) ? values : values[0];
}

function readWords({ takes }: Command, texts: readonly string[]): Record<string, unknown> {
  const left = [...texts];
  const words = Object.entries(takes).map(([key, taken]) => {
    const own = left.splice(0, isSeveral(taken) ? left.length : 1);
    if (own.length === 0 && (taken.kind === 'one' || taken.kind === 'many')) {
      throw new UsageFault(`${taken.name} is missing: ${taken.says}`);
    }
    const values = own.map((one) => valueOf(taken.name, taken, one));
    return [key, isSeveral(taken) ? values : values[0]];
  });
  if (left.length > 0) throw new UsageFault(`"${left.join(' ')}" is more than it takes`);
  return Object.fromEntries(words) as Record<string, unknown>;
}

function isSeveral({ kind }: Taken<unknown>): boolean {
  return kind === 'many' || kind === 'any';
}

function valueOf(name: string, taken: Taken<unknown>, given: string): unknown {
  const value = taken.parse(given);
  if (value === undefined) {
    throw new UsageFault(`${name}: expected ${taken.expected}, got ${JSON.stringify(given)}`);
  }
  return value;
}

function formatOf({ shape }: Command, flags: Readonly<Record<string, unknown>>): Format {
  const kinds = (['json', 'ndjson', 'quiet'] as const).filter((kind) => flags[kind] === true);
  if (kinds.length > 1) {
    throw new UsageFault(`${kinds.map((kind) => `--${kind}`).join(' and ')} exclude each other`);
  }
  const fields = typeof flags['fields'] === 'string' ? flags['fields'].split(',') : null;
  const unknown = fields?.find((field) => shape?.fields.includes(field) !== true);
  if (unknown !== undefined) {
    throw new UsageFault(`--fields: there is no ${unknown}; there are ${shape?.fields.join(', ')}`);
  }
  return { kind: kinds[0] ?? 'table', fields };
}
