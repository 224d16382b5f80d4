import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  asManyAsFit,
  dimmed,
  fitLine,
  lineWidth,
  plain,
  sameLine,
  span,
  spread,
  textOf,
  wrapLine,
} from './span.ts';
import { safe } from './text.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map(safe),
  fc.constantFrom('', ' ', 'two words', '界界界', 'averylongwordwithoutanyblank'),
);
const anyLine = fc.array(
  anyText.map((text) => span(text, 'warn')),
  { maxLength: 5 },
);
const anyWidth = fc.integer({ min: 2, max: 60 });

test('a fitted line is exactly as wide as asked, and tells where it was cut', () => {
  fc.assert(
    fc.property(anyLine, anyWidth, (line, width) => {
      const fitted = fitLine(line, width);
      expect(lineWidth(fitted)).toBe(width);
      if (lineWidth(line) > width) expect(textOf(fitted)).toEndWith('…');
      else expect(textOf(fitted)).toStartWith(textOf(line));
    }),
  );
  expect(textOf(fitLine([span('abc'), span('def')], 3))).toBe('ab…');
  expect(fitLine([span('abc')], 0)).toEqual([]);
});

test('what is right stays whole while what is left is cut', () => {
  fc.assert(
    fc.property(anyLine, anyLine, anyWidth, (left, right, width) => {
      const line = spread(left, right, width);
      expect(lineWidth(line)).toBe(width);
      if (lineWidth(right) < width) expect(textOf(line)).toEndWith(textOf(right));
    }),
  );
});

test('as many pieces as fit are never wider, and are the first ones', () => {
  fc.assert(
    fc.property(fc.array(anyLine, { maxLength: 5 }), anyWidth, (pieces, width) => {
      const line = asManyAsFit(pieces, width);
      expect(lineWidth(line)).toBeLessThanOrEqual(width);
      if (pieces[0] !== undefined && lineWidth(pieces[0]) <= width) {
        expect(textOf(line)).toStartWith(textOf(pieces[0]));
      }
    }),
  );
  expect(textOf(asManyAsFit([plain('ab'), plain('cd'), plain('e')], 6))).toBe('ab  cd');
});

describe('a wrapped line', () => {
  test('is never wider, loses no letter, and keeps its looks', () => {
    fc.assert(
      fc.property(anyLine, anyWidth, (line, width) => {
        const lines = wrapLine(line, width);
        for (const one of lines) expect(lineWidth(one)).toBeLessThanOrEqual(width);
        const letters = (text: string) => text.replaceAll(/\s/g, '');
        expect(letters(lines.map(textOf).join(''))).toBe(letters(textOf(line)));
        for (const piece of lines.flat()) expect(piece.tone).toBe('warn');
      }),
    );
  });

  test('breaks between words, also where the tone changes', () => {
    const line = [span('From now on '), span('nobody', 'warn'), span(' gets a hold')];
    const lines = wrapLine(line, 14);
    expect(lines.map(textOf)).toEqual(['From now on', 'nobody gets a', 'hold']);
    expect(lines[1]?.[0]).toEqual(span('nobody', 'warn'));
    expect(wrapLine(line, 80)).toEqual([line]);
    expect(wrapLine([span('abcd efgh')], 4).map(textOf)).toEqual(['abcd', 'efgh']);
    expect(wrapLine([span('ab abcdefgh')], 4).map(textOf)).toEqual(['ab', 'abcd', 'efgh']);
  });
});

test('lines are the same when they look the same', () => {
  expect(sameLine([span('a', 'warn')], [span('a', 'warn')])).toBe(true);
  expect(sameLine([span('a', 'warn')], [span('a', 'good')])).toBe(false);
  expect(sameLine([span('a')], [span('a'), span('')])).toBe(false);
  expect(dimmed([span('a', 'alarm', { bold: true })])).toEqual([
    { text: 'a', tone: 'dim', inverse: undefined },
  ]);
});
