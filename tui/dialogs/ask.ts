/** Asks, and waits for the answer: an action reads from top to bottom. One question at a time. */

import type { Store } from '../state/store.ts';
import { initialInputs, type Choice, type Dialog, type Field, type Values } from './dialog.ts';
import { NO_TEXT } from './text-input.ts';
import type { Line } from '../look/span.ts';
import { NO_WHY } from './why.ts';

interface Question {
  readonly title: string;
  readonly lines?: readonly Line[];
}

interface QuestionWithReason extends Question {
  readonly verb: string;
  readonly word?: string;
}

interface FormQuestion extends Question {
  readonly verb: string;
  readonly fields: readonly Field[];
  readonly preview?: (values: Values) => readonly Line[];
}

/** Yes. */
export interface Sure {
  /** Empty: nobody said why. */
  readonly reason: string;
}

export interface Ask {
  /** Yes or no; no is what enter says at first. */
  confirm(question: Question & { readonly verb: string }): Promise<boolean>;
  /** Yes, by typing a word. */
  typed(question: Question & { readonly verb: string; readonly word: string }): Promise<boolean>;
  /**
   * Yes, by typing a word where there is one; with a line for why, which may stay empty.
   * @returns null: no
   */
  withReason(question: QuestionWithReason): Promise<Sure | null>;
  choose(question: Question & { readonly choices: readonly Choice[] }): Promise<string | null>;
  form(question: FormQuestion): Promise<Values | null>;
  /** Yes after that time unless somebody says no. */
  countdown(question: Question & { readonly verb: string; readonly ms: number }): Promise<boolean>;
}

/** A terminal that stands still keeps keys from us. */
const UNHEARD_MS = 1_000;

export function createAsk(store: Store): Ask {
  const open = <Reply>(make: (answer: (reply: Reply) => void) => Dialog): Promise<Reply> => {
    // Whoever is asked something new has not answered what was asked before.
    const before = store.get().dialog;
    if (before !== null) dismiss(before);
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const answer = (reply: Reply) => {
      store.set((state) => ({ ...state, dialog: null }));
      resolve(reply);
    };
    store.set((state) => ({ ...state, dialog: make(answer) }));
    return promise;
  };
  return {
    confirm: ({ title, lines = [], verb }) =>
      open<boolean>((answer) => ({
        kind: 'confirm',
        title,
        lines,
        verb,
        isYesFocused: false,
        why: null,
        answer,
      })),
    typed: ({ title, lines = [], verb, word }) =>
      open<boolean>((answer) => ({
        kind: 'typed',
        title,
        lines,
        verb,
        word,
        input: NO_TEXT,
        why: null,
        answer,
      })),
    withReason: (question) =>
      open<Sure | null>((reply) =>
        askedWithReason(question, (isYes) => {
          reply(isYes ? { reason: reasonIn(store.get().dialog) } : null);
        }),
      ),
    choose: ({ title, lines = [], choices }) =>
      open<string | null>((answer) => ({ kind: 'choose', title, lines, choices, selected: 0, answer })),
    form: (question) => open<Values | null>((answer) => formOf(question, answer)),
    async countdown({ title, lines = [], verb, ms }) {
      const endsAtMs = performance.now() + ms;
      const timer = setTimeout(() => {
        const { dialog } = store.get();
        // Whoever could not be heard for so long may have said no.
        const isHeard = performance.now() - endsAtMs < UNHEARD_MS;
        if (dialog?.kind === 'countdown' && dialog.endsAtMs === endsAtMs) dialog.answer(isHeard);
      }, ms);
      try {
        return await open<boolean>((answer) => ({ kind: 'countdown', title, lines, verb, endsAtMs, answer }));
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function askedWithReason(
  { title, lines = [], verb, word }: QuestionWithReason,
  answer: (isYes: boolean) => void,
): Dialog {
  const asked = { title, lines, verb, why: NO_WHY, answer };
  return word === undefined
    ? { ...asked, kind: 'confirm', isYesFocused: false }
    : { ...asked, kind: 'typed', word, input: NO_TEXT };
}

function formOf(
  { title, lines = [], verb, fields, preview = () => [] }: FormQuestion,
  answer: (values: Values | null) => void,
): Dialog {
  return {
    kind: 'form',
    title,
    lines,
    verb,
    fields,
    inputs: initialInputs(fields),
    focused: 0,
    wasTried: false,
    touched: new Set(),
    preview,
    answer,
  };
}

/** What was typed; empty when nothing was, or nothing is asked. */
function reasonIn(dialog: Dialog | null): string {
  const why = dialog?.kind === 'confirm' || dialog?.kind === 'typed' ? dialog.why : null;
  return why?.input.text.trim() ?? '';
}

/** Says no. */
export function dismiss(dialog: Dialog): void {
  if (dialog.kind === 'form' || dialog.kind === 'choose') dialog.answer(null);
  else dialog.answer(false);
}
