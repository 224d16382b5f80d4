/** What a command takes, as data: the words that follow it, and its flags. Types, help and completion come from it. */

import { isCurrency } from '@flash-sale/shared/units.ts';
import { API_URL_EXPECTED, usableUrl } from '../contexts.ts';

/** `one` must be given, `optional` may. `many` may be given again and again: of a word, the last, at least once. `any`: or not. */
type Count = 'one' | 'optional' | 'many' | 'any';

export interface Taken<Type, Kind extends Count = Count> {
  readonly kind: Kind;
  /** As usages have it: `SALE`. */
  readonly name: string;
  /** What it is for. */
  readonly says: string;
  /** What is accepted, for messages. */
  readonly expected: string;
  /** All that is accepted, where that can be listed. */
  readonly words?: readonly string[];
  /** @returns undefined when it is not acceptable */
  parse(text: string): Type | undefined;
}

export interface Switch {
  readonly kind: 'switch';
  readonly says: string;
}

export type Words = Readonly<Record<string, Taken<unknown>>>;
export type Flags = Readonly<Record<string, Taken<unknown> | Switch>>;

type ValueOf<Of> = Of extends Switch
  ? boolean
  : Of extends Taken<infer Type, infer Kind>
    ? { one: Type; optional: Type | undefined; many: readonly Type[]; any: readonly Type[] }[Kind]
    : never;
export type ValuesOf<Table> = { readonly [Name in keyof Table]: ValueOf<Table[Name]> };

export function text(name: string, says: string, expected = 'text'): Taken<string, 'one'> {
  return { kind: 'one', name, says, expected, parse: (value) => (value === '' ? undefined : value) };
}

export function integer(
  name: string,
  says: string,
  { min = 1, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {},
): Taken<number, 'one'> {
  const expected = `a number from ${min}${max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`}`;
  const parse = (value: string) => {
    const parsed = Number(value);
    return /^\d{1,16}$/.test(value) && parsed >= min && parsed <= max ? parsed : undefined;
  };
  return { kind: 'one', name, says, expected, parse };
}

/** Major units. */
export function amountOf(says: string): Taken<number, 'one'> {
  const parse = (value: string) => (/^\d{1,13}(\.\d{1,4})?$/.test(value) ? Number(value) : undefined);
  return { kind: 'one', name: 'AMOUNT', says, expected: 'an amount like 19.99', parse };
}

/** Small letters will do. */
export function currencyOf(says: string): Taken<string, 'one'> {
  const parse = (value: string) => (isCurrency(value.toUpperCase()) ? value.toUpperCase() : undefined);
  return { kind: 'one', name: 'CODE', says, expected: 'a currency of ISO 4217, such as USD', parse };
}

/** Where buyers and payment providers go. */
export const apiUrl: Taken<string, 'one'> = {
  kind: 'one',
  name: 'URL',
  says: 'the listener for buyers and payment providers; else the api_url of the context, or port 8000 beside port 8001 of this machine',
  expected: API_URL_EXPECTED,
  parse: usableUrl,
};

export function oneOf<const Word extends string>(
  name: string,
  says: string,
  words: readonly Word[],
): Taken<Word, 'one'> {
  const parse = (value: string) => words.find((word) => word === value);
  return { kind: 'one', name, says, expected: `one of ${words.join(', ')}`, words, parse };
}

export function optional<Type>(taken: Taken<Type, 'one'>): Taken<Type, 'optional'> {
  return { ...taken, kind: 'optional' };
}

export function many<Type>(taken: Taken<Type, 'one'>): Taken<Type, 'many'> {
  return { ...taken, kind: 'many' };
}

export function any<Type>(taken: Taken<Type, 'one'>): Taken<Type, 'any'> {
  return { ...taken, kind: 'any' };
}

export function on(says: string): Switch {
  return { kind: 'switch', says };
}

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Only what was given: the API takes no field that is there and has no value. */
export function given<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
}
