/** What clicks and the wheel do: they move in the list, and go to tabs. */

import { press } from '../actions/dispatch.ts';
import type { Desk } from '../desk.ts';
import { selectAt } from '../list/list-state.ts';
import { lineWidth } from '../look/span.ts';
import { viewOf } from '../rooms/rooms.ts';
import { listOf, withList, withRoom } from '../state/state.ts';
import type { MouseEvent } from '../terminal/tty-in.ts';
import { tabLines } from './header.ts';
import { layoutOf } from './layout.ts';

const WHEEL_ROWS = 3;
const TABS_ROW = 1;
const BODY_ROW = 2;

export function click(desk: Desk, { kind, column, row }: MouseEvent): void {
  const { dialog, helpTop, palette } = desk.store.get();
  // A question is answered by keys: nobody answers one by a wheel that was still turning.
  if (dialog !== null) return;
  if (kind !== 'press') {
    const name = kind === 'wheel-up' ? 'up' : 'down';
    for (let step = 0; step < WHEEL_ROWS; step += 1) press(desk, { name, text: '' });
    return;
  }
  // What is behind a box is not what is clicked on.
  if (helpTop !== null || palette !== null) return;
  if (row === TABS_ROW) goToTab(desk, column);
  else if (row >= BODY_ROW) selectRow(desk, column, row - BODY_ROW);
}

function goToTab(desk: Desk, column: number): void {
  const state = desk.store.get();
  let end = 0;
  const hit = tabLines(state, state.columns).find(({ line }) => column < (end += lineWidth(line)));
  if (hit === undefined) return;
  desk.store.set((now) => withRoom(now, hit.name));
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
  desk.store.set((state) => ({
    ...withList(state, selectAt(listOf(state), shown.ids, index, pageRows)),
    detailTop: 0,
  }));
}
