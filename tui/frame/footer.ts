/** What can be done here, as much of it as fits. */

import type { Action } from '../actions/action.ts';
import { whyNot } from '../actions/why-not.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, lineWidth, span, type Line } from '../look/span.ts';
import type { State } from '../state/state.ts';

export function keyName(key: string): string {
  const names: Readonly<Record<string, string>> = {
    escape: 'esc',
    pagedown: 'pgdn',
    pageup: 'pgup',
    up: '↑',
    down: '↓',
    left: '←',
    right: '→',
  };
  return names[key] ?? key;
}

/** What cannot be done now is dimmed: its key says why. The way to the help is always there. */
export function footerLine(actions: readonly Action[], state: State, width: number): Line {
  const hinted = actions.filter(({ hint }) => hint !== undefined);
  const help = hinted.find(({ id }) => id === 'help');
  const last = help === undefined ? [] : hintOf(help, state);
  const others = hinted.filter((action) => action !== help);
  // Where not all fit, those that can be done now are worth more.
  const ranked = others.toSorted((one, other) => Number(isOut(one, state)) - Number(isOut(other, state)));
  const pieces = ranked.map((action) => hintOf(action, state));
  const line = asManyAsFit(pieces, width - lineWidth(last) - 3);
  return [
    { text: ' ' },
    ...line,
    ...(last.length === 0 || line.length === 0 ? [] : [{ text: '  ' }]),
    ...last,
  ];
}

function isOut(action: Action, state: State): boolean {
  return whyNot(action, state) !== null;
}

function hintOf(action: Action, state: State): Line {
  const key = keyName(action.keys[0] ?? '');
  if (isOut(action, state)) return [span(`${key} ${action.hint ?? ''} ${GLYPHS.no}`, 'dim')];
  return [span(key, 'accent'), span(` ${action.hint ?? ''}`)];
}
