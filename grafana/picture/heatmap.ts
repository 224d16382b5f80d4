/** How many fell into which bucket, moment by moment: the more, the brighter. */

import { across, drawAxes, plotHeight, plotIn, type Figure, type Span } from './axes.ts';
import type { Panel } from './board-json.ts';
import type { Shown } from './field.ts';
import { rect, type Box } from './svg.ts';
import { written } from './units.ts';

interface Bucket {
  /** Its upper end. */
  readonly le: number;
  /** Moment -> how many, without those of the buckets below. */
  readonly counts: ReadonlyMap<number, number>;
}

export function drawHeatmap(panel: Panel, shown: readonly Shown[], box: Box, time: Span): string {
  const buckets = usedBuckets(bucketsOf(shown));
  const figures = figuresBeside(panel, buckets, box);
  const plot = plotIn(
    box,
    figures.map(({ words }) => words),
  );
  const most = Math.max(0, ...buckets.flatMap(({ counts }) => [...counts.values()]));
  const height = plot.height / Math.max(1, buckets.length);
  const toX = across(plot, time);
  const moments = [...new Set(buckets.flatMap(({ counts }) => [...counts.keys()]))].toSorted((a, b) => a - b);
  const step = Math.min(...moments.slice(1).map((at, index) => at - (moments[index] ?? 0)));
  const width = Number.isFinite(step) ? toX(time.from + step) - toX(time.from) : plot.width;
  const yOf = (index: number) => plot.y + plot.height - (index + 1) * height;
  const cells = buckets.flatMap(({ counts }, index) =>
    [...counts].map(([at, count]) => {
      const x = Math.max(plot.x, toX(at) - width);
      if (count < most / 1_000) return '';
      const cell = { x, y: yOf(index) + 0.5, width: toX(at) - x - 1, height: height - 1 };
      return rect(cell, {
        fill: BLUES[Math.min(BLUES.length - 1, Math.floor((count / most) ** 0.5 * BLUES.length))] ?? '',
      });
    }),
  );
  return [drawAxes(plot, time, figures), ...cells].join('');
}

/** The upper end of as many buckets as can be read. */
function figuresBeside(panel: Panel, buckets: readonly Bucket[], box: Box): Figure[] {
  const every = Math.ceil((NAME_HEIGHT * buckets.length) / plotHeight(box));
  return buckets.flatMap(({ le }, index) =>
    index % every === 0
      ? [
          {
            part: (index + 1) / buckets.length,
            words: written(le, panel.fieldConfig.defaults.unit ?? 'none'),
          },
        ]
      : [],
  );
}

const NAME_HEIGHT = 14;
const BLUES = ['#10325c', '#17457d', '#1f5aa0', '#2b70bf', '#4a8ad6', '#74a7e6', '#a5c7f2', '#d8e7fb'];

/** Prometheus' buckets hold those of the smaller ones as well. */
function bucketsOf(shown: readonly Shown[]): Bucket[] {
  const sorted = shown
    .map(({ name, labels, points }) => ({
      le: Number((labels['le'] ?? name).replace('+Inf', 'Infinity')),
      points,
    }))
    .toSorted((a, b) => a.le - b.le);
  return sorted.map(({ le, points }, index) => {
    const below = new Map(sorted[index - 1]?.points);
    return {
      le,
      counts: new Map(points.map(([at, count]) => [at, Math.max(0, count - (below.get(at) ?? 0))])),
    };
  });
}

/** Without the empty ones at both ends. */
function usedBuckets(buckets: readonly Bucket[]): Bucket[] {
  const isUsed = ({ counts }: Bucket) => [...counts.values()].some((count) => count > 0);
  const first = buckets.findIndex(isUsed);
  return first === -1 ? [] : buckets.slice(first, buckets.findLastIndex(isUsed) + 1);
}
