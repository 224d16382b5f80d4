/** Lines over time, or areas upon each other, with their names below. */

import { across, drawAxes, figuresOf, plotHeight, plotIn, upwards, type Span } from './axes.ts';
import type { Field, Panel } from './board-json.ts';
import { classic, colourOf, FAINT } from './colours.ts';
import { fieldOf, ownColour, type Shown } from './field.ts';
import { rect, rounded, shape, text, widthOf, type Box } from './svg.ts';
import { written } from './units.ts';

const NAME_SIZE = 11;
const NAME_HEIGHT = 15;
/** Of the names: a low panel has room for one. */
const linesFor = ({ height }: Box) => (height < 100 ? 1 : 2);
const MARK = 14;

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly field: Field;
  readonly points: readonly Point[];
}

/** Drawn from `base` up to `value`: 0, or where the series below it ends. */
interface Point {
  readonly at: number;
  readonly value: number;
  readonly base: number;
}

export function drawTimeSeries(panel: Panel, shown: readonly Shown[], box: Box, time: Span): string {
  const lines = linesOf(panel, shown);
  const names = namesBelow(lines, box);
  const graph = { ...box, height: box.height - names.height };
  const { defaults } = panel.fieldConfig;
  const values = valuesOf(lines, defaults);
  const write = (value: number) => written(value, defaults.unit ?? 'none', defaults.decimals);
  const figures = figuresOf(values, plotHeight(graph), write);
  const plot = plotIn(
    graph,
    figures.map(({ words }) => words),
  );
  const toX = across(plot, time);
  const toY = upwards(plot, values);
  return [
    drawAxes(plot, time, figures),
    ...lines.map((line) => drawLine(line, toX, toY)),
    ...levelsOf(defaults)
      .filter(({ value }) => value > values.from && value < values.to)
      .map(({ value, colour }) =>
        shape('path', {
          d: `M${rounded(plot.x)} ${rounded(toY(value))}h${rounded(plot.width)}`,
          stroke: colour,
          'stroke-dasharray': '7 5',
          fill: 'none',
        }),
      ),
    names.drawn,
  ].join('');
}

function linesOf(panel: Panel, shown: readonly Shown[]): Line[] {
  const stack = new Map<number, number>();
  return shown.map(({ name, points }, index) => {
    const field = fieldOf(panel, name);
    const isStacked = field.custom?.stacking?.mode === 'normal';
    return {
      name,
      field,
      colour: ownColour(field) ?? classic(index),
      points: points.map(([at, value]) => {
        const base = isStacked ? (stack.get(at) ?? 0) : 0;
        if (isStacked) stack.set(at, base + value);
        return { at, base, value: base + value };
      }),
    };
  });
}

function valuesOf(lines: readonly Line[], { min, max, custom }: Field): Span {
  const all = lines.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  const from = min ?? Math.min(custom?.axisSoftMin ?? Infinity, ...all);
  const to = max ?? Math.max(...all) * 1.04;
  // What is 0 all the time has its line at the bottom.
  return Number.isFinite(from) && to > from ? { from, to } : { from: 0, to: 1 };
}

function drawLine(
  { colour, field, points }: Line,
  toX: (at: number) => number,
  toY: (value: number) => number,
) {
  const { fillOpacity = 0, lineStyle } = field.custom ?? {};
  const path = (value: (point: Point) => number, all: readonly Point[]) =>
    all.map((point) => `${rounded(toX(point.at))} ${rounded(toY(value(point)))}`).join('L');
  const top = path(({ value }) => value, points);
  if (top === '') return '';
  const area = `M${top}L${path(({ base }) => base, points.toReversed())}Z`;
  return [
    fillOpacity === 0 ? '' : shape('path', { d: area, fill: colour, 'fill-opacity': fillOpacity / 100 }),
    shape('path', {
      d: `M${top}`,
      stroke: colour,
      'stroke-width': 1.3,
      'stroke-linejoin': 'round',
      fill: 'none',
      ...(lineStyle?.fill === 'dash' ? { 'stroke-dasharray': '8 6' } : {}),
    }),
  ].join('');
}

function levelsOf({ thresholds, custom }: Field): { value: number; colour: string }[] {
  if (!/dashed|line/.test(custom?.thresholdsStyle?.mode ?? '')) return [];
  return (thresholds?.steps ?? []).flatMap(({ value, color }) =>
    value === null ? [] : [{ value, colour: colourOf(color) }],
  );
}

/** As many as fit; the others are told as a number. */
function namesBelow(lines: readonly Line[], box: Box): { readonly height: number; readonly drawn: string } {
  const most = linesFor(box);
  const rows: Line[][] = [[]];
  let x = 0;
  for (const line of lines) {
    const width = Math.min(MARK + widthOf(line.name, NAME_SIZE) + 10, box.width);
    if (x + width > box.width) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1)?.push(line);
    x += width;
  }
  const drawnRows = rows.slice(0, most);
  const height = drawnRows.length * NAME_HEIGHT;
  const hidden = rows.slice(most).flat().length;
  const top = box.y + box.height - height;
  return {
    height,
    drawn: drawnRows
      .map((row, index) =>
        drawNames(row, { ...box, y: top + index * NAME_HEIGHT }, index === most - 1 ? hidden : 0),
      )
      .join(''),
  };
}

function drawNames(row: readonly Line[], { x: left, y, width }: Box, hidden: number): string {
  let x = left;
  const more = hidden === 0 ? '' : `+${hidden}`;
  const end = left + width - (more === '' ? 0 : widthOf(more, NAME_SIZE));
  const drawn = row.map(({ name, colour }) => {
    const at = x;
    x += MARK + widthOf(name, NAME_SIZE) + 10;
    return [
      rect({ x: at, y: y + 6, width: 10, height: 3 }, { fill: colour, rx: 1 }),
      text(name, { x: at + MARK, y: y + 11.5, size: NAME_SIZE, fill: FAINT, maxWidth: end - at - MARK }),
    ].join('');
  });
  return [
    ...drawn,
    text(more, {
      x: left + width,
      y: y + 11.5,
      size: NAME_SIZE,
      fill: FAINT,
      anchor: 'end',
      maxWidth: width,
    }),
  ].join('');
}
