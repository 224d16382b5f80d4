import { WINDOW_YEAR_MAX } from '@flash-sale/shared/limits.ts';
import { invalidRequest } from './failures.ts';

/**
 * A time of a body whose contract has seen to its form; whether there is such a day, no pattern says.
 * @throws RequestFault
 */
export function readInstant(field: string, text: string): Date {
  const instant = new Date(text);
  const year = instant.getUTCFullYear();
  // A day that is not in its month, 30 February, is another day to Date.
  const [, day] = /^\d{4}-\d\d-(\d\d)/.exec(text) ?? [];
  const asWritten = new Date(`${text.slice(0, 10)}T00:00:00Z`);
  if (year >= 1_970 && year <= WINDOW_YEAR_MAX && asWritten.getUTCDate() === Number(day)) return instant;
  throw invalidRequest({ [field]: [`must be a time that exists, until the end of ${WINDOW_YEAR_MAX}`] });
}
