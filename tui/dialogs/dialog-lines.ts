/** What a question looks like. */

import { bar } from '../look/bars.ts';
import { GLYPHS } from '../look/look.ts';
import { span, wrapLine, type Line } from '../look/span.ts';
import { cutTo, fitText, widthOf } from '../look/text.ts';
import type { Choose, Dialog, Form } from './dialog.ts';
import { formLines } from './form-lines.ts';
import { inputLine } from './text-input.ts';
import { whyLine } from './why.ts';

export interface DialogArea {
  readonly width: number;
  readonly height: number;
}

/** What is asked is always seen, and as much of what is said above it as fits. @param localMs `performance.now()` */
export function dialogLines(dialog: Dialog, { width, height }: DialogArea, localMs: number): Line[] {
  const wrapped = dialog.lines.flatMap((line) => wrapLine(line, width));
  const said = wrapped.length === 0 ? [] : [...wrapped, []];
  if (dialog.kind === 'form') return formLines(dialog, said, width, height);
  const asked = askedLines(dialog, { width, height }, localMs);
  return [...cut(said, height - asked.length), ...asked];
}

function cut(said: readonly Line[], room: number): readonly Line[] {
  if (said.length <= room) return said;
  const shown = said.slice(0, Math.max(0, room - 1));
  return room <= 0
    ? []
    : [
        ...shown,
        [
          span(
            `${GLYPHS.down} ${said.length - shown.length - 1} more lines: a taller window shows them`,
            'dim',
          ),
        ],
      ];
}

function askedLines(dialog: Exclude<Dialog, Form>, { width, height }: DialogArea, localMs: number): Line[] {
  switch (dialog.kind) {
    case 'confirm': {
      const { why, verb, isYesFocused } = dialog;
      if (why === null) return [buttons(verb, isYesFocused ? 'yes' : 'no')];
      return [whyLine(why, width), buttons(verb, why.isFocused ? null : isYesFocused ? 'yes' : 'no')];
    }
    case 'typed': {
      const isRight = dialog.input.text.trim() === dialog.word;
      const prompt: Line = [span('Type '), span(dialog.word, 'accent', { bold: true }), span(' to go on:')];
      const ready: Line = isRight
        ? [span(`${GLYPHS.ok} enter: ${dialog.verb}`, 'good')]
        : [span('escape: nothing is done', 'dim')];
      return [
        ...wrapLine(prompt, width),
        dialog.why?.isFocused === true
          ? [span('  '), span(cutTo(dialog.input.text, width - 2))]
          : [span('> ', 'accent'), ...inputLine(dialog.input, width - 2)],
        ...(dialog.why === null ? [] : [whyLine(dialog.why, width)]),
        ready,
      ];
    }
    case 'choose':
      return choiceLines(dialog, height);
    case 'countdown': {
      const leftMs = Math.max(0, dialog.endsAtMs - localMs);
      const seconds = Math.ceil(leftMs / 1_000);
      return [
        [
          span(`T-${seconds} s  `, 'warn', { bold: true }),
          span(bar(leftMs / COUNTDOWN_BAR_MS, width - 12), 'warn'),
        ],
        [span(`n or escape: do not ${dialog.verb}`, 'dim')],
      ];
    }
  }
}

/** A full bar: longer countdowns start with one that is full. */
const COUNTDOWN_BAR_MS = 5_000;

/** @param focused null: something else is */
function buttons(verb: string, focused: 'yes' | 'no' | null): Line {
  const [isYes, isNo] = [focused === 'yes', focused === 'no'];
  return [
    span(isNo ? `${GLYPHS.pointer} ` : '  ', 'accent'),
    span(' No, cancel ', undefined, { inverse: isNo, bold: isNo }),
    span(isYes ? `  ${GLYPHS.pointer} ` : '    ', 'accent'),
    span(` Yes, ${verb} `, 'warn', { inverse: isYes, bold: isYes }),
    span(focused === null ? '   enter: back' : '   y/n', 'dim'),
  ];
}

/** As many as fit, the selected one among them. */
function choiceLines({ choices, selected }: Choose, height: number): Line[] {
  const first = Math.max(0, Math.min(selected - Math.floor(height / 2), choices.length - height));
  const labelWidth = Math.min(LABEL_WIDTH_MAX, Math.max(...choices.map(({ label }) => widthOf(label))));
  return choices.slice(first, first + height).map(({ label, hint = '' }, index): Line => {
    const isSelected = first + index === selected;
    return [
      span(isSelected ? `${GLYPHS.pointer} ` : '  ', 'accent'),
      span(fitText(label, labelWidth), undefined, { inverse: isSelected }),
      span(`  ${hint}`, 'dim'),
    ];
  });
}

const LABEL_WIDTH_MAX = 44;
