/** A box over the middle of the screen. */

import { GLYPHS } from '../look/look.ts';
import { fitLine, span, type Line } from '../look/span.ts';
import { cutTo, safe, widthOf } from '../look/text.ts';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  /** Each exactly as wide. */
  readonly lines: readonly Line[];
}

interface BoxContent {
  readonly title: string;
  /** As wide as it likes to be; the screen may be narrower. */
  readonly wish: number;
  /** Draws the inside. */
  readonly lines: (width: number, height: number) => readonly Line[];
}

export function boxOf(
  { title, wish, lines }: BoxContent,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Box {
  const width = Math.min(columns, wish);
  const inside = width - 4;
  const most = rows - 2;
  const shown = lines(inside, most).slice(0, most);
  const boxed = [topLine(title, width), ...shown.map((line) => sideLine(line, inside)), bottomLine(width)];
  return {
    left: Math.floor((columns - width) / 2),
    top: Math.max(0, Math.floor((rows - boxed.length) / 3)),
    width,
    lines: boxed,
  };
}

function topLine(title: string, width: number): Line {
  const { topLeft, topRight } = GLYPHS.corners;
  const shown = cutTo(safe(title), width - 6);
  const rest = GLYPHS.rule.repeat(Math.max(0, width - widthOf(shown) - 5));
  return [
    span(`${topLeft}${GLYPHS.rule} `, 'accent'),
    span(shown, 'accent', { bold: true }),
    span(` ${rest}${topRight}`, 'accent'),
  ];
}

function sideLine(line: Line, inside: number): Line {
  return [span(`${GLYPHS.bar} `, 'accent'), ...fitLine(line, inside), span(` ${GLYPHS.bar}`, 'accent')];
}

function bottomLine(width: number): Line {
  const { bottomLeft, bottomRight } = GLYPHS.corners;
  return [span(`${bottomLeft}${GLYPHS.rule.repeat(width - 2)}${bottomRight}`, 'accent')];
}
