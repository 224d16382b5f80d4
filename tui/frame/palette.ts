/** Everything that can be done here, found by its name. */

import type { Action } from '../actions/action.ts';
import { whyNot } from '../actions/why-not.ts';
import { inputLine } from '../dialogs/text-input.ts';
import { GLYPHS } from '../look/look.ts';
import { span, spread, type Line } from '../look/span.ts';
import { keyName } from './footer.ts';
import type { Palette, State } from '../state/state.ts';

export const PALETTE_WIDTH = 90;
export const PALETTE_ROWS = 14;

export interface Found {
  readonly action: Action;
  /** What was typed after the name. */
  readonly words: string;
}

/** `sale launch` */
export function commandOf({ id }: Action): string {
  return id.replaceAll(/[._]/g, ' ');
}

/** The best first: a name that was typed out, a beginning, the letters in their order. */
export function find(actions: readonly Action[], text: string): Found[] {
  const wanted = text.trim().toLowerCase();
  const scored = actions.flatMap((action) => {
    const name = commandOf(action);
    if (action.takes !== undefined && wanted.startsWith(`${name} `)) {
      return [
        {
          action,
          words: text
            .trim()
            .slice(name.length + 1)
            .trim(),
          score: 0,
        },
      ];
    }
    const score = scoreOf(name, action.title.toLowerCase(), wanted);
    return score === null ? [] : [{ action, words: '', score }];
  });
  return scored.toSorted((a, b) => a.score - b.score).map(({ action, words }) => ({ action, words }));
}

function scoreOf(name: string, title: string, wanted: string): number | null {
  if (name === wanted) return 1;
  if (name.startsWith(wanted)) return 2;
  if (name.includes(wanted)) return 3;
  if (title.includes(wanted)) return 4;
  return hasInOrder(name, wanted) ? 5 : null;
}

function hasInOrder(name: string, wanted: string): boolean {
  let at = 0;
  for (const letter of wanted.replaceAll(' ', '')) {
    at = name.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** The index of the selected one, -1 when there is none: after the last one comes the first. */
export function selectedOf(found: readonly Found[], { selected }: Palette): number {
  return found.length === 0 ? -1 : ((selected % found.length) + found.length) % found.length;
}

/** The line that is typed, and what it finds. */
export function paletteLines(
  state: State,
  palette: Palette,
  actions: readonly Action[],
  { width, height }: { readonly width: number; readonly height: number },
): Line[] {
  const found = find(actions, palette.input.text);
  const selected = selectedOf(found, palette);
  const rows = height - 1;
  const first = Math.max(0, selected - rows + 1);
  const lines = found.slice(first, first + rows).map(({ action }, index): Line => {
    const isSelected = first + index === selected;
    const reason = whyNot(action, state);
    const tone = reason === null ? undefined : 'dim';
    const left = [
      span(isSelected ? `${GLYPHS.pointer} ` : '  ', 'accent'),
      span(commandOf(action).padEnd(20), tone, { bold: isSelected }),
      span(reason ?? action.title, reason === null ? undefined : 'dim'),
    ];
    return spread(left, [span(` ${keyName(action.keys[0] ?? '')}`, 'accent')], width);
  });
  const none: Line = [span('Nothing is called that. Escape closes this.', 'warn')];
  return [
    [span(': ', 'accent'), ...inputLine(palette.input, width - 2)],
    ...(lines.length > 0 ? lines : [none]),
  ];
}
