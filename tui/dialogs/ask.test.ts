import { describe, expect, test } from 'bun:test';
import { initialState } from '../state/initial-state.ts';
import { createStore } from '../state/store.ts';
import { createAsk, dismiss } from './ask.ts';
import { typeIntoDialog } from './typing.ts';

const context = { name: 'test', url: '', color: null, isReadOnly: false, ownsStack: false };
const start = { context, columns: 80, rows: 24, isReducedMotion: false, isLinear: false };

function room() {
  const store = createStore(initialState(start));
  const dialog = () => {
    const { dialog: shown } = store.get();
    if (shown === null) throw new Error('nothing is asked');
    return shown;
  };
  const type = (text: string) => {
    for (const letter of text) {
      store.set((state) => ({ ...state, dialog: typeIntoDialog(dialog(), letter, letter) }));
    }
  };
  return { store, dialog, type, ask: createAsk(store) };
}

describe('a question', () => {
  test('is answered once, and gone', async () => {
    const { store, dialog, ask } = room();
    const answer = ask.confirm({ title: 'Release?', verb: 'release' });
    const asked = dialog();
    expect(asked).toMatchObject({ kind: 'confirm', isYesFocused: false });
    if (asked.kind === 'confirm') asked.answer(true);
    expect(store.get().dialog).toBeNull();
    expect(await answer).toBe(true);
  });

  test('is answered with no by the next one', async () => {
    const { dialog, ask } = room();
    const first = ask.form({
      title: 'First',
      verb: 'do',
      fields: [{ name: 'a', label: 'A', hint: '', check: () => null }],
    });
    const second = ask.confirm({ title: 'Second', verb: 'do' });
    expect(await first).toBeNull();
    expect(dialog().title).toBe('Second');
    dismiss(dialog());
    expect(await second).toBe(false);
  });

  test('takes the word that is typed', async () => {
    const { dialog, type, ask } = room();
    void ask.typed({ title: 'Launch?', verb: 'launch', word: 'lamp' });
    type('lamp');
    expect(dialog()).toMatchObject({ input: { text: 'lamp' } });
  });

  test('is chosen from by the first letter of a choice, in either case', () => {
    const { dialog, type, ask } = room();
    const choices = ['id', 'JSON', 'curl'].map((label) => ({ label, value: label }));
    void ask.choose({ title: 'Copy', choices });
    type('J');
    expect(dialog()).toMatchObject({ selected: 1 });
    type('c');
    expect(dialog()).toMatchObject({ selected: 2 });
    type('x');
    expect(dialog()).toMatchObject({ selected: 2 });
  });
});

describe('a countdown', () => {
  test('answers yes by itself', async () => {
    const { store, ask } = room();
    expect(await ask.countdown({ title: 'Launching', verb: 'launch', ms: 20 })).toBe(true);
    expect(store.get().dialog).toBeNull();
  });

  test('answers no when somebody says so, and the next question is not answered by it', async () => {
    const { dialog, ask } = room();
    const answer = ask.countdown({ title: 'Launching', verb: 'launch', ms: 20 });
    dismiss(dialog());
    expect(await answer).toBe(false);
    const next = ask.countdown({ title: 'Again', verb: 'launch', ms: 60_000 });
    const later = ask.countdown({ title: 'Third', verb: 'launch', ms: 20 });
    expect(await Promise.all([next, later])).toEqual([false, true]);
  });

  test('answers no when it could not be heard for long', async () => {
    const { ask } = room();
    const answer = ask.countdown({ title: 'Launching', verb: 'launch', ms: 20 });
    // As a terminal that takes nothing does: everything stands still, keys too.
    Bun.sleepSync(1_100);
    expect(await answer).toBe(false);
  });
});
