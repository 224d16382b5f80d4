/** A row for each combination of labels, a column for each target. */

import type { Panel } from './board-json.ts';
import { EDGE, FAINT, INK } from './colours.ts';
import { fieldOf, lastOf, said, type Shown } from './field.ts';
import { rect, text, type Box } from './svg.ts';

const SIZE = 11;
const ROW_HEIGHT = 20;

export function drawTable({ targets = [], ...panel }: Panel, shown: readonly Shown[], box: Box): string {
  const labels = [...new Set(shown.flatMap((series) => Object.keys(series.labels)))].filter(
    (label) => label !== '__name__',
  );
  const keyOf = (series: Shown) => labels.map((label) => series.labels[label] ?? '').join('\n');
  const columns = targets.map(({ refId, legendFormat = refId }) => ({ refId, name: legendFormat }));
  const cells = (key: string) =>
    columns.map(({ refId, name }) => {
      const series = shown.find((one) => one.refId === refId && keyOf(one) === key);
      return series === undefined ? '' : said(lastOf(series), fieldOf(panel, name)).text;
    });
  const rows = [...new Set(shown.map(keyOf))].map((key) => [...key.split('\n'), ...cells(key)]);
  const header = [...labels, ...columns.map(({ name }) => name)];
  const fit = Math.max(0, Math.floor(box.height / ROW_HEIGHT) - 1);
  const width = box.width / header.length;
  return [header, ...rows.slice(0, fit)]
    .flatMap((row, index) => [
      rect({ ...box, y: box.y + (index + 1) * ROW_HEIGHT - 1, height: 1 }, { fill: EDGE }),
      ...row.map((words, column) =>
        text(words, {
          x: box.x + column * width + 4,
          y: box.y + index * ROW_HEIGHT + 14,
          size: SIZE,
          fill: index === 0 ? FAINT : INK,
          bold: index === 0,
          maxWidth: width - 8,
        }),
      ),
    ])
    .join('');
}
