/** Lines as a terminal takes them, where Ink does not draw. */

import { paintOf } from './look.ts';
import type { Line, Span } from './span.ts';

const COLORS: Readonly<Record<string, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  blueBright: 94,
};

export function ansiOf(line: Line): string {
  return line.map(painted).join('');
}

function painted({ text, tone, color, bold, inverse }: Span): string {
  const paint = paintOf(tone);
  const codes = [
    bold === true || paint.bold === true ? 1 : undefined,
    paint.dimColor === true ? 2 : undefined,
    inverse === true ? 7 : undefined,
    COLORS[color ?? paint.color ?? ''],
  ].filter((code) => code !== undefined);
  return codes.length === 0 ? text : `\x1b[${codes.join(';')}m${text}\x1b[0m`;
}
