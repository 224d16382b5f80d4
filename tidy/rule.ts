/** A house rule is a pair of tests: the project keeps it, and a breach of it is found. */

import { expect, test } from 'bun:test';
import { type Check, readProject, sample } from './project.ts';

const project = readProject();

export type Sample = Record<string, string>;

/** Every sample of `bad` breaks the rule, none of `good` does. */
export function rule(
  says: string,
  check: Check,
  { bad, good = [] }: { bad: Sample[]; good?: Sample[] },
): void {
  test(says, () => {
    expect(check(project)).toEqual([]);
  });
  test(`${says}: and a breach is found`, () => {
    for (const files of bad) expect(check(sample(files))).not.toEqual([]);
    for (const files of good) expect(check(sample(files))).toEqual([]);
  });
}
