/** A board as a picture: what its JSON says, drawn from what Prometheus answered. It is not Grafana that draws it. */

import type { Span } from './axes.ts';
import { drawBarGauge } from './bar-gauge.ts';
import type { Board, Panel, Row } from './board-json.ts';
import { EDGE, FAINT, GROUND, INK, PANEL } from './colours.ts';
import type { Shown } from './field.ts';
import { drawHeatmap } from './heatmap.ts';
import { drawStat } from './stat.ts';
import { FONT, inside, rect, shape, text, type Box } from './svg.ts';
import { drawTable } from './table.ts';
import { drawTimeSeries } from './time-series.ts';

export interface Data {
  readonly time: Span;
  readonly shownIn: (panel: Panel) => readonly Shown[];
  /** Below the title: what it is a picture of. */
  readonly caption: string;
}

const COLUMN = 50;
const CELL_HEIGHT = 30;
const COLUMNS = 24;
const MARGIN = 8;
const HEAD = 44;
const TITLE_SIZE = 12;
const TITLE_HEIGHT = 22;

type Draw = (panel: Panel, shown: readonly Shown[], box: Box, time: Span) => string;

const DRAW: Readonly<Record<Panel['type'], Draw>> = {
  stat: drawStat,
  bargauge: drawBarGauge,
  timeseries: drawTimeSeries,
  heatmap: drawHeatmap,
  table: drawTable,
};

export function drawBoard(board: Board, data: Data): string {
  const rows = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  const width = COLUMNS * COLUMN + 2 * MARGIN;
  const height = HEAD + rows * CELL_HEIGHT + MARGIN;
  const head = [
    text(board.title, { x: MARGIN + 4, y: 28, size: 19, fill: INK, bold: true, maxWidth: width / 2 }),
    text(data.caption, {
      x: width - MARGIN - 4,
      y: 27,
      size: 12,
      fill: FAINT,
      anchor: 'end',
      maxWidth: width / 2,
    }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    shape('title', {}, board.title),
    rect({ x: 0, y: 0, width, height }, { fill: GROUND, rx: 8 }),
    `<g font-family="${FONT}">`,
    ...head,
    ...board.panels.map((panel) => (panel.type === 'row' ? drawRow(panel) : drawPanel(panel, data))),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function boxOf({ gridPos: { x, y, w, h } }: Panel | Row): Box {
  return { x: MARGIN + x * COLUMN, y: HEAD + y * CELL_HEIGHT, width: w * COLUMN, height: h * CELL_HEIGHT };
}

function drawRow(row: Row): string {
  const { x, y, width } = boxOf(row);
  return text(row.title, { x: x + 4, y: y + 21, size: 14, fill: INK, bold: true, maxWidth: width - 8 });
}

/** What is outside of its frame is not seen. */
function drawPanel(panel: Panel, { time, shownIn }: Data): string {
  const { x, y, width, height } = inside(boxOf(panel), 3);
  const body = { x: 8, y: TITLE_HEIGHT, width: width - 16, height: height - TITLE_HEIGHT - 6 };
  return shape(
    'svg',
    { x, y, width, height, 'aria-label': panel.title },
    [
      rect({ x: 0.5, y: 0.5, width: width - 1, height: height - 1 }, { fill: PANEL, stroke: EDGE, rx: 3 }),
      text(panel.title, { x: 8, y: 16, size: TITLE_SIZE, fill: INK, maxWidth: width - 16 }),
      DRAW[panel.type](panel, shownIn(panel), body, time),
    ].join(''),
  );
}
