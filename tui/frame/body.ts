/** A list, and beside or below it the detail of its selected row. */

import { headerLine, layColumns, rowLine } from '../list/columns.ts';
import { GLYPHS } from '../look/look.ts';
import { dimmed, fitLine, span, wrapLine, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { areRowsFresh, listOf } from '../state/state.ts';
import { detailOf, type Detail } from './detail.ts';
import type { Area, Layout } from './layout.ts';

/** At most as many as the layout has room for. */
export function bodyLines(frame: Frame, view: View<unknown>, layout: Layout): Line[] {
  const { list, detail: area, above } = layout;
  const detail = detailOf(frame, view, layout);
  const shade = areRowsFresh(frame.state, frame.localMs) ? (line: Line) => line : dimmed;
  const left =
    list === null
      ? []
      : sized([...above, ...linesOfList(frame, view, layout, list)], list.height + above.length);
  if (detail === null || area === null) return left.map(shade);
  const right = sized(linesOfDetail(detail, area, list === null), area.height);
  if (list === null || area.at === 'below') return [...left, ...right].map(shade);
  return right.map((line, row) => shade([...fitLine(left[row] ?? [], list.width), ...line]));
}

function sized(lines: readonly Line[], height: number): Line[] {
  return Array.from({ length: height }, (_, row) => lines[row] ?? []);
}

function linesOfList(frame: Frame, view: View<unknown>, layout: Layout, { width }: Area): Line[] {
  const { shown, window, isOfCards } = layout;
  if (shown.rows.length === 0) return emptyLines(frame, view, shown.total, width);
  const rows = shown.rows.slice(window.first, window.end);
  const { marks, sort } = listOf(frame.state);
  const pointerOf = (index: number): Line => {
    const isSelected = window.first + index === window.selected;
    const isMarked = marks.has(shown.ids[window.first + index] ?? '');
    return [span(isSelected ? GLYPHS.pointer : ' ', 'accent'), span(isMarked ? GLYPHS.mark : ' ', 'accent')];
  };
  if (isOfCards && view.card !== undefined) {
    const { card } = view;
    return rows.flatMap((row, index) => {
      const lines = card.lines(frame, row, width - 2).slice(0, card.height);
      const filled = [...lines, ...Array.from({ length: card.height - lines.length }, (): Line => [])];
      return filled.map((line): Line => [...pointerOf(index), ...line]);
    });
  }
  const laid = layColumns(view.columns, width - 3);
  const title: Line = [span('  '), ...headerLine(laid, sort)];
  return [
    title,
    ...rows.map((row, index): Line =>
      emphasise(
        [...pointerOf(index), ...rowLine(laid, row, frame)],
        window.first + index === window.selected,
      ),
    ),
  ];
}

/** The selected row is bold too: a pointer alone is easily lost on a wide screen. */
function emphasise(line: Line, isSelected: boolean): Line {
  return isSelected ? line.map((piece) => ({ ...piece, bold: true })) : line;
}

function emptyLines(frame: Frame, view: View<unknown>, total: number, width: number): Line[] {
  const says =
    total > 0 ? `None of ${total} rows matches the filter. Escape clears it.` : safe(view.empty(frame.state));
  return [[], ...wrapLine([span(says, 'dim')], width - 4).map((line) => [span('  '), ...line])];
}

function linesOfDetail(detail: Detail, area: NonNullable<Layout['detail']>, isWhole: boolean): Line[] {
  const { lines, height, top } = detail;
  const shown = Array.from({ length: height }, (_, index): Line => lines[top + index] ?? []);
  const more = lines.length - top - height;
  const how = isWhole ? 'j and k scroll' : 'J and K scroll, f fills the screen';
  if (more > 0) shown[height - 1] = [span(`${GLYPHS.down} ${more + 1} more lines, ${how}`, 'dim')];
  if (area.at === 'right') return shown.map((line): Line => [span(`${GLYPHS.bar} `, 'dim'), ...line]);
  const indented = shown.map((line): Line => [span(' '), ...line]);
  return isWhole ? indented : [[span(GLYPHS.rule.repeat(area.width), 'dim')], ...indented];
}
