/** Where what goes on the screen. */

import { windowOf, type Window } from '../list/list-state.ts';
import { shownRows, type Shown } from '../list/shown-rows.ts';
import type { Line } from '../look/span.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { listOf } from '../state/state.ts';

/** Header, tabs, the line of filter and messages, footer. */
export const CHROME_ROWS = 4;
/** A list beside its detail needs this much, else the detail goes below. */
const BESIDE_COLUMNS_MIN = 110;
/** What can be worked in; smaller, and the terminal says so instead. */
export const COLUMNS_MIN = 40;
export const ROWS_MIN = 8;

export interface Area {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly above: readonly Line[];
  readonly list: Area | null;
  readonly detail: (Area & { readonly at: 'right' | 'below' }) | null;
  /** Cards where there is room for them, else lines of columns. */
  readonly isOfCards: boolean;
  /** How many rows of the list are seen at once. */
  readonly pageRows: number;
  readonly shown: Shown;
  readonly window: Window;
}

export function layoutOf(frame: Frame, view: View<unknown>): Layout {
  const { columns, rows, details, room } = frame.state;
  const size = details[room];
  const height = Math.max(1, rows - CHROME_ROWS);
  const shown = shownRows(frame.state, view);
  if (size === 'full' && shown.rows.length > 0) {
    const detail = { width: columns, height, at: 'below' } as const;
    return withWindow(frame, { above: [], list: null, detail, isOfCards: false, shown }, height);
  }
  const isBeside = size === 'beside' && columns >= BESIDE_COLUMNS_MIN;
  const detailHeight = size !== 'beside' || isBeside ? 0 : Math.floor(height / 2);
  const width = isBeside ? Math.floor(columns * 0.55) : columns;
  const above = (view.above?.(frame, width) ?? []).slice(0, Math.floor(height / 3));
  const listHeight = height - detailHeight - above.length;
  const isOfCards = view.card !== undefined && listHeight >= 2 * view.card.height;
  const detail =
    size !== 'beside'
      ? null
      : isBeside
        ? ({ width: columns - width, height, at: 'right' } as const)
        : ({ width: columns, height: detailHeight, at: 'below' } as const);
  const pageRows = isOfCards ? Math.floor(listHeight / (view.card?.height ?? 1)) : listHeight - 1;
  return withWindow(
    frame,
    { above, list: { width, height: listHeight }, detail, isOfCards, shown },
    Math.max(1, pageRows),
  );
}

function withWindow(frame: Frame, layout: Omit<Layout, 'pageRows' | 'window'>, pageRows: number): Layout {
  return { ...layout, pageRows, window: windowOf(listOf(frame.state), layout.shown.ids, pageRows) };
}
