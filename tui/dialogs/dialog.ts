/** Questions to the operator. Each is answered once; escape answers no, and nothing is done. */

import type { Line } from '../look/span.ts';
import { NO_TEXT, textInput, type TextInput } from './text-input.ts';
import type { Why } from './why.ts';

interface Question {
  readonly title: string;
  /** What will happen, before it does. */
  readonly lines: readonly Line[];
}

interface Confirm extends Question {
  readonly kind: 'confirm';
  /** The verb of the button: "Release". */
  readonly verb: string;
  readonly isYesFocused: boolean;
  /** Null: that is not asked. */
  readonly why: Why | null;
  answer(isYes: boolean): void;
}

/** For what reaches far: the operator types a word that names it. */
interface Typed extends Question {
  readonly kind: 'typed';
  readonly verb: string;
  readonly word: string;
  readonly input: TextInput;
  readonly why: Why | null;
  answer(isYes: boolean): void;
}

export interface Choice {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
}

export interface Choose extends Question {
  readonly kind: 'choose';
  readonly choices: readonly Choice[];
  readonly selected: number;
  answer(value: string | null): void;
}

export type Values = Readonly<Record<string, string>>;

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly initial?: string;
  /** What may be typed, beside the field. */
  readonly hint: string;
  /** Picked with left and right instead of typed. */
  readonly choices?: readonly string[];
  /** Asked at every key. @returns what is wrong, and what to do; null when it is right */
  check(value: string, values: Values): string | null;
}

export interface Form extends Question {
  readonly kind: 'form';
  readonly verb: string;
  readonly fields: readonly Field[];
  readonly inputs: Readonly<Record<string, TextInput>>;
  readonly focused: number;
  /** Once somebody tried to go on, every fault is shown, not only those of fields that were typed in. */
  readonly wasTried: boolean;
  readonly touched: ReadonlySet<string>;
  /** What the values come to, drawn below them. */
  preview(values: Values): readonly Line[];
  answer(values: Values | null): void;
}

/** The last moment to say no. Answers yes by itself. */
interface Countdown extends Question {
  readonly kind: 'countdown';
  readonly verb: string;
  /** By the clock of this machine's `performance.now()`. */
  readonly endsAtMs: number;
  answer(isYes: boolean): void;
}

export type Dialog = Confirm | Typed | Choose | Form | Countdown;

export function valuesOf({ inputs }: Form): Values {
  return Object.fromEntries(Object.entries(inputs).map(([name, { text }]) => [name, text.trim()]));
}

export function faultOf(form: Form, field: Field): string | null {
  const values = valuesOf(form);
  return field.check(values[field.name] ?? '', values);
}

export function initialInputs(fields: readonly Field[]): Record<string, TextInput> {
  return Object.fromEntries(
    fields.map(({ name, initial }) => [name, initial === undefined ? NO_TEXT : textInput(initial)]),
  );
}

/** Nobody was there yet: it still says what it said at first. */
export function isUntouched({ touched }: Form, { name }: Field): boolean {
  return !touched.has(name);
}
