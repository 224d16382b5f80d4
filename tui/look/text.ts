/** Text of others on our screen: as wide as we think it is, and never a command to the terminal. */

const ASCII = /^[\x20-\x7e]*$/;
/** Controls, bidi overrides, joiners, enclosing marks and variation selectors: what moves, turns or merges cells. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Me}\p{Variation_Selector}]/gu;
/** Terminals disagree about how wide these are, and a wrong guess corrupts the screen for good. */
const UNSURE =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\p{Co}\p{Cs}\p{Cn}\u{1f000}-\u{1ffff}]|\u3099|\u309a/gu;

/** Cells that the text takes. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : Bun.stringWidth(text);
}

/** One line of text from anywhere: colours and links are gone, control characters are shown. */
export function safe(text: string): string {
  if (ASCII.test(text)) return text;
  return Bun.stripANSI(text).replaceAll(CONTROL, shown).replaceAll(UNSURE, '?');
}

function shown(control: string): string {
  const code = control.codePointAt(0) ?? 0;
  if (code === 0x0a) return '\\n';
  if (code === 0x0d) return '\\r';
  if (code === 0x09) return '  ';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : '';
}

/** Several lines of text from anywhere, each made safe. */
export function safeLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/).map(safe);
}

/** Exactly `width` cells. What is cut ends with an ellipsis. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  if (width <= 0) return '';
  const wanted = widthOf(text);
  if (wanted > width) return cut(text, width);
  const blanks = ' '.repeat(width - wanted);
  return align === 'left' ? text + blanks : blanks + text;
}

/** At most `width` cells: what is wider ends with an ellipsis. */
export function cutTo(text: string, width: number): string {
  return fitText(text, Math.min(widthOf(text), width));
}

function cut(text: string, width: number): string {
  if (ASCII.test(text)) return `${text.slice(0, width - 1)}…`;
  const kept = startOf(text, width - 1);
  // A wide character that would reach over the edge leaves a cell.
  return `${kept}${' '.repeat(width - 1 - widthOf(kept))}…`;
}

const GRAPHEMES = new Intl.Segmenter();

/** The cells from `from` up to `to`; of a wide character that is cut in two a blank is left. */
export function cutText(text: string, from: number, to: number): string {
  if (ASCII.test(text)) return text.slice(from, to);
  let cut = '';
  let at = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    const end = at + widthOf(segment);
    const seen = Math.min(end, to) - Math.max(at, from);
    if (seen > 0) cut += seen === end - at ? segment : ' '.repeat(seen);
    at = end;
  }
  return cut;
}

/** As much of its start as fits into `width` cells. */
export function startOf(text: string, width: number): string {
  let [end, left] = [0, width];
  for (const { segment } of GRAPHEMES.segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    end += segment.length;
  }
  return text.slice(0, end);
}

/** As much of its end as fits into `width` cells. */
export function endOf(text: string, width: number): string {
  let [start, left] = [text.length, width];
  for (const { segment, index } of [...GRAPHEMES.segment(text)].toReversed()) {
    left -= widthOf(segment);
    if (left < 0) break;
    start = index;
  }
  return text.slice(start);
}

/** Words on lines of at most `width` cells; a word that is longer is broken. */
export function wrapText(text: string, width: number): string[] {
  if (width <= 0) return [];
  return Bun.wrapAnsi(text, width, { hard: true, trim: true }).split('\n');
}

/** As a sentence, which another one may follow. */
export function ended(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}

/** The middle is what tells little in an id: `00000007…e1f8a6`. */
export function shortId(id: string, width = 15): string {
  if (id.length <= width) return id;
  const tail = Math.floor((width - 1) / 2);
  return `${id.slice(0, width - 1 - tail)}…${id.slice(id.length - tail)}`;
}
