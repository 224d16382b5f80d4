/** The frame of a graph: figures on the left, times below, lines to read them by. */

import { EDGE, FAINT } from './colours.ts';
import { rounded, shape, text, widthOf, type Box } from './svg.ts';

export interface Span {
  readonly from: number;
  readonly to: number;
}

const SIZE = 10;
const BELOW = 15;
const ABOVE = 5;
const TICK_HEIGHT = 24;
const TIME_WIDTH = 64;

/** What is left for the graph itself, beside the figures on its axis. */
export function plotIn(box: Box, figures: readonly string[]): Box {
  const left = Math.max(16, ...figures.map((words) => widthOf(words, SIZE))) + 6;
  return { x: box.x + left, y: box.y + ABOVE, width: box.width - left - 6, height: plotHeight(box) };
}

export function plotHeight({ height }: Box): number {
  return height - BELOW - ABOVE;
}

/** From values to pixels. */
export function across({ x, width }: Box, { from, to }: Span): (value: number) => number {
  return (value) => x + ((value - from) / Math.max(1e-12, to - from)) * width;
}

export function upwards({ y, height }: Box, { from, to }: Span): (value: number) => number {
  return (value) => y + height - ((value - from) / Math.max(1e-12, to - from)) * height;
}

/** Round figures, about as many as there is room for. */
function ticks({ from, to }: Span, most: number): number[] {
  const rough = (to - from) / Math.max(1, most);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}

/** On the axis of values. */
export interface Figure {
  /** Where it is, as a part of the height: 0 is at the bottom. */
  readonly part: number;
  readonly words: string;
}

export function figuresOf(values: Span, height: number, write: (value: number) => string): Figure[] {
  const { from, to } = values;
  // Of fewer than three only the lowest may be left.
  return ticks(values, Math.max(3, Math.floor(height / TICK_HEIGHT))).map((value) => ({
    part: (value - from) / (to - from),
    words: write(value),
  }));
}

export function drawAxes(plot: Box, time: Span, figures: readonly Figure[]): string {
  const toX = across(plot, time);
  const lines = figures.map(({ part, words }) => {
    const y = plot.y + plot.height * (1 - part);
    return [
      shape('path', {
        d: `M${rounded(plot.x)} ${rounded(y)}h${rounded(plot.width)}`,
        stroke: EDGE,
        fill: 'none',
      }),
      text(words, { x: plot.x - 5, y: y + 3.5, size: SIZE, fill: FAINT, anchor: 'end', maxWidth: plot.x }),
    ].join('');
  });
  const times = timesIn(time, Math.max(1, Math.floor(plot.width / TIME_WIDTH))).map((at) =>
    text(new Date(at * 1_000).toISOString().slice(11, 19), {
      x: toX(at),
      y: plot.y + plot.height + BELOW - 3,
      size: SIZE,
      fill: FAINT,
      anchor: 'middle',
      maxWidth: TIME_WIDTH,
    }),
  );
  return [...lines, ...times].join('');
}

const STEPS_S = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600];

/** Not so near to an end that its text would be cut. */
function timesIn({ from, to }: Span, most: number): number[] {
  const step = STEPS_S.find((seconds) => (to - from) / seconds <= most) ?? 900;
  const margin = (to - from) * 0.06;
  const first = Math.ceil((from + margin) / step);
  const count = Math.max(0, Math.floor((to - margin) / step) - first + 1);
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}
