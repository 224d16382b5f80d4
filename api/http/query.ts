/** Values of a query. Not by schema: Elysia's does not say which parameter is wrong, nor how. */

import { t } from 'elysia';
import { invalidRequest } from './failures.ts';

/** A filter, as the document shows it; what may stand in it is checked by whoever reads it. */
export function filter(description: string, example: string, lengthMax = 64) {
  return t.Optional(t.String({ maxLength: lengthMax, description, examples: [example] }));
}

/** One of these words; null when absent. @throws RequestFault */
export function readWord<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word | null {
  if (text === undefined) return null;
  const word = words.find((known) => known === text);
  if (word !== undefined) return word;
  throw invalidRequest({ [name]: [`must be one of ${words.join(', ')}`] });
}

/** As large as an id of SQL can be. */
const ID_MAX = 4_294_967_295;

/** The id of a product or a sale; null when absent. @throws RequestFault */
export function readId(name: string, text: string | undefined): number | null {
  return readInteger(name, text, 1, ID_MAX);
}

/** Null when absent. @throws RequestFault */
export function readInteger(name: string, text: string | undefined, min: number, max: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d{1,15}$/.test(text) && value >= min && value <= max) return value;
  throw invalidRequest({ [name]: [`must be an integer from ${min} to ${max}`] });
}
