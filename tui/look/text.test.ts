/** Whatever others send, it takes as many cells as we count, and nothing of it reaches the terminal as a command. */

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { openEmulator, settled, textOf } from '../test/emulator.ts';
import { endOf, fitText, safe, safeLines, shortId, startOf, widthOf, wrapText } from './text.ts';

/** Any text, and more of what is dangerous than chance brings. */
const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme-ascii' }),
      fc.constantFrom(
        '\x1b[31m',
        '\x1b]8;;http://x\x07',
        '\x9b2J',
        '界',
        '👩‍👩‍👧',
        '🇩🇪',
        'é',
        '1\uFE0F\u20E3',
        '\u202E',
        '\uD800',
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));
const anyWidth = fc.integer({ min: 2, max: 40 });
const DANGER = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/u;

describe('safe', () => {
  test('lets no control character through, whatever comes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(safe(text)).not.toMatch(DANGER);
        expect(safe(safe(text))).toBe(safe(text));
      }),
    );
  });

  test('shows what was hidden, and drops colours and links', () => {
    expect(safe('\x1b[31mred\x1b[0m \x1b]8;;http://x\x07link\x1b]8;;\x07')).toBe('red link');
    expect(safe('a\nb\rc\td\x00e\x85')).toBe('a\\nb\\rc  d\\x00e\\x85');
    expect(safe('\u202Eevil\u200D')).toBe('evil');
    expect(safe('👩‍👩‍👧 ⚡ ❤️ 🇩🇪')).toBe('??? ? ? ??');
    expect(safe('Zoë 界')).toBe('Zoë 界');
    expect(safeLines('a\r\nb\x07\rc')).toEqual(['a', 'b\\x07', 'c']);
  });

  test('a terminal agrees about the width of latin, greek, cyrillic, CJK and hangul', async () => {
    const letters = fc.oneof(
      fc.integer({ min: 0x20, max: 0x24f }),
      fc.integer({ min: 0x370, max: 0x52f }),
      fc.integer({ min: 0x3041, max: 0x30ff }),
      fc.integer({ min: 0x4e00, max: 0x9fff }),
      fc.integer({ min: 0xac00, max: 0xd7a3 }),
      fc.integer({ min: 0x1f300, max: 0x1faff }),
    );
    // Accents belong to a letter, and an emulator loses those that have none.
    const text = fc
      .array(letters, { maxLength: 30 })
      .map((codes) => safe(String.fromCodePoint(...codes)).replaceAll(/\p{M}/gu, ''));
    await fc.assert(
      fc.asyncProperty(text, async (shown) => {
        const terminal = openEmulator({ columns: 200, rows: 1 });
        terminal.write(shown);
        await settled(terminal);
        expect(textOf(terminal).trimEnd()).toBe(shown.trimEnd());
        expect(terminal.buffer.active.cursorX).toBe(widthOf(shown));
      }),
      { numRuns: 60 },
    );
  });
});

describe('fitText', () => {
  test('is exactly as wide as asked, and the text itself where it fits', () => {
    fc.assert(
      fc.property(anyText, anyWidth, fc.constantFrom('left', 'right'), (raw, width, align) => {
        const text = safe(raw);
        const fitted = fitText(text, width, align);
        expect(widthOf(fitted)).toBe(width);
        if (widthOf(text) <= width) expect(fitted.trim()).toBe(text.trim());
        else expect(fitted).toEndWith('…');
      }),
    );
  });

  test('a wide character at the edge leaves a blank instead of half of it', () => {
    expect(fitText('界界界', 5)).toBe('界界…');
    expect(fitText('界界界', 4)).toBe('界 …');
    expect(fitText('a界界', 3)).toBe('a …');
    expect(fitText('界', 1)).toBe('…');
    expect(fitText('abc', 5, 'right')).toBe('  abc');
    expect(fitText('abc', 0)).toBe('');
  });
});

test('a start and an end fit, and are a start and an end', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 40 }), (raw, width) => {
      const text = safe(raw);
      for (const part of [startOf(text, width), endOf(text, width)]) {
        expect(widthOf(part)).toBeLessThanOrEqual(width);
      }
      expect(text.startsWith(startOf(text, width))).toBe(true);
      expect(text.endsWith(endOf(text, width))).toBe(true);
    }),
  );
});

describe('wrapText', () => {
  test('no line is wider, and no letter is lost', () => {
    fc.assert(
      fc.property(anyText, anyWidth, (raw, width) => {
        const text = safe(raw);
        const lines = wrapText(text, width);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        expect(lines.join('').replaceAll(/\s/g, '')).toBe(text.replaceAll(/\s/g, ''));
      }),
    );
  });

  test('breaks between words, and long words where they must', () => {
    expect(wrapText('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrapText('', 3)).toEqual(['']);
    expect(wrapText('a', 0)).toEqual([]);
  });
});

test('a short id keeps both ends', () => {
  expect(shortId('00000007aabbccdde1f8a6')).toBe('0000000…de1f8a6');
  expect(shortId('abcdef', 6)).toBe('abcdef');
  expect(shortId('abcdef', 3)).toBe('a…f');
  expect(shortId('abcdef', 1)).toBe('…');
});
