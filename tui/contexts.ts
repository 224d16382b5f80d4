/** The operator's installations, by name: `contexts.toml` in the folder of the user's settings. */

import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { OPERATOR_TOKEN_LENGTH_MIN } from '@flash-sale/shared/limits.ts';
import { faultWords } from './fault-words.ts';
import { shellWord } from './terminal/shell-word.ts';

const CONTEXT_COLORS = ['red', 'yellow', 'green', 'blue', 'magenta', 'cyan'] as const;
export type ContextColor = (typeof CONTEXT_COLORS)[number];

export type TokenSource =
  | { readonly kind: 'text'; readonly token: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string };

export interface Context {
  readonly name: string;
  /** Without a slash at its end. */
  readonly url: string;
  /** Of the listener for buyers and payment providers; null: the file does not say. */
  readonly apiUrl: string | null;
  readonly token: TokenSource;
  readonly color: ContextColor | null;
  readonly readOnly: boolean;
}

export interface Contexts {
  /** The one that is used when none is asked for. */
  readonly current: string | null;
  readonly all: readonly Context[];
}

/** Its message is for the person at the terminal: what is wrong and what to do. */
export class SettingsFault extends Error {
  override readonly name = 'SettingsFault';
}

export const TOKEN_EXPECTED = `an operator token: at least ${OPERATOR_TOKEN_LENGTH_MIN} printable characters without spaces`;
export const isToken = (value: string): boolean =>
  value.length >= OPERATOR_TOKEN_LENGTH_MIN && /^[!-~]+$/.test(value);

export const URL_EXPECTED =
  'the address of the operators\' listener, like "https://ops.example.com", without user, query or fragment';
export const API_URL_EXPECTED =
  'the address of the listener for buyers, like "https://shop.example.com", without user, query or fragment';
/** @returns without a slash at its end; undefined when it is not usable. */
export function usableUrl(value: string): string | undefined {
  const url = URL.parse(value);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined;
  if (`${url.username}${url.password}${url.search}${url.hash}` !== '') return undefined;
  return url.href.replace(/\/+$/, '');
}

interface Field<Value> {
  readonly expected: string;
  readonly parse: (value: unknown) => Value | undefined;
}

const textField = (
  expected: string,
  parse: (text: string) => string | undefined = (text) => text || undefined,
): Field<string> => ({
  expected,
  parse: (value) => (typeof value === 'string' ? parse(value) : undefined),
});

const FIELDS = {
  url: textField(URL_EXPECTED, usableUrl),
  api_url: textField(API_URL_EXPECTED, usableUrl),
  token_file: textField('the path of a file that holds the token and nothing else'),
  token_env: textField('the name of the variable that holds the token'),
  token: textField(TOKEN_EXPECTED, (text) => (isToken(text) ? text : undefined)),
  color: {
    expected: `one of ${CONTEXT_COLORS.join(', ')}`,
    parse: (value) => CONTEXT_COLORS.find((color) => color === value),
  } satisfies Field<ContextColor>,
  read_only: {
    expected: 'true or false',
    parse: (value) => (typeof value === 'boolean' ? value : undefined),
  } satisfies Field<boolean>,
} as const;

type FieldValues = {
  [Name in keyof typeof FIELDS]?: (typeof FIELDS)[Name] extends Field<infer Value> ? Value : never;
};

/**
 * A file that is not there has no contexts.
 * @throws SettingsFault that lists every fault of the file
 */
