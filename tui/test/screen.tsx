/** Ink as in production, drawing on an emulator instead of a terminal. */

import { EventEmitter } from 'node:events';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { render } from 'ink';
import type { ReactNode } from 'react';
import { clearOnResize } from '../terminal/clear-on-resize.ts';
import { type Sight, type Size, cellsOf, openEmulator, settled, textOf, waitForScreen } from './emulator.ts';

/** 0 plain, 1 the terminal's 16 colours, 2 256, 3 all. */
export type ColourLevel = 0 | 1 | 2 | 3;

/** As bytes, for `press`. */
const KEYS = {
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  'shift+tab': '\x1b[Z',
  backspace: '\x7f',
  delete: '\x1b[3~',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
};
export type KeyName = keyof typeof KEYS | `ctrl+${string}`;

export function bytesOf(key: KeyName): string {
  if (key in KEYS) return KEYS[key as keyof typeof KEYS];
  return String.fromCharCode(key.charCodeAt('ctrl+'.length) - 96);
}

// Ink's own copy: colours are a global setting of it, found where Ink finds it.
const inkFolder = dirname(Bun.resolveSync('ink', import.meta.dir));
const { default: chalk } = (await import(Bun.resolveSync('chalk', inkFolder))) as {
  default: { level: ColourLevel };
};

/** Mounts with differing colours must not overlap, unless one within the other: the level is Ink's, not the mount's. */
export function mountScreen(node: ReactNode, size: Size, colour: ColourLevel = 0) {
  const before = chalk.level;
  chalk.level = colour;
  const terminal = openEmulator(size);
  // As the kernel does between a program and its terminal.
  terminal.options.convertEol = true;
  let written = '';
  const stdout = Object.assign(new EventEmitter(), {
    isTTY: true,
    writable: true,
    ...size,
    write(text: string, done?: () => void) {
      written += text;
      terminal.write(text, done);
      return true;
    },
  });
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => undefined,
    ref: () => undefined,
    unref: () => undefined,
  });
  const app = render(node, {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 30,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
  });
  clearOnResize(app, stdout as unknown as NodeJS.WriteStream);

  return {
    type: (text: string) => void stdin.write(text),
    press: (key: KeyName) => void stdin.write(bytesOf(key)),
    resize({ columns, rows }: Size) {
      terminal.resize(columns, rows);
      Object.assign(stdout, { columns, rows });
      stdout.emit('resize');
    },
    rerender: app.rerender,
    screen: () => textOf(terminal),
    cells: () => cellsOf(terminal),
    /** Everything written so far. */
    bytes: () => written,
    waitFor: (sight: Sight, patienceMs?: number) => waitForScreen(terminal, sight, patienceMs),
    /** Until Ink has drawn what it was given and the emulator shows it. */
    async drawn() {
      await app.waitUntilRenderFlush();
      await settled(terminal);
    },
    unmount() {
      app.unmount();
      chalk.level = before;
    },
  };
}
