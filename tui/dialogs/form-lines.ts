/** A form, as much of it as fits: the field that is typed in is always seen, with what is wrong with it. */

import { GLYPHS } from '../look/look.ts';
import { span, wrapLine, type Line, type Span } from '../look/span.ts';
import { cutTo, fitText, widthOf, wrapText } from '../look/text.ts';
import { faultOf, isUntouched, valuesOf, type Field, type Form } from './dialog.ts';
import { inputLine } from './text-input.ts';

/** Hints and faults begin at one column while what is typed is no longer than this. */
const VALUE_WIDTH = 20;
/** A field with a note below it, and one line that says what enter does. */
const HEIGHT_MIN = 4;

/** @param said what stands above the fields; it gives way to them */
export function formLines(form: Form, said: readonly Line[], width: number, height: number): Line[] {
  const isRight = form.fields.every((field) => faultOf(form, field) === null);
  const preview = isRight ? form.preview(valuesOf(form)).flatMap((line) => wrapLine(line, width)) : [];
  const below: Line[] = [[], ...preview, ...(preview.length > 0 ? [[]] : []), lastLine(form, isRight)];
  const labelWidth = Math.max(...form.fields.map(({ label }) => widthOf(label)));
  const blocks = form.fields.map((field, index) => fieldLines(form, field, index, labelWidth, width));
  const fields = blocks.flat();
  if (said.length + fields.length + below.length <= height) return [...said, ...fields, ...below];
  const last = below.slice(-1);
  const withPreview = fields.length + below.length <= height ? below : last;
  const room = Math.max(HEIGHT_MIN - 1, height - withPreview.length);
  return [...windowOn(blocks, form.focused, room), ...withPreview];
}

/** As many fields as there is room for, the focused one among them, with a sign where there are more. */
function windowOn(blocks: readonly Line[][], focused: number, room: number): Line[] {
  const lines = blocks.flat();
  if (lines.length <= room) return lines;
  const start = blocks.slice(0, focused).flat().length;
  const end = start + (blocks[focused]?.length ?? 0);
  const first = Math.max(0, Math.min(lines.length - room, end - room + 1, start - 1));
  const shown = lines.slice(first, first + room);
  const after = lines.length - first - room;
  if (first > 0) shown[0] = [span(`  ${GLYPHS.up} more above`, 'dim')];
  if (after > 0) shown[room - 1] = [span(`  ${GLYPHS.down} more below`, 'dim')];
  return shown;
}

function lastLine(form: Form, isRight: boolean): Line {
  const at = span(`${form.focused + 1}/${form.fields.length}  `, 'dim');
  const isLast = form.focused === form.fields.length - 1;
  if (!isRight) return [at, span('tab: next field, escape: nothing is done', 'dim')];
  const ready = `${GLYPHS.ok} ${isLast ? 'enter' : 'ctrl+s'}: ${form.verb}`;
  return [at, span(ready, 'good'), span(isLast ? '' : '  enter: next field', 'dim')];
}

function fieldLines(form: Form, field: Field, index: number, labelWidth: number, width: number): Line[] {
  const isFocused = index === form.focused;
  const label = span(
    `${isFocused ? GLYPHS.pointer : ' '} ${field.label.padEnd(labelWidth)}  `,
    isFocused ? 'accent' : undefined,
  );
  const room = width - labelWidth - 4;
  const text = form.inputs[field.name]?.text ?? '';
  const note = noteOf(form, field, isFocused);
  const shown = valueLine(form, field, isFocused, room);
  const valueWidth = widthOf(text) + 1;
  const filled = valueWidth < VALUE_WIDTH ? ' '.repeat(VALUE_WIDTH - valueWidth) : ' ';
  if (note.text === '') return [[label, ...shown]];
  if (Math.max(valueWidth + 1, VALUE_WIDTH) + widthOf(note.text) <= room) {
    return [[label, ...shown, span(filled), note]];
  }
  const indent = ' '.repeat(labelWidth + 4);
  if (!isFocused) {
    return [
      [
        label,
        span(fitText(text, Math.min(room, VALUE_WIDTH))),
        { ...note, text: fitText(note.text, room - VALUE_WIDTH) },
      ],
    ];
  }
  return [
    [label, ...shown],
    ...wrapText(note.text, room).map((said): Line => [span(`${indent}${said}`, note.tone)]),
  ];
}

function valueLine(form: Form, field: Field, isFocused: boolean, width: number): Line {
  const input = form.inputs[field.name] ?? { text: '', cursor: 0 };
  if (!isFocused) return [span(`${cutTo(input.text, width)} `)];
  if (field.choices === undefined) {
    const isWhole = input.text !== '' && isUntouched(form, field);
    return isWhole
      ? [span(cutTo(input.text, width - 1), undefined, { inverse: true }), span(' ')]
      : inputLine(input, width);
  }
  return [span('← ', 'accent'), span(input.text, undefined, { inverse: true }), span(' →', 'accent')];
}

/** What is wrong once something was typed, else what may be. */
function noteOf(form: Form, field: Field, isFocused: boolean): Span {
  const fault = faultOf(form, field);
  const isShown = fault !== null && (form.wasTried || form.touched.has(field.name));
  if (isShown) return span(`${GLYPHS.no} ${fault}`, 'warn');
  return span(isFocused ? field.hint : '', 'dim');
}
