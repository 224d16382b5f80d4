import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { lineWidth, plain, textOf } from '../look/span.ts';
import { initialInputs, type Dialog, type Field } from './dialog.ts';
import { dialogLines } from './dialog-lines.ts';
import { NO_TEXT } from './text-input.ts';
import { NO_WHY } from './why.ts';

const LONG = 'From now on nobody gets a unit of this sale, until it is resumed; what is held stays held.';
const lines = [plain(LONG), plain('Short.')];
const answer = () => {};
const fields = ['name', 'price', 'allotment', 'opens'].map((name): Field => ({
  name,
  label: name,
  hint: LONG,
  check: (value) => (value === 'x' ? LONG : null),
}));
const form = {
  kind: 'form',
  title: 'Form',
  lines,
  verb: 'save',
  fields,
  inputs: initialInputs(fields),
  focused: 0,
  wasTried: false,
  touched: new Set<string>(),
  preview: () => [plain(LONG)],
  answer,
} as const;
const dialogs: readonly Dialog[] = [
  { kind: 'confirm', title: 'Sure?', lines, verb: 'pause', isYesFocused: false, why: null, answer },
  { kind: 'typed', title: 'Sure?', lines, verb: 'end', word: 'lamp', input: NO_TEXT, why: null, answer },
  { kind: 'confirm', title: 'Sure?', lines, verb: 'halt', isYesFocused: false, why: NO_WHY, answer },
  { kind: 'typed', title: 'Sure?', lines, verb: 'end', word: 'lamp', input: NO_TEXT, why: NO_WHY, answer },
  {
    kind: 'choose',
    title: 'Which?',
    lines,
    choices: [{ label: 'this', value: 'this' }],
    selected: 0,
    answer,
  },
  { kind: 'countdown', title: 'Soon', lines, verb: 'launch', endsAtMs: 5_000, answer },
  form,
];
const shownOf = (dialog: Dialog, width: number, height: number) =>
  dialogLines(dialog, { width, height }, 0).map(textOf);

describe('a question', () => {
  test('says all of it where there is room, on lines as wide as the box', () => {
    for (const dialog of dialogs) {
      for (const width of [36, 50, 72]) {
        const shown = dialogLines(dialog, { width, height: 60 }, 0);
        for (const line of shown.slice(0, 4)) expect(lineWidth(line)).toBeLessThanOrEqual(width);
        const words = shown.map(textOf).join(' ').replaceAll(/\s+/g, ' ');
        expect(words, dialog.kind).toContain(`${LONG} Short.`);
      }
    }
  });

  test('is never taller than the screen, and always says how it is answered', () => {
    const asked = {
      confirm: 'No, cancel',
      typed: '> ',
      choose: 'this',
      countdown: 'n or escape',
      form: '1/4',
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...dialogs),
        fc.integer({ min: 36, max: 72 }),
        fc.integer({ min: 5, max: 30 }),
        (dialog, width, height) => {
          const shown = shownOf(dialog, width, height);
          expect(shown.length).toBeLessThanOrEqual(height);
          expect(shown.join('\n')).toContain(asked[dialog.kind]);
        },
      ),
    );
  });

  test('of a form always shows the field that is typed in, with what is wrong with it', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.integer({ min: 5, max: 12 }), (focused, height) => {
        const inputs = Object.fromEntries(fields.map(({ name }) => [name, { text: 'x', cursor: 1 }]));
        const dialog: Dialog = {
          ...form,
          focused,
          inputs,
          wasTried: true,
          touched: new Set(Object.keys(inputs)),
        };
        const shown = shownOf(dialog, 72, height);
        expect(shown.join('\n')).toContain(`▌ ${fields[focused]?.name}`);
        expect(shown.join('\n')).toContain('× From now on nobody');
        expect(shown.length).toBeLessThanOrEqual(height);
      }),
    );
  });
});