export function readContexts(path: string, home: string): Contexts {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { current: null, all: [] };
  const { current = null, contexts = {}, ...others } = parseToml(path);
  const faults = Object.keys(others).map(
    (name) => `${name}: is not known; the file has current and [contexts.NAME]`,
  );
  const tables = isTable(contexts) ? contexts : {};
  if (!isTable(contexts)) faults.push('contexts: expected tables, [contexts.NAME]');
  if (current !== null && (typeof current !== 'string' || !Object.hasOwn(tables, current))) {
    faults.push(`current: expected the name of a context (${namesOf(Object.keys(tables))})`);
  }
  const all = Object.entries(tables).flatMap(([name, table]) => {
    const told = (fault: string) => void faults.push(`contexts.${name}${fault}`);
    if (!isTable(table)) {
      told(': expected a table');
      return [];
    }
    if ('token' in table && isOpenToOthers(stats.mode)) {
      told(`.token: the file may be read by others; run: chmod 600 ${shellWord(path)}`);
    }
    const values = fieldsOf(table, told);
    const context = contextOf(name, values, (file) => pathOf(file, dirname(path), home));
    return context === null ? [] : [context];
  });
  if (faults.length > 0) {
    throw new SettingsFault(`${path} is not usable:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  }
  return { current: typeof current === 'string' ? current : null, all };
}

export function namesOf(names: readonly string[]): string {
  return names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
}

function parseToml(path: string): Record<string, unknown> {
  const text = textOf(path);
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new SettingsFault(`${path} is not TOML: ${faultWords(error)}`, { cause: error });
  }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function fieldsOf(table: Record<string, unknown>, told: (fault: string) => void): FieldValues {
  if (!('url' in table)) told(`.url: is missing; expected ${URL_EXPECTED}`);
  if (['token_file', 'token_env', 'token'].filter((name) => name in table).length !== 1) {
    told(': expected exactly one of token_file, token_env and token');
  }
  const entries = Object.entries(table).flatMap(([name, value]) => {
    const field = Object.entries(FIELDS).find(([known]) => known === name)?.[1];
    const parsed = field?.parse(value);
    if (field === undefined) told(`.${name}: is not known; there are ${Object.keys(FIELDS).join(', ')}`);
    else if (parsed === undefined) told(`.${name}: expected ${field.expected}`);
    return parsed === undefined ? [] : [[name, parsed]];
  });
  return Object.fromEntries(entries) as FieldValues;
}

/** @returns null where what it needs is missing or at fault, which was told. */
function contextOf(name: string, fields: FieldValues, fileAt: (path: string) => string): Context | null {
  const { url, api_url: apiUrl = null, color = null, read_only } = fields;
  const token = sourceOf(fields, fileAt);
  if (url === undefined || token === null) return null;
  return { name, url, apiUrl, token, color, readOnly: read_only ?? isProduction(name) };
}

function sourceOf(
  { token, token_file: file, token_env: variable }: FieldValues,
  fileAt: (path: string) => string,
): TokenSource | null {
  if (file !== undefined) return { kind: 'file', path: fileAt(file) };
  if (variable !== undefined) return { kind: 'variable', name: variable };
  return token === undefined ? null : { kind: 'text', token };
}

/** A slip in production costs more than anywhere else. */
export const isProduction = (name: string): boolean => /^prod(uction)?$/i.test(name);

/** `~/` is the user's home; whatever else is not absolute is beside the contexts file. */
function pathOf(file: string, folder: string, home: string): string {
  return file.startsWith('~/') ? join(home, file.slice(2)) : resolve(folder, file);
}

/** @throws SettingsFault */
export function tokenOf(
  { name, token }: Context,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  switch (token.kind) {
    case 'text':
      return token.token;
    case 'file':
      return readTokenFile(token.path);
    case 'variable': {
      const value = environment[token.name] ?? '';
      if (isToken(value)) return value;
      throw new SettingsFault(
        `The context ${name} takes its token from ${token.name}, which ${value === '' ? 'is not set' : `is not ${TOKEN_EXPECTED}`}.`,
      );
    }
  }
}

/** @throws SettingsFault, also when others may read the file: then they may act as this operator */
export function readTokenFile(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new SettingsFault(
      `There is no token file ${path}. Write the token that an admin gave you into it.`,
    );
  }
  if (isOpenToOthers(stats.mode)) {
    throw new SettingsFault(
      `The token file ${path} may be read by others. Run: chmod 600 ${shellWord(path)}`,
    );
  }
  const token = textOf(path).trim();
  if (!isToken(token)) throw new SettingsFault(`The token file ${path} does not hold ${TOKEN_EXPECTED}.`);
  return token;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsFault(`${path} cannot be read: ${faultWords(error)}`, { cause: error });
  }
}

const isOpenToOthers = (mode: number): boolean => (mode & 0o077) !== 0;
