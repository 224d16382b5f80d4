/** Why an operator changes something: what the API takes, and the command line lets through. */

import { CHANGE_REASON_LENGTH_MAX } from './limits.ts';

export const REASON_EXPECTED = `a line of text of 1 to ${CHANGE_REASON_LENGTH_MAX} characters`;

/** Counts as SQL does: one that is two units of UTF-16 is one character. */
const LINE = new RegExp(String.raw`^[^\p{Cc}\p{Zl}\p{Zp}\p{Cs}]{1,${CHANGE_REASON_LENGTH_MAX}}$`, 'u');

/** @returns what is kept of it; undefined when it is none */
export function reasonOf(text: string): string | undefined {
  const reason = text.trim();
  return LINE.test(reason) ? reason : undefined;
}
