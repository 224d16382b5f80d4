/** Figures on a ground of the colour that says how good they are. */

import type { Panel } from './board-json.ts';
import { darker, INK, ON_COLOUR } from './colours.ts';
import { fieldOf, lastOf, said, type Shown } from './field.ts';
import { rect, text, widthOf, type Box } from './svg.ts';

const GAP = 4;
const LARGEST = 28;
const SMALLEST = 10;
const NAME_SIZE = 11;

/** Beside each other, as wide as each other; their names are shown where there are several. */
export function drawStat(panel: Panel, shown: readonly Shown[], box: Box): string {
  const tiles = shown.length === 0 ? [null] : shown;
  const width = (box.width - GAP * (tiles.length - 1)) / tiles.length;
  return tiles
    .map((series, index) => {
      const tile = { ...box, x: box.x + index * (width + GAP), width };
      const { text: words, colour } = said(
        series === null ? null : lastOf(series),
        fieldOf(panel, series?.name ?? ''),
      );
      const isPlain = series === null || colour === INK;
      const name = series !== null && tiles.length > 1 ? series.name : '';
      return drawTile(tile, { words, name, ground: isPlain ? 'none' : darker(colour) });
    })
    .join('');
}

interface Tile {
  readonly words: string;
  readonly name: string;
  readonly ground: string;
}

function drawTile(box: Box, { words, name, ground }: Tile): string {
  const maxWidth = box.width - 14;
  const nameHeight = name === '' ? 0 : NAME_SIZE + 4;
  const height = box.height - nameHeight;
  const size = Math.max(SMALLEST, Math.min(LARGEST, height * 0.6, maxWidth / widthOf(words, 1, true)));
  const x = box.x + box.width / 2;
  const fill = ground === 'none' ? INK : ON_COLOUR;
  const inTheMiddle = { x, fill, anchor: 'middle', maxWidth: box.width - 4 } as const;
  return [
    ground === 'none' ? '' : rect(box, { fill: ground, rx: 3 }),
    text(name, { ...inTheMiddle, y: box.y + NAME_SIZE + 2, size: NAME_SIZE }),
    text(words, { ...inTheMiddle, y: box.y + nameHeight + height / 2 + size * 0.36, size, bold: true }),
  ].join('');
}
