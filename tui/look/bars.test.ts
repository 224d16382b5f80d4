import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { bar, gauge, sparkline } from './bars.ts';
import { asciiOf, GLYPHS } from './look.ts';
import { lineWidth, textOf } from './span.ts';
import { safe, widthOf } from './text.ts';

const SIGNS = [GLYPHS.paid, GLYPHS.ordered, GLYPHS.held, GLYPHS.available];
const partsOf = (units: readonly number[]) =>
  units.map((count, index) => ({ units: count, glyph: SIGNS[index] ?? '?', tone: 'dim' as const }));
const cellsOf = (units: readonly number[], width: number) => {
  const text = textOf(gauge(partsOf(units), width));
  return units.map((_, index) => text.split(SIGNS[index] ?? '?').length - 1);
};
const anyUnits = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 }), fc.nat(1_000_000)), {
  minLength: 1,
  maxLength: 4,
});

describe('a gauge', () => {
  test('adds up to its width, shows whatever is there, and no part too long', () => {
    fc.assert(
      fc.property(anyUnits, fc.integer({ min: 4, max: 120 }), (units, width) => {
        expect(lineWidth(gauge(partsOf(units), width))).toBe(width);
        const total = units.reduce((sum, count) => sum + count, 0);
        if (total === 0) return;
        const cells = cellsOf(units, width);
        expect(cells.reduce((sum, count) => sum + count, 0)).toBe(width);
        const exact = units.map((count) => (count / total) * width);
        // Where nothing is so small that it gets a cell that is not its own, all are right within a cell.
        const isRoomy = exact.every((share, index) => units[index] === 0 || share >= 1);
        for (const [index, count] of units.entries()) {
          const [shown = 0, share = 0] = [cells[index], exact[index]];
          expect(shown > 0).toBe(count > 0);
          expect(shown).toBeLessThanOrEqual(Math.max(1, Math.ceil(share + 1e-9)));
          if (isRoomy) expect(Math.abs(shown - share)).toBeLessThan(1 + 1e-9);
        }
      }),
    );
  });

  test('one unit of a thousand is seen, and the half is half', () => {
    expect(cellsOf([0, 0, 1, 999], 20)).toEqual([0, 0, 1, 19]);
    expect(cellsOf([50, 0, 0, 50], 20)).toEqual([10, 0, 0, 10]);
    expect(cellsOf([97, 1, 1, 1], 100)).toEqual([97, 1, 1, 1]);
  });

  test('is blank where there is nothing, or no room to be right', () => {
    expect(textOf(gauge(partsOf([0, 0]), 4))).toBe('    ');
    expect(textOf(gauge(partsOf([1, 1, 1]), 2))).toBe('  ');
    expect(textOf(gauge(partsOf([1]), 0))).toBe('');
  });
});

test('a bar is as wide as asked, empty at nothing, full at all', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.nat(60), (part, width) => {
      expect(widthOf(bar(part, width))).toBe(width);
    }),
  );
  expect(bar(0, 4)).toBe('    ');
  expect(bar(1, 4)).toBe('████');
  expect(bar(0.5, 4)).toBe('██  ');
  expect(bar(0.03, 4)).toBe('▏   ');
});

test('a sparkline shows the last values, the highest of them at full height', () => {
  expect(sparkline([9, 0, 1, 4], 3)).toBe(' ▂█');
  expect(sparkline([1, 1000], 4)).toBe('  ▁█');
  expect(sparkline([0, 0], 3)).toBe('   ');
  expect(sparkline([1, 2], 0)).toBe('');
});

test('in ASCII every line is as wide as before', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (raw) => {
      const text = safe(raw);
      expect(asciiOf(text)).toMatch(/^[\x20-\x7e]*$/);
      expect(asciiOf(text)).toHaveLength(widthOf(text));
    }),
    { numRuns: 500 },
  );
  const signs = [...Object.values(GLYPHS), ...Object.values(GLYPHS.corners)]
    .flat()
    .filter((sign) => typeof sign === 'string');
  for (const sign of signs) {
    expect(widthOf(sign), sign).toBe(1);
    expect(asciiOf(sign), sign).not.toBe('?');
  }
});
