/** The keys of questions. */

import type { Action } from '../actions/action.ts';
import type { Desk } from '../desk.ts';
import { dismiss } from './ask.ts';
import { faultOf, valuesOf, type Dialog, type Form } from './dialog.ts';

const here = { place: 'dialog', does: 'looks' } as const;

const update = ({ store }: Desk, change: (dialog: Dialog) => Dialog) =>
  store.set((state) => (state.dialog === null ? state : { ...state, dialog: change(state.dialog) }));

export const DIALOG_ACTIONS: readonly Action[] = [
  {
    ...here,
    id: 'dialog.accept',
    keys: ['enter'],
    title: 'Answer with what is focused; in a form, go on',
    hint: 'answer',
    run: accept,
  },
  {
    ...here,
    id: 'dialog.done',
    keys: ['ctrl+s'],
    title: 'Answer a form as it is, from any of its fields',
    run: (desk) => {
      const { dialog } = desk.store.get();
      if (dialog?.kind === 'form') finish(desk, dialog);
    },
  },
  {
    ...here,
    id: 'dialog.dismiss',
    keys: ['escape', 'ctrl+c'],
    title: 'Answer no: nothing is done',
    hint: 'cancel',
    run: ({ store }) => {
      const { dialog } = store.get();
      if (dialog !== null) dismiss(dialog);
    },
  },
  {
    ...here,
    id: 'dialog.next',
    keys: ['tab', 'down'],
    title: 'Next button, choice or field',
    hint: 'next',
    run: (desk) => update(desk, (dialog) => step(dialog, 1)),
  },
  {
    ...here,
    id: 'dialog.previous',
    keys: ['shift+tab', 'up'],
    title: 'Previous button, choice or field',
    run: (desk) => update(desk, (dialog) => step(dialog, -1)),
  },
];

/** Letters that answer where nothing is typed. @returns whether it was one */
export function answerByLetter(dialog: Dialog, key: string): boolean {
  if (dialog.kind !== 'confirm' && dialog.kind !== 'countdown') return false;
  if (dialog.kind === 'confirm' && dialog.why?.isFocused === true) return false;
  if (key === 'n' || key === 'q') dismiss(dialog);
  else if (key === 'y' && dialog.kind === 'confirm') dialog.answer(true);
  else return false;
  return true;
}

function step(dialog: Dialog, by: 1 | -1): Dialog {
  switch (dialog.kind) {
    case 'confirm': {
      const { why, isYesFocused } = dialog;
      if (why === null) return { ...dialog, isYesFocused: !isYesFocused };
      // No, yes, why, and round again.
      const next = turn(why.isFocused ? 2 : Number(isYesFocused), by, 3);
      return { ...dialog, isYesFocused: next === 1, why: { ...why, isFocused: next === 2 } };
    }
    case 'choose':
      return { ...dialog, selected: turn(dialog.selected, by, dialog.choices.length) };
    case 'form': {
      const left = dialog.fields[dialog.focused]?.name ?? '';
      const touched = new Set([...dialog.touched, left]);
      return { ...dialog, touched, focused: turn(dialog.focused, by, dialog.fields.length) };
    }
    case 'typed': {
      const { why } = dialog;
      return why === null ? dialog : { ...dialog, why: { ...why, isFocused: !why.isFocused } };
    }
    case 'countdown':
      return dialog;
  }
}

function turn(index: number, by: number, length: number): number {
  return (index + by + length) % length;
}

function accept(desk: Desk): void {
  const { dialog } = desk.store.get();
  switch (dialog?.kind) {
    case 'confirm':
    case 'typed':
      // Out of the line for why, back to what decides.
      if (dialog.why?.isFocused === true) update(desk, (open) => step(open, -1));
      else if (dialog.kind === 'confirm') dialog.answer(dialog.isYesFocused);
      else if (dialog.input.text.trim() === dialog.word) dialog.answer(true);
      return;
    case 'choose':
      dialog.answer(dialog.choices[dialog.selected]?.value ?? null);
      return;
    case 'form':
      acceptForm(desk, dialog);
      return;
    case 'countdown':
    case undefined:
      return;
  }
}

/** From field to field, and out of the last one. */
function acceptForm(desk: Desk, form: Form): void {
  if (form.focused < form.fields.length - 1) update(desk, (dialog) => step(dialog, 1));
  else finish(desk, form);
}

/** When all fields are right; else to the first that is not. */
function finish(desk: Desk, form: Form): void {
  const wrong = form.fields.findIndex((field) => faultOf(form, field) !== null);
  if (wrong === -1) form.answer(valuesOf(form));
  else {
    update(desk, (dialog) => ({
      ...dialog,
      ...(dialog.kind === 'form' && { focused: wrong, wasTried: true }),
    }));
  }
}
