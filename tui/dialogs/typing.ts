/** What keys do in a dialog beside those of `dialog-actions.ts`: they type, or pick. */

import { isUntouched, type Dialog, type Field, type Form } from './dialog.ts';
import { edit, insert, NO_TEXT, textInput, type TextInput } from './text-input.ts';
import { withWhy } from './why.ts';

export function typeIntoDialog(dialog: Dialog, key: string, text: string): Dialog {
  switch (dialog.kind) {
    case 'confirm':
    case 'typed':
      if (dialog.why?.isFocused === true) {
        return { ...dialog, why: withWhy(dialog.why, typed(dialog.why.input, key, text)) };
      }
      return dialog.kind === 'typed' ? { ...dialog, input: typed(dialog.input, key, text) } : dialog;
    case 'form':
      return typeIntoForm(dialog, key, text);
    case 'choose': {
      // The next one that begins so, round and round.
      const { choices, selected } = dialog;
      const turned = [...choices.slice(selected + 1), ...choices.slice(0, selected + 1)];
      const named = turned.find(
        ({ label }) => text !== '' && label.toLowerCase().startsWith(text.toLowerCase()),
      );
      return named === undefined ? dialog : { ...dialog, selected: choices.indexOf(named) };
    }
    case 'countdown':
      return dialog;
  }
}

function typeIntoForm(form: Form, key: string, text: string): Form {
  const field = form.fields[form.focused];
  if (field === undefined) return form;
  const before = form.inputs[field.name] ?? NO_TEXT;
  if (field.choices !== undefined) {
    return withInput(form, field, textInput(picked(field.choices, before.text, key, text)));
  }
  // What is there at first gives way to what is typed; who moves in it edits it.
  const from = isUntouched(form, field) ? NO_TEXT : before;
  const input = edit(before, key) ?? (text === '' ? null : insert(from, text));
  // A key that means nothing here takes nothing away.
  return input === null ? form : withInput(form, field, input);
}

function withInput(form: Form, { name }: Field, input: TextInput): Form {
  return {
    ...form,
    inputs: { ...form.inputs, [name]: input },
    touched: new Set([...form.touched, name]),
  };
}

function typed(input: TextInput, key: string, text: string): TextInput {
  return edit(input, key) ?? insert(input, text);
}

function picked(choices: readonly string[], now: string, key: string, text: string): string {
  const step = key === 'left' ? -1 : key === 'right' || key === 'space' ? 1 : 0;
  if (step !== 0) {
    return choices.at((choices.indexOf(now) + step + choices.length) % choices.length) ?? now;
  }
  return choices.find((choice) => text !== '' && choice.toLowerCase().startsWith(text.toLowerCase())) ?? now;
}
