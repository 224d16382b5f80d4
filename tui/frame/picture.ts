/** The whole screen as lines, from one frame. A pure function: any moment can be drawn again from nothing. */

import { actionsOf } from '../actions/dispatch.ts';
import { dialogLines } from '../dialogs/dialog-lines.ts';
import { cutLine, sameLine, span, wrapLine, type Line } from '../look/span.ts';
import { viewOf } from '../rooms/rooms.ts';
import type { Frame } from '../state/frames.ts';
import type { State } from '../state/state.ts';
import { bodyLines } from './body.ts';
import { footerLine } from './footer.ts';
import { headerLine, tabsLine } from './header.ts';
import { HELP_WIDTH, helpWindow } from './help.ts';
import { CHROME_ROWS, COLUMNS_MIN, layoutOf, ROWS_MIN } from './layout.ts';
import { boxOf, type Box } from './box.ts';
import { PALETTE_ROWS, PALETTE_WIDTH, paletteLines } from './palette.ts';
import { statusLine } from './status.ts';

export interface Picture {
  readonly columns: number;
  /** As many as the screen has rows. */
  readonly lines: readonly Line[];
}

export function pictureOf(frame: Frame): Picture {
  const { state } = frame;
  const { columns, rows } = state;
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) return { columns, lines: tooSmall(state) };
  const view = viewOf(state);
  const layout = layoutOf(frame, view);
  const lines = [
    headerLine(frame, columns),
    tabsLine(state, columns),
    ...filled(bodyLines(frame, view, layout), rows - CHROME_ROWS),
    statusLine(frame, view, layout, columns),
    footerLine(actionsOf(state), state, columns),
  ];
  const box = boxOver(frame);
  return { columns, lines: box === null ? lines : withBox(lines, box, columns) };
}

function tooSmall({ columns, rows }: State): Line[] {
  const says = `${columns}x${rows} is too small: at least ${COLUMNS_MIN}x${ROWS_MIN}, please.`;
  return filled(wrapLine([span(says, 'warn')], columns), rows);
}

function filled(lines: readonly Line[], rows: number): Line[] {
  return Array.from({ length: Math.max(0, rows) }, (_, row) => lines[row] ?? []);
}

/** The question, the help or the palette, where one is open. The footer says how to leave it, so it stays seen. */
function boxOver({ state, localMs }: Frame): Box | null {
  const { dialog, palette, helpTop } = state;
  const area = { columns: state.columns, rows: state.rows - 1 };
  if (dialog !== null) {
    const lines = (width: number, height: number) => dialogLines(dialog, { width, height }, localMs);
    return boxOf({ title: dialog.title, wish: DIALOG_WIDTH, lines }, area);
  }
  if (helpTop !== null) {
    const { lines, isLong } = helpWindow(actionsOf({ ...state, helpTop: null }), state);
    const title = isLong ? 'Keys (j and k move)' : 'Keys';
    return boxOf({ title, wish: HELP_WIDTH, lines: () => lines }, area);
  }
  if (palette === null) return null;
  const actions = actionsOf({ ...state, palette: null });
  const lines = (width: number, height: number) =>
    paletteLines(state, palette, actions, { width, height: Math.min(height, PALETTE_ROWS) });
  return boxOf({ title: 'Command', wish: PALETTE_WIDTH, lines }, area);
}

const DIALOG_WIDTH = 76;

function withBox(lines: readonly Line[], { left, top, width, lines: boxed }: Box, columns: number): Line[] {
  return lines.map((line, row) => {
    const over = boxed[row - top];
    if (over === undefined) return line;
    return [...cutLine(line, 0, left), ...over, ...cutLine(line, left + width, columns)];
  });
}

/** The one before as far as it is the same, so that nothing is drawn for nothing. */
export function settle(before: Picture | null, after: Picture): Picture {
  if (before === null) return after;
  const lines = after.lines.map((line, row) => {
    const was = before.lines[row];
    return was !== undefined && sameLine(was, line) ? was : line;
  });
  const isSame = after.columns === before.columns && lines.length === before.lines.length;
  return isSame && lines.every((line, row) => line === before.lines[row]) ? before : { ...after, lines };
}
