/** A program in a real pseudo-terminal, its output shown by an emulator. */

import { type Sight, type Size, openEmulator, settled, textOf, waitForScreen } from './emulator.ts';
import { type KeyName, bytesOf } from './screen.tsx';

interface Options extends Size {
  env?: Record<string, string | undefined>;
}

/** What programs draw by beside the terminal itself: a test is the same in a terminal, in tmux and in CI. */
const SURROUNDINGS = {
  TERM: 'xterm-256color',
  LC_ALL: 'en_US.UTF-8',
  CI: undefined,
  COLORTERM: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  SSH_CONNECTION: undefined,
  SSH_TTY: undefined,
  TMUX: undefined,
};

export function startPty(command: string[], { columns, rows, env }: Options) {
  const emulator = openEmulator({ columns, rows });
  const chunks: Buffer[] = [];
  const child = Bun.spawn(command, {
    env: { ...process.env, ...SURROUNDINGS, ...env },
    // Written here and not made before: only so it becomes the program's controlling terminal, with job control.
    terminal: {
      cols: columns,
      rows,
      data(_, data) {
        chunks.push(Buffer.from(data));
        emulator.write(data);
      },
    },
  });
  const pty = child.terminal;
  if (!pty) throw new Error('Bun.spawn gave no pseudo-terminal');
  // The answers of a terminal to what programs ask it.
  emulator.onData((answer) => pty.write(answer));
  const cooked = pty.localFlags;
  const bytes = (): string => Buffer.concat(chunks).toString();

  return {
    pid: child.pid,
    exited: child.exited,
    type: (text: string) => void pty.write(text),
    press: (key: KeyName) => void pty.write(bytesOf(key)),
    signal: (name: NodeJS.Signals) => child.kill(name),
    resize(size: Size) {
      emulator.resize(size.columns, size.rows);
      pty.resize(size.columns, size.rows);
    },
    screen: () => textOf(emulator),
    waitFor: (sight: Sight, patienceMs?: number) => waitForScreen(emulator, sight, patienceMs),
    bytes,
    /** As when its window is closed. */
    close: () => pty.close(),
    /** What a program may leave behind. */
    async modes() {
      await settled(emulator);
      return {
        alternateScreen: emulator.buffer.active.type === 'alternate',
        cursorHidden: isOn(bytes(), '25l', '25h'),
        mouse: emulator.modes.mouseTrackingMode !== 'none',
        focus: emulator.modes.sendFocusMode,
        bracketedPaste: emulator.modes.bracketedPasteMode,
        synchronised: emulator.modes.synchronizedOutputMode,
        raw: pty.localFlags !== cooked,
      };
    },
    /** Ends the program if it still runs. */
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await child.exited;
      pty.close();
    },
  };
}

function isOn(bytes: string, on: string, off: string): boolean {
  return bytes.lastIndexOf(`\x1b[?${on}`) > bytes.lastIndexOf(`\x1b[?${off}`);
}
