import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CRASH_POINTS, type CrashPoint } from './crash-points.ts';

const API = join(import.meta.dir, '../..');

type Table = Readonly<Record<number, CrashPoint>>;

/** What is wrong with a table, in sentences. */
function faultsOf(points: Table, textOf: (file: string) => string): string[] {
  const numbers = Object.keys(points).map(Number);
  const all = Array.from({ length: 57 }, (_, index) => index + 1);
  return [
    ...all.filter((n) => !(n in points)).map((n) => `point ${n} is missing`),
    ...numbers.filter((n) => !all.includes(n)).map((n) => `point ${n} is none of the 57`),
    ...Object.entries(points).flatMap(([number, { tests }]) => {
      if (tests.length === 0) return [`point ${number} has no test`];
      return tests
        .filter(({ file, title }) => title.length < 12 || !textOf(file).includes(title))
        .map(({ file, title }) => `point ${number} names a test that is not in ${file}: ${title}`);
    }),
  ];
}

/** The files without their comments, read once; one that is not there has no titles. */
const texts = new Map<string, string>();
function textOf(file: string): string {
  let text = texts.get(file);
  if (text === undefined) {
    try {
      const lines = readFileSync(join(API, file), 'utf8').split('\n');
      text = lines.filter((line) => !/^\s*(\/\/|\/?\*)/.test(line)).join('\n');
    } catch {
      text = '';
    }
    texts.set(file, text);
  }
  return text;
}

describe('the table of crash points', () => {
  test('has all 57, each with tests that are there', () => {
    expect(faultsOf(CRASH_POINTS, textOf)).toEqual([]);
  });

  test('is found wanting: a number that is missing or strange, a point without a test, a test that is gone', () => {
    const first = CRASH_POINTS[1] as CrashPoint;
    const rest = Object.fromEntries(Object.entries(CRASH_POINTS).filter(([number]) => number !== '31'));
    const gone = { file: 'test/crash.test.ts', title: 'what nobody ever wrote a test for' };
    const noFile = { file: 'test/gone.test.ts', title: 'the same key finds the hold' };
    const wanting: [Table, RegExp][] = [
      [rest, /^point 31 is missing$/],
      [{ ...CRASH_POINTS, 58: first }, /^point 58 is none of the 57$/],
      [{ ...CRASH_POINTS, 1: { ...first, tests: [] } }, /^point 1 has no test$/],
      [{ ...CRASH_POINTS, 1: { ...first, tests: [gone] } }, /^point 1 names a test that is not in/],
      [{ ...CRASH_POINTS, 1: { ...first, tests: [noFile] } }, /^point 1 names a test that is not in/],
    ];
    for (const [points, complaint] of wanting) {
      expect(faultsOf(points, textOf)).toEqual([expect.stringMatching(complaint)]);
    }
  });
});
