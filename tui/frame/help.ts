/** All keys that work here, and why some do not. */

import type { Action } from '../actions/action.ts';
import { whyNot } from '../actions/why-not.ts';
import { GLYPHS } from '../look/look.ts';
import { span, wrapLine, type Line } from '../look/span.ts';
import { fitText } from '../look/text.ts';
import { roomOf } from '../rooms/rooms.ts';
import type { State } from '../state/state.ts';
import { keyName } from './footer.ts';
import { commandOf } from './palette.ts';

/** As wide as the box of the help likes to be. */
export const HELP_WIDTH = 100;
/** Its frame, and the footer below it. */
const [FRAME_COLUMNS, FRAME_ROWS] = [4, 3];

export interface HelpWindow {
  readonly lines: readonly Line[];
  /** Whether there is more than fits. */
  readonly isLong: boolean;
  readonly first: number;
  /** The highest that `first` can be. */
  readonly last: number;
}

/** The lines that are seen. */
export function helpWindow(actions: readonly Action[], state: State): HelpWindow {
  const all = helpLines(actions, state, Math.min(state.columns, HELP_WIDTH) - FRAME_COLUMNS);
  const height = state.rows - FRAME_ROWS;
  const last = Math.max(0, all.length - height);
  const first = Math.min(state.helpTop ?? 0, last);
  return { lines: all.slice(first, first + height), isLong: last > 0, first, last };
}

export function helpLines(actions: readonly Action[], state: State, width: number): Line[] {
  const room = roomOf(state);
  const titles: readonly [string, string][] = [
    [room.name, room.title],
    ['list', 'Lists'],
    ['everywhere', 'Everywhere'],
  ];
  // A reason of many is told once: that this is read-only, say.
  const reasons = actions.map((action) => whyNot(action, state)).filter((reason) => reason !== null);
  const shared = new Set(reasons.filter((reason, index) => reasons.indexOf(reason) !== index));
  const above = [...shared].flatMap((reason) => wrapLine([span(`${GLYPHS.no} ${reason}`, 'warn')], width));
  const below = titles.flatMap(([place, title]) => {
    const here = actions.filter((action) => action.place === place);
    if (here.length === 0) return [];
    const lines = here.flatMap((action) => actionLines(action, state, width, shared));
    return [[span(title, 'accent', { bold: true })], ...lines, []];
  });
  return [...above, ...(above.length > 0 ? [[]] : []), ...below];
}

function actionLines(action: Action, state: State, width: number, shared: ReadonlySet<string>): Line[] {
  const reason = whyNot(action, state);
  const keysWidth = width < 60 ? 10 : 20;
  const keys = `  ${fitText(action.keys.map(keyName).join(' '), keysWidth)} `;
  const said: Line = [
    span(action.title, reason === null ? undefined : 'dim'),
    span(`  :${commandOf(action)}`, 'dim'),
    ...(reason === null ? [] : [span(shared.has(reason) ? `  ${GLYPHS.no}` : `  ${reason}`, 'warn')]),
  ];
  return wrapLine(said, width - keys.length).map((line, index) => [
    span(index === 0 ? keys : ' '.repeat(keys.length), reason === null ? 'accent' : 'dim'),
    ...line,
  ]);
}
