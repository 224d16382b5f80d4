import { span, type Line } from '../look/span.ts';
import { safe, widthOf, wrapText } from '../look/text.ts';
import { valueChanges, type ValueChange } from './value-changes.ts';

/** What was there and is not begins with -, what is new with +, and what is as it was has no sign. */
export function changeLines(before: unknown, after: unknown, width: number): Line[] {
  const changes = valueChanges(before, after);
  const nameWidth = Math.max(0, ...changes.map(({ name }) => widthOf(safe(name))));
  return changes.flatMap((change) => linesOf(change, Math.min(nameWidth, 24), width));
}

function linesOf({ name, before, after }: ValueChange, nameWidth: number, width: number): Line[] {
  const sided = (sign: string, value: string, tone: 'good' | 'warn' | 'dim'): Line[] => {
    const lines = wrapText(safe(value), Math.max(10, width - nameWidth - 4));
    return lines.map((text, index) => [
      span(`${index === 0 ? sign : ' '} `, tone),
      span(`${(index === 0 ? safe(name) : '').padEnd(nameWidth)}  `, 'dim'),
      span(text, tone),
    ]);
  };
  if (before === after) return sided(' ', after ?? '', 'dim');
  return [
    ...(before === null ? [] : sided('-', before, 'warn')),
    ...(after === null ? [] : sided('+', after, 'good')),
  ];
}
