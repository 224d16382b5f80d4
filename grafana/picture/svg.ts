/** The few shapes that a picture is made of. */

export const FONT = "Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function inside({ x, y, width, height }: Box, margin: number): Box {
  return { x: x + margin, y: y + margin, width: width - 2 * margin, height: height - 2 * margin };
}

type Attributes = Readonly<Record<string, string | number>>;

/** Numbers are rounded to a tenth of a pixel. */
export function shape(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escaped(value)}"`,
  );
  return content === ''
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${content}</${name}>`;
}

export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

export function rect({ x, y, width, height }: Box, attributes: Attributes): string {
  return shape('rect', { x, y, width: Math.max(0, width), height: Math.max(0, height), ...attributes });
}

export interface Words {
  readonly x: number;
  /** The line that letters stand on. */
  readonly y: number;
  readonly size: number;
  readonly fill: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly bold?: boolean | undefined;
  /** What does not fit is cut. */
  readonly maxWidth: number;
}

export function text(words: string, { x, y, size, fill, anchor, bold, maxWidth }: Words): string {
  const shown = cutTo(words, maxWidth, size, bold);
  if (shown === '') return '';
  return shape(
    'text',
    {
      x,
      y,
      'font-size': size,
      fill,
      ...(anchor === undefined || anchor === 'start' ? {} : { 'text-anchor': anchor }),
      ...(bold === true ? { 'font-weight': 600 } : {}),
    },
    escaped(shown),
  );
}

/** About, and rather too wide: fonts differ from one reader to the next. */
export function widthOf(words: string, size: number, bold = false): number {
  let em = 0;
  for (const letter of words) em += WIDTHS.find(([letters]) => letters.test(letter))?.[1] ?? 0.64;
  return em * size * (bold ? 1.12 : 1);
}

const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijl.,:;'|! ]/, 0.32],
  [/[ftr()[\]/-]/, 0.41],
  [/[mwMW%@…∞]/, 0.97],
  [/[A-Z]/, 0.71],
];

function cutTo(words: string, maxWidth: number, size: number, bold = false): string {
  if (widthOf(words, size, bold) <= maxWidth) return words;
  for (let length = words.length - 1; length > 0; length -= 1) {
    const shorter = `${words.slice(0, length).trimEnd()}…`;
    if (widthOf(shorter, size, bold) <= maxWidth) return shorter;
  }
  return '';
}

function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
