import { expect, test } from 'bun:test';
import { joined, span, textOf } from './span.ts';

test('a line is joined to as few pieces as look different', () => {
  const line = [span('a', 'good'), span('  '), span('b', 'good'), span('c', 'warn'), span('d', 'warn')];
  expect(joined(line)).toEqual([
    { text: 'a  b', tone: 'good' },
    { text: 'cd', tone: 'warn' },
  ]);
  expect(joined([span('  '), span('x', 'warn', { bold: true })])).toEqual([
    { text: '  x', tone: 'warn', bold: true },
  ]);
});

test('blanks that are seen stay what they are', () => {
  const line = [
    span('a'),
    span(' ', undefined, { inverse: true }),
    span('b'),
    span(' ', 'warn', { inverse: true }),
  ];
  expect(joined(line)).toEqual(line);
});

test('blanks at the end are not drawn, and a line without text is still a line', () => {
  expect(textOf(joined([span('a', 'good'), span('   '), span(' ', 'dim')]))).toBe('a');
  expect(joined([])).toEqual([{ text: ' ' }]);
});
