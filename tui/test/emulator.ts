/** A terminal emulator without a window. With Unicode 11 it agrees with Ink about how wide a character is. */

import { Unicode11Addon } from '@xterm/addon-unicode11';
import { Terminal } from '@xterm/headless';

export interface Size {
  columns: number;
  rows: number;
}

export function openEmulator({ columns, rows }: Size): Terminal {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  terminal.loadAddon(new Unicode11Addon() as never);
  terminal.unicode.activeVersion = '11';
  return terminal;
}

/** After this, the emulator shows everything that was written to it. */
export function settled(terminal: Terminal): Promise<void> {
  return new Promise((resolve) => {
    terminal.write('', resolve);
  });
}

/** What is seen, row by row, without the blanks at the ends. */
export function textOf(terminal: Terminal): string {
  return rowsOf(terminal)
    .map((row) => row?.translateToString(true) ?? '')
    .join('\n')
    .trimEnd();
}

/** One string per row that names every cell's character, colours and weight. */
export function cellsOf(terminal: Terminal): string[] {
  return rowsOf(terminal).map((row) =>
    Array.from({ length: terminal.cols }, (_, column) => {
      const cell = row?.getCell(column);
      if (!cell) return '';
      const looks = [cell.isBold(), cell.isDim(), cell.isItalic(), cell.isUnderline(), cell.isInverse()];
      const colours = `${cell.getFgColorMode()}.${cell.getFgColor()}/${cell.getBgColorMode()}.${cell.getBgColor()}`;
      return `${cell.getChars() || ' '} ${colours} ${looks.map(Number).join('')}`;
    }).join('|'),
  );
}

function rowsOf(terminal: Terminal) {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => active.getLine(active.baseY + row));
}

export type Sight = string | RegExp | ((screen: string) => boolean);

const PATIENCE_MS = 10_000;

/** Resolves with the screen once it shows what is waited for, and fails with the screen as it is. */
export async function waitForScreen(
  terminal: Terminal,
  sight: Sight,
  patienceMs = PATIENCE_MS,
): Promise<string> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    await settled(terminal);
    const screen = textOf(terminal);
    if (shows(screen, sight)) return screen;
    if (Date.now() > deadline) throw new Error(`waited for ${String(sight)}, but the screen is:\n${screen}`);
    await Bun.sleep(5);
  }
}

function shows(screen: string, sight: Sight): boolean {
  if (typeof sight === 'string') return screen.includes(sight);
  return sight instanceof RegExp ? sight.test(screen) : sight(screen);
}
