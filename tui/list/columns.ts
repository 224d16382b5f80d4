/** Rows as lines. Put what is steady left and what ticks right: the terminal is sent a line from its first change on. */

import { GLYPHS } from '../look/look.ts';
import { fitLine, lineWidth, span, type Line, type Span } from '../look/span.ts';
import { cutTo, widthOf } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import type { Sort } from './list-state.ts';

export interface Column<Row> {
  /** As in filters and sorts: `deadline`. */
  readonly name: string;
  readonly title: string;
  readonly width: number;
  /** How much of the room that is left it takes, beside the others that grow. */
  readonly grows?: number;
  readonly align?: 'left' | 'right';
  /** Columns of the highest number go first when the screen is narrow; 0 always stays. */
  readonly priority: number;
  cell(row: Row, frame: Frame, width: number): string | Span | Line;
  /** What it is sorted by; without it the column cannot be sorted. */
  sortBy?(row: Row): number | string;
}

export interface Laid<Row> {
  readonly column: Column<Row>;
  readonly width: number;
}

const GAP = 2;

/** Which columns fit, and how wide each is. */
export function layColumns<Row>(columns: readonly Column<Row>[], width: number): Laid<Row>[] {
  const priorities = [...new Set(columns.map(({ priority }) => priority))].toSorted((a, b) => b - a);
  let kept = columns;
  for (const priority of priorities) {
    if (priority === 0 || neededBy(kept) <= width) break;
    kept = kept.filter((column) => column.priority < priority);
  }
  const free = Math.max(0, width - neededBy(kept));
  const shares = kept.reduce((sum, { grows = 0 }) => sum + grows, 0);
  return kept.map((column) => ({
    column,
    width: column.width + (shares === 0 ? 0 : Math.floor((free * (column.grows ?? 0)) / shares)),
  }));
}

function neededBy(columns: readonly Column<never>[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

export function headerLine<Row>(laid: readonly Laid<Row>[], sort: Sort | null): Line {
  return join(laid, ({ column, width }) => {
    if (sort?.column !== column.name) return aligned([span(column.title, 'dim')], width, column.align);
    const arrow = ` ${sort.isDescending ? GLYPHS.down : GLYPHS.up}`;
    return aligned(
      [span(cutTo(column.title, width - widthOf(arrow)) + arrow, 'accent')],
      width,
      column.align,
    );
  });
}

export function rowLine<Row>(laid: readonly Laid<Row>[], row: Row, frame: Frame): Line {
  return join(laid, ({ column, width }) => {
    const cell = column.cell(row, frame, width);
    const line: Line = typeof cell === 'string' ? [{ text: cell }] : 'text' in cell ? [cell] : cell;
    return aligned(line, width, column.align);
  });
}

function join<Row>(laid: readonly Laid<Row>[], cellOf: (column: Laid<Row>) => Line): Line {
  return laid.flatMap((column, index) => [
    ...(index === 0 ? [] : [{ text: ' '.repeat(GAP) }]),
    ...cellOf(column),
  ]);
}

function aligned(line: Line, width: number, align: 'left' | 'right' = 'left'): Line {
  const wanted = lineWidth(line);
  if (align === 'left' || wanted >= width) return fitLine(line, width);
  return [{ text: ' '.repeat(width - wanted) }, ...line];
}
