import { readFileSync } from 'node:fs';
import { expect, test } from 'bun:test';
import { installedPackages } from './installed.ts';
import { ANSWERED, LICENCES_FILE, licencesPage, needlessAnswers, unanswered } from './licences.ts';

const installed = installedPackages();

/** Package -> why it works without what it would run while it is installed. */
const WORKS_WITHOUT: Readonly<Record<string, string>> = {
  esbuild:
    'Its script puts a faster start in place of the program; drizzle-kit starts the slower one as well.',
  'vue-demi':
    'Its script chooses between Vue 2 and 3; nothing of it runs, as the reader is served ready-made.',
};

test('LICENCES.md lists what is installed; else run `bun run licences` and commit', () => {
  const isUpToDate = readFileSync(LICENCES_FILE, 'utf8') === licencesPage(installed);
  expect(isUpToDate ? 'up to date' : 'run `bun run licences`, and commit').toBe('up to date');
});

test('every package is under a licence that we accept, or is answered for', () => {
  expect(unanswered(installed)).toEqual([]);
  expect(needlessAnswers(installed)).toEqual([]);
});

test('a licence that nobody answers for is found, and an answer that nobody needs', () => {
  const licensed = (licence: string) => [{ id: 'some@1.0.0', licence }];
  for (const licence of ['GPL-3.0', 'Unknown', '(GPL-2.0 OR AGPL-3.0)', 'SEE LICENSE IN LICENSE']) {
    expect(unanswered(licensed(licence))).toEqual([`some@1.0.0: ${licence}`]);
  }
  expect(unanswered(licensed('(BSD-3-Clause OR GPL-2.0)'))).toEqual([]);
  expect(needlessAnswers(licensed('MIT'))).toEqual(Object.keys(ANSWERED));
});

test('no package needs the script that it would run while it is installed', () => {
  const withScripts = installed.filter(({ installScripts }) => installScripts.length > 0);
  const names = new Set(withScripts.map(({ name }) => name));
  expect([...names].toSorted()).toEqual(Object.keys(WORKS_WITHOUT).toSorted());
});
