import { describe, expect, test } from 'bun:test';
import { Text, useInput } from 'ink';
import { mountScreen } from '../test/screen.tsx';
import { type Press, presses } from './presses.ts';

/** Through Ink itself: what it makes of these bytes is part of the question. */
async function pressed(bytes: string): Promise<Press[]> {
  const got: Press[] = [];
  function Keys() {
    useInput((input, key) => {
      got.push(...presses(input, key));
    });
    return <Text>{'.'}</Text>;
  }
  const screen = mountScreen(<Keys />, { columns: 20, rows: 3 });
  await screen.drawn();
  // A last key tells that all before it have arrived.
  screen.type(bytes);
  if (bytes.endsWith('\x1b')) await screen.waitFor(() => got.length > 0);
  screen.type('~');
  await screen.waitFor(() => got.at(-1)?.name.endsWith('~') === true);
  screen.unmount();
  return got.slice(0, -1);
}

const names = async (bytes: string): Promise<string[]> => (await pressed(bytes)).map(({ name }) => name);

describe('presses', () => {
  test('of a batch are single presses, in order', async () => {
    expect(await pressed('jj/GPu \r')).toEqual([
      { name: 'j', text: 'j' },
      { name: 'j', text: 'j' },
      { name: '/', text: '/' },
      { name: 'G', text: 'G' },
      { name: 'P', text: 'P' },
      { name: 'u', text: 'u' },
      { name: 'space', text: ' ' },
      { name: 'enter', text: '' },
    ]);
  });

  test('are graphemes, as people count letters', async () => {
    expect(await names('e\u0301👩‍👩‍👧ß')).toEqual(['e\u0301', '👩‍👩‍👧', 'ß']);
  });

  test('inside a batch, control keys keep their names', async () => {
    expect(await names('j\x10k\x7f\tl')).toEqual(['j', 'ctrl+p', 'k', 'backspace', 'tab', 'l']);
  });

  test.each([
    ['\r', 'enter'],
    ['\t', 'tab'],
    ['\x1b', 'escape'],
    ['\x7f', 'backspace'],
    ['\x1b[A', 'up'],
    ['\x1b[1;5D', 'ctrl+left'],
    ['\x1b[1;2B', 'shift+down'],
    ['\x1b[5~', 'pageup'],
    ['\x1b[6~', 'pagedown'],
    ['\x1b[H', 'home'],
    ['\x1b[F', 'end'],
    ['\x1b[3~', 'delete'],
    ['\x1b[Z', 'shift+tab'],
    [' ', 'space'],
    ['\x00', 'ctrl+space'],
    ['\x03', 'ctrl+c'],
    ['\x1a', 'ctrl+z'],
    ['\x1bx', 'alt+x'],
    ['\x1bG', 'alt+G'],
    ['\x1b[112;5u', 'ctrl+p'],
    ['\x1b[27u', 'escape'],
  ])('%j is %s', async (bytes, name) => {
    expect(await names(bytes)).toEqual([name]);
  });

  test('only text is text', async () => {
    expect((await pressed('\x03\x1bx\x1b[A\tä')).map(({ text }) => text).join('')).toBe('ä');
  });

  test('a key that Ink cannot name is none', async () => {
    expect(await names('\x1bOP')).toEqual([]);
  });
});
