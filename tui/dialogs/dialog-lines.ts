/** What a question looks like. */

import { bar } from '../look/bars.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line } from '../look/span.ts';
import { wrapText } from '../look/text.ts';
import { faultOf, valuesOf, type Dialog, type Field, type Form } from './dialog.ts';
import { inputLine } from './text-input.ts';

/** @param localMs `performance.now()` */
export function dialogLines(dialog: Dialog, width: number, localMs: number): Line[] {
  const said = dialog.lines.length === 0 ? [] : [...dialog.lines, []];
  switch (dialog.kind) {
    case 'confirm':
      return [...said, buttons(dialog.verb, dialog.isYesFocused)];
    case 'typed': {
      const isRight = dialog.input.text.trim() === dialog.word;
      const prompt: Line = [span('Type '), span(dialog.word, 'accent', { bold: true }), span(' to go on:')];
      const ready: Line = isRight
        ? [span(`${GLYPHS.ok} enter: ${dialog.verb}`, 'good')]
        : [span('escape: nothing is done', 'dim')];
      return [...said, prompt, [span('> ', 'accent'), ...inputLine(dialog.input, width - 2)], ready];
    }
    case 'choose':
      return [
        ...said,
        ...dialog.choices.map(({ label, hint = '' }, index) =>
          choiceLine(label, hint, index === dialog.selected),
        ),
      ];
    case 'form':
      return [...said, ...formLines(dialog, width)];
    case 'countdown': {
      const leftMs = Math.max(0, dialog.endsAtMs - localMs);
      const seconds = Math.ceil(leftMs / 1_000);
      return [
        ...said,
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

function buttons(verb: string, isYesFocused: boolean): Line {
  return [
    span(isYesFocused ? '  ' : `${GLYPHS.pointer} `, 'accent'),
    span(' No, cancel ', undefined, { inverse: !isYesFocused, bold: !isYesFocused }),
    span(isYesFocused ? `  ${GLYPHS.pointer} ` : '    ', 'accent'),
    span(` Yes, ${verb} `, 'warn', { inverse: isYesFocused, bold: isYesFocused }),
    span('   y/n', 'dim'),
  ];
}

function choiceLine(label: string, hint: string, isSelected: boolean): Line {
  return [
    span(isSelected ? `${GLYPHS.pointer} ` : '  ', 'accent'),
    span(label.padEnd(14), undefined, { inverse: isSelected }),
    span(`  ${hint}`, 'dim'),
  ];
}

function formLines(form: Form, width: number): Line[] {
  const labelWidth = Math.max(...form.fields.map(({ label }) => label.length));
  const lines = form.fields.flatMap((field, index) => fieldLines(form, field, index, labelWidth, width));
  const isRight = form.fields.every((field) => faultOf(form, field) === null);
  const isLast = form.focused === form.fields.length - 1;
  const last: Line = isRight
    ? [span(isLast ? `${GLYPHS.ok} enter: ${form.verb}` : 'enter: next field', isLast ? 'good' : 'dim')]
    : [span('escape: nothing is done', 'dim')];
  const preview = isRight ? form.preview(valuesOf(form)) : [];
  return [...lines, [], ...preview, ...(preview.length > 0 ? [[]] : []), last];
}

function fieldLines(form: Form, field: Field, index: number, labelWidth: number, width: number): Line[] {
  const isFocused = index === form.focused;
  const input = form.inputs[field.name] ?? { text: '', cursor: 0 };
  const isTyped = field.choices === undefined;
  const value: Line =
    isFocused && isTyped
      ? inputLine(input, width - labelWidth - 4)
      : [span(shownValue(field, input.text, isFocused))];
  const fault = faultOf(form, field);
  const isFaultShown = fault !== null && (form.wasTried || form.touched.has(field.name));
  const note: Line = isFaultShown
    ? [span(`  ${GLYPHS.no} ${fault}`, 'warn')]
    : [span(isFocused ? `  ${field.hint}` : '', 'dim')];
  const label = span(
    `${isFocused ? GLYPHS.pointer : ' '} ${field.label.padEnd(labelWidth)}  `,
    isFocused ? 'accent' : undefined,
  );
  const isLong = labelWidth + 4 + input.text.length + (note[0]?.text.length ?? 0) > width;
  if (!isLong) return [[label, ...value, ...note]];
  const below = wrapText(note[0]?.text.trim() ?? '', width - labelWidth - 4);
  return [
    [label, ...value],
    ...below.map((text): Line => [span(`${' '.repeat(labelWidth + 4)}${text}`, note[0]?.tone)]),
  ];
}

function shownValue({ choices }: Field, text: string, isFocused: boolean): string {
  return choices === undefined || !isFocused ? text : `← ${text} →`;
}
