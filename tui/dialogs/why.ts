/** The line of a question for why something is changed. It may stay empty: an emergency stop waits for no reason. */

import { reasonOf } from '@flash-sale/shared/change-reason.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line } from '../look/span.ts';
import { cutTo, safe } from '../look/text.ts';
import { inputLine, NO_TEXT, type TextInput } from './text-input.ts';

export interface Why {
  readonly input: TextInput;
  readonly isFocused: boolean;
}

export const NO_WHY: Why = { input: NO_TEXT, isFocused: false };

/** More than a reason may have is not taken, so that what stands there is always right. */
export function withWhy(why: Why, input: TextInput): Why {
  return input.text.trim() === '' || reasonOf(input.text) !== undefined ? { ...why, input } : why;
}

const LABEL = 'Why  ';

export function whyLine({ input, isFocused }: Why, width: number): Line {
  const room = width - LABEL.length - 2;
  if (isFocused) return [span(`${GLYPHS.pointer} ${LABEL}`, 'accent'), ...inputLine(input, room)];
  const shown =
    input.text === ''
      ? span(cutTo('may stay empty; tab leads here', room), 'dim')
      : span(cutTo(safe(input.text), room));
  return [span(`  ${LABEL}`), shown];
}
