/** A list, and beside or below it the detail of its selected row. */

import { Box } from 'ink';
import { headerLine, layColumns, rowLine } from '../list/columns.ts';
import { Lines } from '../look/line-text.tsx';
import { GLYPHS } from '../look/look.ts';
import { dimmed, span, type Line } from '../look/span.ts';
import type { View } from '../rooms/room.ts';
import type { Frame } from '../state/frames.ts';
import { isFresh, listOf } from '../state/state.ts';
import type { Area, Layout } from './layout.ts';

interface BodyProps {
  readonly frame: Frame;
  readonly view: View<unknown>;
  readonly layout: Layout;
}

export function Body({ frame, view, layout }: BodyProps) {
  const { list, detail } = layout;
  const shade = isFresh(frame.state, frame.localMs) ? (line: Line) => line : dimmed;
  const listLines = list === null ? [] : [...layout.above, ...linesOfList(frame, view, layout, list)];
  const isRight = detail?.at === 'right';
  return (
    <Box flexDirection={isRight ? 'row' : 'column'}>
      {list !== null && (
        <Lines lines={listLines.map(shade)} width={list.width} height={list.height + layout.above.length} />
      )}
      {detail !== null && (
        <Lines
          lines={linesOfDetail(frame, view, layout, detail).map(shade)}
          width={detail.width}
          height={detail.height}
        />
      )}
    </Box>
  );
}

function linesOfList(frame: Frame, view: View<unknown>, layout: Layout, { width }: Area): Line[] {
  const { shown, window, isOfCards } = layout;
  if (shown.rows.length === 0) return emptyLines(frame, view, shown.total);
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

function emptyLines(frame: Frame, view: View<unknown>, total: number): Line[] {
  const says =
    total > 0 ? `None of ${total} rows matches the filter. Escape clears it.` : view.empty(frame.state);
  return [[], [span(`  ${says}`, 'dim')]];
}

function linesOfDetail(
  frame: Frame,
  view: View<unknown>,
  layout: Layout,
  area: NonNullable<Layout['detail']>,
): Line[] {
  const row = layout.shown.rows[layout.window.selected];
  const isRight = area.at === 'right';
  const width = area.width - 2;
  const lines = row === undefined ? [] : view.detail(frame, row, width);
  const height = isRight || layout.list === null ? area.height : area.height - 1;
  const top = Math.min(frame.state.detailTop, Math.max(0, lines.length - height));
  const shown = Array.from({ length: height }, (_, index): Line => lines[top + index] ?? []);
  const more = lines.length - top - height;
  if (more > 0)
    shown[height - 1] = [
      span(`${GLYPHS.down} ${more + 1} more lines, J and K scroll, f fills the screen`, 'dim'),
    ];
  if (isRight) return shown.map((line): Line => [span(`${GLYPHS.bar} `, 'dim'), ...line]);
  if (layout.list === null) return shown.map((line): Line => [span(' '), ...line]);
  return [[span(GLYPHS.rule.repeat(area.width), 'dim')], ...shown.map((line): Line => [span(' '), ...line])];
}
