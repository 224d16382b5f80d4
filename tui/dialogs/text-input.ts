/** A line of text that is being typed. */

import { span, type Line } from '../look/span.ts';
import { cutTo, endOf, safe, startOf, widthOf } from '../look/text.ts';

export interface TextInput {
  readonly text: string;
  /** Where the next character goes, in UTF-16 units of `text`. */
  readonly cursor: number;
}

export const NO_TEXT: TextInput = { text: '', cursor: 0 };

export function textInput(text: string): TextInput {
  return { text, cursor: text.length };
}

export function insert({ text, cursor }: TextInput, added: string): TextInput {
  const clean = added.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/\p{Cc}/gu, '');
  return { text: text.slice(0, cursor) + clean + text.slice(cursor), cursor: cursor + clean.length };
}

/** As shells have them. Null: the key means nothing here. */
export function edit(input: TextInput, key: string): TextInput | null {
  const { text, cursor } = input;
  switch (key) {
    case 'backspace':
    case 'ctrl+h':
      return { text: text.slice(0, before(input)) + text.slice(cursor), cursor: before(input) };
    case 'delete':
      return { text: text.slice(0, cursor) + text.slice(after(input)), cursor };
    case 'left':
      return { text, cursor: before(input) };
    case 'right':
      return { text, cursor: after(input) };
    case 'home':
    case 'ctrl+a':
      return { text, cursor: 0 };
    case 'end':
    case 'ctrl+e':
      return { text, cursor: text.length };
    case 'ctrl+u':
      return { text: text.slice(cursor), cursor: 0 };
    case 'ctrl+k':
      return { text: text.slice(0, cursor), cursor };
    case 'ctrl+w': {
      const start = text.slice(0, cursor).trimEnd().lastIndexOf(' ') + 1;
      return { text: text.slice(0, start) + text.slice(cursor), cursor: start };
    }
    default:
      return null;
  }
}

const GRAPHEMES = new Intl.Segmenter();

function before({ text, cursor }: TextInput): number {
  const parts = [...GRAPHEMES.segment(text.slice(0, cursor))];
  return parts.at(-1)?.index ?? 0;
}

function after({ text, cursor }: TextInput): number {
  const [next] = GRAPHEMES.segment(text.slice(cursor));
  return cursor + (next?.segment.length ?? 0);
}

/** The text with its cursor, in at most `width` cells; the cursor is always seen. */
export function inputLine({ text, cursor }: TextInput, width: number): Line {
  const left = safe(text.slice(0, cursor));
  const under = startOf(safe(text.slice(cursor, after({ text, cursor }))), width) || ' ';
  const right = safe(text.slice(after({ text, cursor })));
  const room = Math.max(0, width - widthOf(under) - Math.min(widthOf(right), 3));
  const shownLeft = widthOf(left) <= room ? left : room === 0 ? '' : `…${endOf(left, room - 1)}`;
  const rightRoom = width - widthOf(shownLeft) - widthOf(under);
  return [span(shownLeft), span(under, undefined, { inverse: true }), span(cutTo(right, rightRoom))];
}
