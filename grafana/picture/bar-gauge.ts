/** A bar for each figure, with its name above it. */

import type { Panel } from './board-json.ts';
import { EDGE, FAINT } from './colours.ts';
import { fieldOf, lastOf, ownColour, said, type Shown } from './field.ts';
import { rect, text, type Box } from './svg.ts';

const NAME_SIZE = 11;
const VALUE_WIDTH = 56;

export function drawBarGauge(panel: Panel, shown: readonly Shown[], box: Box): string {
  const largest = Math.max(1e-9, ...shown.map((series) => lastOf(series) ?? 0));
  const height = box.height / Math.max(1, shown.length);
  return shown
    .map((series, index) => {
      const field = fieldOf(panel, series.name);
      const { max = largest, min = 0 } = field;
      const value = lastOf(series);
      const { text: words, colour: levelColour } = said(value, field);
      const colour = ownColour(field) ?? levelColour;
      const part = Math.min(1, Math.max(0, ((value ?? 0) - min) / Math.max(1e-9, max - min)));
      const y = box.y + index * height;
      const bar = {
        x: box.x,
        y: y + NAME_SIZE + 4,
        width: box.width - VALUE_WIDTH,
        height: Math.max(3, height - NAME_SIZE - 8),
      };
      return [
        text(series.name, { x: box.x, y: y + NAME_SIZE, size: NAME_SIZE, fill: FAINT, maxWidth: box.width }),
        rect(bar, { fill: EDGE, rx: 2 }),
        rect({ ...bar, width: bar.width * part }, { fill: colour, rx: 2 }),
        text(words, {
          x: box.x + box.width,
          y: bar.y + bar.height / 2 + 4.5,
          size: 13,
          fill: colour,
          anchor: 'end',
          bold: true,
          maxWidth: VALUE_WIDTH - 4,
        }),
      ].join('');
    })
    .join('');
}
