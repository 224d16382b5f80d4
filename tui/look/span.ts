/** A line of the screen as data: pieces of text, each with a tone. What a tone looks like is `look.ts`'s business. */

import { cutText, fitText, widthOf, wrapText } from './text.ts';

export type Tone =
  | 'dim'
  | 'accent'
  | 'good'
  | 'warn'
  /** Kept for what must never happen: drift, oversold units, a broken audit log. */
  | 'alarm'
  | 'available'
  | 'held'
  | 'ordered'
  | 'paid';

export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
  /** Instead of the tone's: the colour of a context. */
  readonly color?: string | undefined;
  readonly bold?: boolean | undefined;
  readonly inverse?: boolean | undefined;
}

export type Line = readonly Span[];

export function span(text: string, tone?: Tone, more: Omit<Span, 'text' | 'tone'> = {}): Span {
  return { text, tone, ...more };
}

export function plain(text: string): Line {
  return [{ text }];
}

export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}

export function lineWidth(line: Line): number {
  return line.reduce((width, { text }) => width + widthOf(text), 0);
}

/** Exactly `width` cells: cut with an ellipsis, or filled with blanks. */
export function fitLine(line: Line, width: number): Line {
  const fitted: Span[] = [];
  let left = width;
  let after = lineWidth(line);
  for (const piece of line) {
    const wanted = widthOf(piece.text);
    after -= wanted;
    const isLast = wanted > left || (wanted === left && after > 0);
    if (isLast) {
      // One more cell than there is: so that it ends with an ellipsis, also where only what comes after it is cut.
      if (left > 0) fitted.push({ ...piece, text: fitText(`${piece.text} `, left) });
      return fitted;
    }
    fitted.push(piece);
    left -= wanted;
  }
  if (left > 0) fitted.push({ text: ' '.repeat(left) });
  return fitted;
}

/** The cells from `from` up to `to`; a wide character that is cut in two leaves blanks. Never more cells than asked. */
export function cutLine(line: Line, from: number, to: number): Line {
  const cut: Span[] = [];
  let at = 0;
  for (const piece of line) {
    const width = widthOf(piece.text);
    const [start, end] = [Math.max(from, at), Math.min(to, at + width)];
    if (start < end) cut.push({ ...piece, text: cutText(piece.text, start - at, end - at) });
    at += width;
  }
  return at < to ? [...cut, { text: ' '.repeat(to - Math.max(at, from)) }] : cut;
}

/** `left` and, as far right as there is room, `right`; what does not fit of `left` is cut. */
export function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = lineWidth(right);
  if (rightWidth >= width) return fitLine(right, width);
  return [...fitLine(left, width - rightWidth), ...right];
}

/** As many of the pieces as fit, in their order, with blanks between them: the first are the most important. */
export function asManyAsFit(pieces: readonly Line[], width: number, gap = '  '): Line {
  const line: Span[] = [];
  let left = width;
  for (const piece of pieces) {
    const wanted = lineWidth(piece) + (line.length === 0 ? 0 : gap.length);
    if (wanted > left) break;
    if (line.length > 0) line.push({ text: gap });
    line.push(...piece);
    left -= wanted;
  }
  return line;
}

/**
 * The same line in as few pieces as can be: each costs as much as its text. Blanks look like anything, and at the end
 * like nothing.
 */
export function joined(line: Line): Line {
  const pieces: Span[] = [];
  const end = line.findLastIndex((piece) => !isBlank(piece) || piece.inverse === true);
  for (const piece of line.slice(0, end + 1)) {
    const last = pieces.at(-1);
    const look = last === undefined ? null : lookOfBoth(last, piece);
    if (last === undefined || look === null) pieces.push(piece);
    else pieces[pieces.length - 1] = { ...look, text: last.text + piece.text };
  }
  // Without any text it would not be a line.
  return pieces.length === 0 ? [{ text: ' ' }] : pieces;
}

function lookOfBoth(one: Span, other: Span): Span | null {
  const isAlike =
    one.tone === other.tone &&
    one.color === other.color &&
    one.bold === other.bold &&
    one.inverse === other.inverse;
  if (isAlike || isBlank(other)) return one.inverse === other.inverse ? one : null;
  return isBlank(one) && one.inverse === other.inverse ? other : null;
}

function isBlank({ text }: Span): boolean {
  return text.trim() === '';
}

export function sameLine(one: Line, other: Line): boolean {
  return (
    one === other ||
    (one.length === other.length &&
      one.every((piece, index) => {
        const twin = other[index];
        return (
          piece.text === twin?.text &&
          piece.tone === twin.tone &&
          piece.color === twin.color &&
          piece.bold === twin.bold &&
          piece.inverse === twin.inverse
        );
      }))
  );
}

/** As it looks when it is not of this moment. */
export function dimmed(line: Line): Line {
  return line.map(({ text, inverse }) => ({ text, tone: 'dim', inverse }));
}

/** On as many lines of at most `width` cells as it takes, broken between words; pieces keep their looks. */
export function wrapLine(line: Line, width: number): Line[] {
  if (lineWidth(line) <= width) return [line];
  const lines: Span[][] = [];
  let current: Span[] = [];
  let left = width;
  const turn = () => {
    // Blanks that meet the edge have done what they are for.
    if (current.at(-1)?.text.startsWith(' ')) current.pop();
    if (current.length > 0) lines.push(current);
    current = [];
    left = width;
  };
  for (const piece of line) {
    for (const word of piece.text.match(/ +|[^ ]+/g) ?? []) {
      const isBlank = word.startsWith(' ');
      const parts = widthOf(word) <= left || isBlank ? [word] : wrapText(word, width);
      for (const text of parts) {
        const wanted = widthOf(text);
        if (wanted > left) {
          turn();
          if (isBlank) continue;
        }
        current.push({ ...piece, text });
        left -= wanted;
      }
    }
  }
  turn();
  return lines;
}
