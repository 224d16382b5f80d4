/** A program in a real terminal: tmux, which is one, and can be asked what it shows. */

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installWithApt } from '@flash-sale/api/embedded/install.ts';
import type { Sight, Size } from './emulator.ts';

export interface TmuxSession {
  /** Keys as tmux names them ('Enter', 'Escape', 'C-p'), else text. */
  keys(...keys: string[]): Promise<void>;
  type(text: string): Promise<void>;
  resize(size: Size): Promise<void>;
  screen(): Promise<string>;
  /** With the escape sequences of its colours. */
  colouredScreen(): Promise<string>;
  /** Fails with the screen as it is when it does not show that in time. */
  waitFor(sight: Sight, withinMs?: number): Promise<string>;
  close(): Promise<void>;
}

const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 40;

export async function startTmux(
  command: string[],
  { columns, rows, env = {} }: Size & { env?: Record<string, string> },
): Promise<TmuxSession> {
  const program = await requireTmux();
  // A server of its own, which knows nothing of the user's.
  const socket = `flash-sale-${crypto.randomUUID()}`;
  const tmux = async (...args: string[]): Promise<string> => {
    const child = Bun.spawn([program, '-L', socket, '-f', '/dev/null', '-u', ...args], {
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [code, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
    if (code !== 0) throw new Error(`tmux ${args[0]}: ${err.trim()}`);
    return out;
  };
  const size = ['-x', String(columns), '-y', String(rows)];
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  await tmux(
    'new-session',
    '-d',
    ...size,
    ...variables,
    ...command,
    ';',
    'set',
    '-g',
    'remain-on-exit',
    'on',
    ';',
    'set',
    '-g',
    'status',
    'off',
  );
  const screen = async () => (await tmux('capture-pane', '-p')).trimEnd();
  return {
    screen,
    colouredScreen: () => tmux('capture-pane', '-e', '-p'),
    keys: async (...keys) => void (await tmux('send-keys', ...keys)),
    type: async (text) => void (await tmux('send-keys', '-l', text)),
    resize: async (to) => void (await tmux('resize-window', '-x', String(to.columns), '-y', String(to.rows))),
    async waitFor(sight, withinMs = PATIENCE_MS) {
      const deadlineMs = performance.now() + withinMs;
      for (;;) {
        const shown = await screen();
        if (shows(shown, sight)) return shown;
        if (performance.now() > deadlineMs) {
          throw new Error(`waited for ${String(sight)}, but the screen is:\n${shown}`);
        }
        await Bun.sleep(LOOK_EVERY_MS);
      }
    },
    close: async () => void (await tmux('kill-server')),
  };
}

function shows(screen: string, sight: Sight): boolean {
  if (typeof sight === 'string') return screen.includes(sight);
  return sight instanceof RegExp ? sight.test(screen) : sight(screen);
}

/** @throws when it is not here and may not be installed */
async function requireTmux(): Promise<string> {
  const found = Bun.which('tmux');
  if (found !== null) return found;
  const aptGet = Bun.which('apt-get');
  if (aptGet === null || process.getuid?.() !== 0) {
    throw new Error('tmux is not installed: install it with the package manager of this machine.');
  }
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  await installWithApt(aptGet, ['tmux'], {
    say,
    logFile: join(tmpdir(), `flash-sale-tmux-${process.pid}.log`),
  });
  const installed = Bun.which('tmux');
  if (installed === null) throw new Error('apt-get installed tmux, but it is not there.');
  return installed;
}
