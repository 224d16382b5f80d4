/** Ink hands over what arrived together ("jjj", "gpu\r"); this makes single presses of it. */

import type { Key } from 'ink';

export interface Press {
  /** 'j', 'G', 'enter', 'ctrl+p', 'alt+x', 'shift+tab'. Only named keys say shift: a capital letter is itself. */
  readonly name: string;
  /** What a text field adds: '' for keys that are no text. */
  readonly text: string;
}

const NAMED = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
] as const satisfies readonly (readonly [keyof Key, string])[];

/** As they come inside a batch, where Ink names nothing. */
const CONTROL_NAMES = new Map([
  ['\r', 'enter'],
  ['\n', 'enter'],
  ['\r\n', 'enter'],
  ['\t', 'tab'],
  ['\b', 'backspace'],
  ['\x7f', 'backspace'],
  ['\0', 'ctrl+space'],
]);

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The arguments of Ink's `useInput`. Keys that Ink cannot name (F1 to F12) are no press. */
export function presses(input: string, key: Key): Press[] {
  if (key.eventType === 'release') return [];
  const named = NAMED.find(([field]) => key[field])?.[1];
  if (named) return [{ name: modifiers(key, named) + named, text: '' }];
  return Array.from(graphemes.segment(input), ({ segment }) => press(segment, key));
}

function press(grapheme: string, key: Key): Press {
  const control = CONTROL_NAMES.get(grapheme);
  if (control) return { name: control, text: '' };
  if (grapheme < ' ') return { name: `ctrl+${String.fromCharCode(grapheme.charCodeAt(0) + 96)}`, text: '' };
  const isText = !key.ctrl && !key.meta;
  const letter = key.ctrl ? grapheme.toLowerCase() : grapheme;
  const name = letter === ' ' ? 'space' : letter;
  return { name: `${key.ctrl ? 'ctrl+' : ''}${key.meta ? 'alt+' : ''}${name}`, text: isText ? grapheme : '' };
}

function modifiers(key: Key, named: string): string {
  // Two quick presses of escape arrive as alt+escape.
  const isAlt = key.meta && named !== 'escape';
  return `${key.ctrl ? 'ctrl+' : ''}${isAlt ? 'alt+' : ''}${key.shift ? 'shift+' : ''}`;
}
