import { expect, test } from 'bun:test';
import { lineWidth, textOf } from '../look/span.ts';
import { dialogLines } from './dialog-lines.ts';
import { initialInputs, type Field, type Form } from './dialog.ts';
import { formLines } from './form-lines.ts';
import { typeIntoDialog } from './typing.ts';

const FIELDS: readonly Field[] = Array.from({ length: 12 }, (_, index) => ({
  name: `f${index}`,
  label: `Field ${index}`,
  initial: String(index),
  hint: 'a number',
  check: (text) =>
    /^\d+$/.test(text) ? null : `"${text}" is no number, and this text is longer than a narrow line`,
}));

const WRONG = FIELDS.map((field) => ({
  ...field,
  initial: 'what is typed here goes on and on, beyond the box',
}));

function form(more: Partial<Form> = {}): Form {
  return {
    kind: 'form',
    title: 'Form',
    lines: [],
    verb: 'do it',
    fields: FIELDS,
    inputs: initialInputs(FIELDS),
    focused: 0,
    wasTried: false,
    touched: new Set(),
    preview: () => [[{ text: 'preview' }]],
    answer: () => {},
    ...more,
  };
}

const shown = (of: Form, width: number, height: number) => formLines(of, [], width, height).map(textOf);

test('however low the screen is, the field that is typed in is seen, with what enter does', () => {
  for (const height of [5, 8, 9, 14, 20]) {
    for (let focused = 0; focused < FIELDS.length; focused += 1) {
      const lines = shown(form({ focused }), 56, height);
      expect(lines.length).toBeLessThanOrEqual(height);
      expect(lines.join('\n')).toContain(`▌ Field ${focused} `);
      expect(lines.at(-1)).toStartWith(`${focused + 1}/12`);
      const wrong = form({ focused, wasTried: true, inputs: initialInputs(WRONG) });
      for (const line of formLines(wrong, [], 56, height)) expect(lineWidth(line)).toBeLessThanOrEqual(56);
      expect(shown(wrong, 56, height).join('\n')).toContain(`▌ Field ${focused} `);
    }
  }
});

test('where there is room, all fields and what they come to are seen', () => {
  const lines = shown(form(), 72, 20);
  expect(lines.filter((line) => line.includes('Field'))).toHaveLength(12);
  expect(lines).toContain('preview');
});

test('what a field says at first gives way to what is typed; who moves in it edits it', () => {
  const typed = typeIntoDialog(typeIntoDialog(form(), '4', '4'), '2', '2') as Form;
  expect(typed.inputs['f0']?.text).toBe('42');
  const moved = typeIntoDialog(typeIntoDialog(form({ focused: 3 }), 'end', ''), '1', '1') as Form;
  expect(moved.inputs['f3']?.text).toBe('31');
});

test('a key that means nothing in a field takes nothing away', () => {
  for (const key of ['ctrl+l', 'ctrl+z', 'alt+x', 'shift+left']) {
    expect((typeIntoDialog(form({ focused: 3 }), key, '') as Form).inputs['f3']?.text).toBe('3');
  }
});

test('what is wrong is said while it is typed, and nothing is previewed', () => {
  const wrong = typeIntoDialog(form(), 'x', 'x') as Form;
  const lines = shown(wrong, 72, 30);
  expect(lines.join(' ')).toContain('× "x" is no number');
  expect(lines).not.toContain('preview');
  expect(shown(form(), 72, 30).join(' ')).not.toContain('×');
});

test('a sentence goes on below where it is too long, and what is asked is seen however low the screen is', () => {
  const sentence = 'From now on nothing is held and nothing becomes an order, even while Redis is away.';
  const lines = [[{ text: sentence }], [{ text: 'Second.' }]];
  const confirm = {
    kind: 'confirm',
    title: 'Halt?',
    lines,
    verb: 'halt it',
    isYesFocused: false,
    why: null,
    answer() {},
  } as const;
  const said = (height: number) => dialogLines(confirm, { width: 40, height }, 0).map(textOf);
  expect(said(20).join(' ').replaceAll(/ +/g, ' ')).toContain('even while Redis is away.');
  expect(said(2)).toHaveLength(2);
  expect(said(2).at(-1)).toContain('Yes, halt it');
});
