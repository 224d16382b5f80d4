/** Lines that take the place of those before, without a screen of their own. */

import { fitLine, type Line } from '../look/span.ts';

const UP = (lines: number) => (lines === 0 ? '' : `\x1b[${lines}A`);
const CLEAR_LINE = '\x1b[K';

/** @param paint turns a line into what the terminal takes */
export function createRedraw(write: (text: string) => void, columns: number, paint: (line: Line) => string) {
  let drawn = 0;
  return (lines: readonly Line[]): void => {
    // A line that reached the edge would become two, and then nothing is where it was.
    const texts = lines.map((line) => `\r${paint(fitLine(line, columns - 1))}${CLEAR_LINE}\n`);
    write(UP(drawn) + texts.join(''));
    drawn = lines.length;
  };
}
