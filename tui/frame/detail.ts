/** The details of the selected row: how many of their lines are seen, and from which on. */

import type { Line } from '../look/span.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import type { Layout } from './layout.ts';

export interface Detail {
  readonly lines: readonly Line[];
  /** How many of the lines are seen at once. */
  readonly height: number;
  /** The first of them. */
  readonly top: number;
  /** The first of them when the last line is seen. */
  readonly lastTop: number;
}

/** Null while no details are shown. */
export function detailOf(frame: Frame, view: View<unknown>, layout: Layout): Detail | null {
  const { detail, list, shown, window } = layout;
  if (detail === null) return null;
  const row = shown.rows[window.selected];
  const lines = row === undefined ? [] : view.detail(frame, row, detail.width - 2);
  // A rule stands between a list and what is below it.
  const height = detail.at === 'below' && list !== null ? detail.height - 1 : detail.height;
  const lastTop = Math.max(0, lines.length - height);
  return { lines, height, top: Math.min(frame.state.detailTop, lastTop), lastTop };
}
