/** Names and values, one under the other, as details have them. */

import { plain, span, type Line, type Span } from './span.ts';
import { safe, wrapText } from './text.ts';

const NAME_WIDTH = 16;

/** A text from outside is made safe and goes on below where it is long. */
export function fact(name: string, value: string | Span, width: number): Line[] {
  const { text, ...look } = typeof value === 'string' ? span(value) : value;
  const lines = wrapText(safe(text), Math.max(10, width - NAME_WIDTH));
  return (lines.length === 0 ? [''] : lines).map((line, index) => [
    span((index === 0 ? name : '').padEnd(NAME_WIDTH), 'dim'),
    { text: line, ...look },
  ]);
}

export function title(text: string): Line {
  return [span(safe(text), 'accent', { bold: true })];
}

export const BLANK: Line = plain('');

/** Instead of rows: why they could not be read, else what there is to say. @param fault empty where there is none */
export function againOr(fault: string, says: string): string {
  return fault === '' ? says : `${fault} It is tried again.`;
}
