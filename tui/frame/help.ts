/** All keys that work here, and why some do not. */

import type { Action } from '../actions/action.ts';
import { whyNot } from '../actions/why-not.ts';
import { span, type Line } from '../look/span.ts';
import { fitText } from '../look/text.ts';
import { roomOf } from '../rooms/rooms.ts';
import type { State } from '../state/state.ts';
import { keyName } from './footer.ts';
import { commandOf } from './palette.ts';

export function helpLines(actions: readonly Action[], state: State): Line[] {
  const room = roomOf(state);
  const titles: readonly [string, string][] = [
    [room.name, room.title],
    ['list', 'Lists'],
    ['everywhere', 'Everywhere'],
  ];
  return titles.flatMap(([place, title]) => {
    const here = actions.filter((action) => action.place === place);
    if (here.length === 0) return [];
    return [[span(title, 'accent', { bold: true })], ...here.map((action) => actionLine(action, state)), []];
  });
}

function actionLine(action: Action, state: State): Line {
  const reason = whyNot(action, state);
  const keys = action.keys.map(keyName).join(' ');
  return [
    span(`  ${fitText(keys, 20)} `, reason === null ? 'accent' : 'dim'),
    span(action.title, reason === null ? undefined : 'dim'),
    span(`  :${commandOf(action)}`, 'dim'),
    ...(reason === null ? [] : [span(`  ${reason}`, 'warn')]),
  ];
}
