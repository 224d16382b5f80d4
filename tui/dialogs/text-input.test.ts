import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { lineWidth, textOf } from '../look/span.ts';
import { edit, inputLine, insert, NO_TEXT, textInput, type TextInput } from './text-input.ts';

const KEYS = 'backspace ctrl+h delete left right home ctrl+a end ctrl+e ctrl+u ctrl+k ctrl+w'.split(' ');
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('é', '界界', '👩‍👩‍👧', 'a\nb', 'x y'),
);
const anyStep = fc.oneof(
  fc.constantFrom(...KEYS).map((key) => (input: TextInput) => edit(input, key) ?? input),
  anyText.map((text) => (input: TextInput) => insert(input, text)),
);

const press = (input: TextInput, ...keys: string[]) =>
  keys.reduce((now, key) => edit(now, key) ?? insert(now, key), input);

describe('a line that is typed', () => {
  test('always has its cursor in it, and never a control character', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), fc.integer({ min: 2, max: 30 }), (steps, width) => {
        const input = steps.reduce((now, step) => step(now), NO_TEXT);
        expect(input.cursor).toBeGreaterThanOrEqual(0);
        expect(input.cursor).toBeLessThanOrEqual(input.text.length);
        expect(input.text).not.toMatch(/\p{Cc}/u);
        const line = inputLine(input, width);
        expect(lineWidth(line)).toBeLessThanOrEqual(width);
        expect(line.filter(({ inverse }) => inverse === true)).toHaveLength(1);
      }),
    );
  });

  test('is what is typed, whatever is typed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(press(NO_TEXT, ...Array.from(text))).toEqual(textInput(text));
      }),
    );
  });

  test('loses whole characters, also those of several code points', () => {
    expect(press(textInput('a👩‍👩‍👧'), 'backspace')).toEqual(textInput('a'));
    expect(press(textInput('a👩‍👩‍👧'), 'home', 'right', 'delete')).toEqual({ text: 'a', cursor: 1 });
    expect(press(NO_TEXT, 'backspace', 'delete', 'left', 'right')).toEqual(NO_TEXT);
  });

  test('is edited as in a shell', () => {
    expect(press(textInput('state:held lamp'), 'ctrl+w')).toEqual(textInput('state:held '));
    expect(press(textInput('state:held '), 'ctrl+w')).toEqual(NO_TEXT);
    expect(press(textInput('abc'), 'left', 'ctrl+k')).toEqual(textInput('ab'));
    expect(press(textInput('abc'), 'left', 'ctrl+u')).toEqual({ text: 'c', cursor: 0 });
    expect(press(textInput('bc'), 'ctrl+a', 'a', 'ctrl+e', 'd')).toEqual(textInput('abcd'));
    expect(edit(textInput('a'), 'x')).toBeNull();
  });

  test('takes pasted lines as one', () => {
    expect(insert(NO_TEXT, 'a\r\nb\x1b[31m\tc')).toEqual(textInput('a b[31m c'));
  });

  test('shows where the cursor is, however long it is', () => {
    const long = textInput('0123456789'.repeat(4));
    expect(textOf(inputLine(long, 10))).toBe('…23456789 ');
    expect(textOf(inputLine({ ...long, cursor: 0 }, 10))).toBe('012345678…');
    expect(textOf(inputLine({ ...long, cursor: 20 }, 10))).toBe('…56789012…');
  });
});
