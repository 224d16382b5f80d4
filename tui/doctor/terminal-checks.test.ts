import { EventEmitter } from 'node:events';
import { expect, test } from 'bun:test';
import { openEmulator, settled, textOf } from '../test/emulator.ts';
import { SAMPLES, terminalChecks, type TerminalFacts } from './terminal-checks.ts';
import { measureWidths } from './width-probe.ts';

const FACTS: TerminalFacts = {
  term: 'xterm-256color',
  locale: 'en_US.UTF-8',
  size: { columns: 80, rows: 24 },
  colorBits: 8,
  isOverSsh: false,
  isInsideTmux: false,
  hasWayland: false,
  hasX11: false,
};
const LOOK = { ascii: false, color: 'default' } as const;

/** A terminal whose two ends are here. */
function terminal({ isWide = false, answers = true } = {}) {
  const emulator = openEmulator({ columns: 80, rows: 24 });
  if (isWide) {
    // As where signs of ambiguous width are drawn as wide as Chinese ones.
    const wcwidth = (code: number): 1 | 2 => (code > 0x7f ? 2 : 1);
    const charProperties = (code: number) => wcwidth(code) << 1;
    emulator.unicode.register({ version: 'wide', wcwidth, charProperties });
    emulator.unicode.activeVersion = 'wide';
  }
  const raw: boolean[] = [];
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (isRaw: boolean) => raw.push(isRaw),
    resume: () => {},
    pause: () => {},
  });
  if (answers) emulator.onData((answer) => input.emit('data', Buffer.from(answer)));
  const tty = { input: input as never, output: { write: (text: string) => emulator.write(text) } };
  return {
    tty,
    raw,
    screen: async () => {
      await settled(emulator);
      return textOf(emulator);
    },
  };
}

const verdicts = async (...of: Parameters<typeof terminalChecks>) =>
  Object.fromEntries((await terminalChecks(...of)).map(({ name, verdict }) => [name, verdict]));
const right = async (texts: readonly string[]) => texts.map((text) => Bun.stringWidth(text));

test('a terminal that can show everything', async () => {
  const { tty, raw, screen } = terminal();
  expect(await verdicts(LOOK, FACTS, (texts) => measureWidths(texts, tty))).toEqual({
    terminal: 'ok',
    size: 'ok',
    colours: 'ok',
    locale: 'ok',
    characters: 'ok',
    clipboard: 'ok',
  });
  expect(raw).toEqual([true, false]);
  expect(await screen()).toBe('');
});

test('one that draws our signs wide', async () => {
  const { tty } = terminal({ isWide: true });
  expect((await measureWidths(['a', '█', 'ab│'], tty))?.join()).toBe('1,2,4');
  expect(await verdicts(LOOK, FACTS, (texts) => measureWidths(texts, tty))).toMatchObject({
    characters: 'warn',
  });
});

test('one that does not say where its cursor is: it is not waited for long, and left as it was', async () => {
  const { tty, raw } = terminal({ answers: false });
  const startedAtMs = performance.now();
  expect(await measureWidths(SAMPLES, tty, 50)).toBeNull();
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  expect(raw).toEqual([true, false]);
  expect(await verdicts(LOOK, FACTS, async () => null)).toMatchObject({ characters: 'warn' });
});

test('none at all, or one that can do little', async () => {
  expect(await verdicts(LOOK, { ...FACTS, size: null }, right)).toEqual({ terminal: 'warn' });
  const little = { ...FACTS, size: { columns: 30, rows: 24 }, colorBits: 1, locale: 'C' };
  expect(await verdicts(LOOK, little, right)).toMatchObject({
    size: 'warn',
    colours: 'warn',
    locale: 'warn',
  });
});

test('what was asked for is no fault', async () => {
  const plain = { ascii: true, color: 'none' } as const;
  const checks = await verdicts(plain, { ...FACTS, colorBits: 1, locale: '' }, right);
  expect(new Set(Object.values(checks))).toEqual(new Set(['ok']));
});
