import { expect, test } from 'bun:test';
import { textOf } from '../look/span.ts';
import { changeLines } from './change-lines.ts';

const shown = (before: unknown, after: unknown, width = 60) =>
  changeLines(before, after, width).map((line) => textOf(line).trimEnd());

test('what changed has a line for what was and one for what is; what did not change has none of the signs', () => {
  const before = { state: 'draft', terms: { price: 10, opens_at: null } };
  const after = { state: 'live', terms: { price: 10, opens_at: '2026-12-01' }, by: 'ann' };
  expect(shown(before, after)).toEqual([
    '- state           draft',
    '+ state           live',
    '  terms.price     10',
    '- terms.opens_at  null',
    '+ terms.opens_at  2026-12-01',
    '+ by              ann',
  ]);
});

test('what was made has only what is, what was removed only what was', () => {
  expect(shown(null, { name: 'Lamp' })).toEqual(['+ name  Lamp']);
  expect(shown({ name: 'Lamp' }, null)).toEqual(['- name  Lamp']);
});

test('long values go on below, and what would steer the terminal is taken out', () => {
  expect(shown(null, { a: `${'x'.repeat(20)}\u001b[31m` }, 20)).toEqual([
    `+ a  ${'x'.repeat(15)}`,
    `     ${'x'.repeat(5)}`,
  ]);
});
