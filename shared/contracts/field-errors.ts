/** Turns schema faults into sentences about fields, in the words of the caller. */

import { Kind, type TSchema } from '@sinclair/typebox';
import type { ValueError } from '@sinclair/typebox/errors';
import { Errors, ValueErrorType } from '@sinclair/typebox/errors';
import type { FieldErrors } from './reply.ts';

/** The whole body, when it is no object at all. */
const WHOLE = 'body';

/** Enough to act on; a body of thousands of unknown fields gets no reply of the same size. */
const FIELDS_MAX = 20;

export function fieldErrors(faults: Iterable<ValueError>): FieldErrors {
  // Without a prototype, so that a field called "constructor" is told like any other.
  const errors = Object.create(null) as FieldErrors;
  for (const fault of faults) {
    if (Object.keys(errors).length === FIELDS_MAX) break;
    const field = fault.path.slice(1).replaceAll('/', '.') || WHOLE;
    // The first fault of a field is the telling one: a missing field is also of the wrong type.
    errors[field] ??= [sentence(fault)];
  }
  return errors;
}

/** What is wrong with what nobody has sent yet; nothing when it is right. */
export function faultsOf(schema: TSchema, value: unknown): FieldErrors {
  // Formats are known to who serves the contract; patterns say as much.
  const faults = [...Errors(schema, value)].filter(({ type }) => type !== ValueErrorType.StringFormatUnknown);
  return fieldErrors(faults);
}

function sentence({ type, schema, value }: ValueError): string {
  if (type === ValueErrorType.ObjectAdditionalProperties) return 'is not a known field';
  if (type === ValueErrorType.ObjectMinProperties) return 'must have a field that is to be changed';
  return value === undefined ? 'is required' : `must be ${expected(schema as Bounds)}`;
}

interface Bounds extends TSchema {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly (TSchema & { const?: unknown })[];
}

function expected(schema: Bounds): string {
  switch (schema[Kind]) {
    case 'Integer':
      return `an integer${range(schema)}`;
    case 'Number':
      return `a number${range(schema)}`;
    case 'Object':
      return 'a JSON object';
    case 'Array':
      return `a list of ${schema.minItems} to ${schema.maxItems}`;
    case 'String':
      return text(schema);
    case 'Union':
      return oneOf(schema);
    default:
      return 'valid';
  }
}

function oneOf({ anyOf = [] }: Bounds): string {
  const [only, ...others] = anyOf.filter((choice) => choice[Kind] !== 'Null');
  if (only !== undefined && others.length === 0) return `${expected(only as Bounds)}, or null`;
  const words = anyOf.map((choice) => choice.const);
  return words.every((word) => typeof word === 'string') ? `one of ${words.join(', ')}` : 'valid';
}

function range({ minimum, maximum }: Bounds): string {
  return minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`;
}

function text({ format, pattern, minLength, maxLength }: Bounds): string {
  if (format === 'uuid') return 'a UUID';
  if (format === 'date-time') return 'a time with its zone, such as 2030-01-31T18:00:00Z';
  if (pattern === '^[A-Z]{3}$') return 'a currency of three capital letters, such as USD';
  if (minLength === undefined || maxLength === undefined) return 'a string';
  if (pattern === undefined) return `a text of ${minLength} to ${maxLength} characters`;
  if (pattern.startsWith('^[^')) return `a line of text of ${minLength} to ${maxLength} characters`;
  return `a string of ${minLength} to ${maxLength} printable characters without spaces`;
}
