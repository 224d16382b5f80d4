/** Numbers as lengths. */

import { GLYPHS } from './look.ts';
import { span, type Line, type Span, type Tone } from './span.ts';

export interface Part {
  readonly units: number;
  readonly glyph: string;
  readonly tone: Tone;
}

/**
 * Parts of a whole, side by side, exactly `width` cells. Whatever is not nothing gets a cell, so that one held unit of a
 * thousand is seen; each other cell goes to the part that lacks most, so that the bar adds up when the units do.
 */
export function gauge(parts: readonly Part[], width: number): Line {
  const present = parts.filter(({ units }) => units > 0);
  const total = present.reduce((sum, { units }) => sum + units, 0);
  if (total === 0 || width < present.length) return [span(' '.repeat(Math.max(0, width)))];
  const cells = present.map(() => 1);
  const lacks = present.map(({ units }) => (units / total) * width - 1);
  for (let free = width - present.length; free > 0; free -= 1) {
    const most = lacks.indexOf(Math.max(...lacks));
    cells[most] = (cells[most] ?? 0) + 1;
    lacks[most] = (lacks[most] ?? 0) - 1;
  }
  return present.map(({ glyph, tone }, index): Span => span(glyph.repeat(cells[index] ?? 0), tone));
}

/** A bar that fills from the left in eighths of a cell. @param part 0 to 1 */
export function bar(part: number, width: number): string {
  const { eighths } = GLYPHS;
  const filled = Math.round(Math.min(1, Math.max(0, part)) * width * 8);
  const whole = Math.floor(filled / 8);
  const tip = filled % 8 === 0 ? '' : (eighths[(filled % 8) - 1] ?? '');
  return (eighths[7].repeat(whole) + tip).padEnd(width, ' ');
}

/** The last `width` values as heights; the highest of them is the full height. */
export function sparkline(values: readonly number[], width: number): string {
  const { levels } = GLYPHS;
  const shown = values.slice(Math.max(0, values.length - width));
  const most = Math.max(...shown, 0);
  const heights = shown.map((value) => {
    if (value <= 0 || most === 0) return levels[0];
    return levels[Math.max(1, Math.round((value / most) * (levels.length - 1)))] ?? ' ';
  });
  return heights.join('').padStart(width, ' ');
}
