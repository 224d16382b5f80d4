/** What clicks and the wheel do: they move in the list, and go to tabs. */

import { press } from '../actions/dispatch.ts';
import type { Desk } from '../desk.ts';
import { selectAt } from '../list/list-state.ts';
import { textOf } from '../look/span.ts';
import { ROOMS, viewOf } from '../rooms/rooms.ts';
import { listOf, withList, withRoom, type RoomName } from '../state/state.ts';
import type { MouseEvent } from '../terminal/tty-in.ts';
import { tabsLine } from './header.ts';
import { layoutOf } from './layout.ts';

const WHEEL_ROWS = 3;
const TABS_ROW = 1;
const BODY_ROW = 2;

export function click(desk: Desk, { kind, column, row }: MouseEvent): void {
  if (desk.store.get().dialog !== null) return;
  if (kind !== 'press') {
    const name = kind === 'wheel-up' ? 'up' : 'down';
    for (let step = 0; step < WHEEL_ROWS; step++) press(desk, { name, text: '' });
    return;
  }
  if (row === TABS_ROW) goToTab(desk, column);
  else if (row >= BODY_ROW) selectRow(desk, column, row - BODY_ROW);
}

function goToTab(desk: Desk, column: number): void {
  const state = desk.store.get();
  const line = textOf(tabsLine(state, state.columns));
  // Each tab begins with its number: the last one that begins before the click.
  const before = ROOMS.map(({ name }, index) => ({ name, at: line.indexOf(` ${index + 1} `) }));
  const hit: RoomName | undefined = before.findLast(({ at }) => at !== -1 && at <= column)?.name;
  if (hit === undefined) return;
  desk.store.set((now) => withRoom(now, hit));
  desk.reload();
}

function selectRow(desk: Desk, column: number, row: number): void {
  const frame = desk.frame();
  const view = viewOf(frame.state);
  const layout = layoutOf(frame, view);
  const { list, above, isOfCards, window, shown, pageRows } = layout;
  if (list === null || column >= list.width || row >= list.height + above.length) return;
  const line = row - above.length - (isOfCards ? 0 : 1);
  if (line < 0) return;
  const index = window.first + Math.floor(line / (isOfCards ? (view.card?.height ?? 1) : 1));
  if (index >= window.end) return;
  desk.store.set((state) => withList(state, selectAt(listOf(state), shown.ids, index, pageRows)));
}
