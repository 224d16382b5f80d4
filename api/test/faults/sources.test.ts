import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_NAMES } from './faults.ts';
import { copySources, MUTANTS, type MutantName } from './sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'flash-sale-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const names = Object.keys(MUTANTS) as MutantName[];

test.each(names)('the mutant %s still fits the program, and changes only its copy', (name) => {
  const copy = join(folder, name);
  copySources(copy, name);
  for (const { file } of MUTANTS[name].patches) {
    const original = readFileSync(join(import.meta.dir, '../../..', file), 'utf8');
    expect(readFileSync(join(copy, file), 'utf8').length).toBeLessThan(original.length);
  }
  for (const fault of MUTANTS[name].faults) expect(FAULT_NAMES).toContain(fault);
});

test('a copy is known by its hash', () => {
  const [one, same] = [copySources(join(folder, 'one'), null), copySources(join(folder, 'same'), null)];
  expect(one).toBe(same);
  expect(copySources(join(folder, 'other'), 'no-gate')).not.toBe(one);
});
