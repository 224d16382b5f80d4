/** Lends the terminal: to the shell (ctrl+z), to a pager, or to nobody (then it is drawn afresh). */

import { setImmediate } from 'node:timers/promises';
import type { useApp } from 'ink';
import type { ScreenModes } from './screen-modes.ts';

/** Longer than a stop takes to arrive. It runs on after the stop, so a shell's `fg` ends it at once. */
const STOP_MS = 50;

export interface LentTerminal {
  /** ctrl+z. Where no shell would take over (the program is all there is), the screen comes straight back. */
  readonly stop: () => Promise<void>;
  /** ctrl+l: whatever wrote over the screen is gone. */
  readonly redraw: () => Promise<void>;
  /** @param command e.g. ['less', '-R']; it gets `text` on stdin and the keys from the terminal */
  readonly page: (text: string, command: string[]) => Promise<void>;
}

/** Once per program: it also redraws when another program's SIGSTOP is over. */
export function lendTerminal(
  suspendTerminal: ReturnType<typeof useApp>['suspendTerminal'],
  modes: ScreenModes,
): LentTerminal {
  let isLent = false;
  const lend = async (turn: () => void | Promise<void>): Promise<void> => {
    if (isLent) return;
    isLent = true;
    try {
      await suspendTerminal(async () => {
        modes.pause();
        await turn();
      });
    } finally {
      modes.resume();
      isLent = false;
    }
  };
  const redraw = (): Promise<void> => lend(() => undefined);
  process.on('SIGCONT', () => void redraw());
  return {
    redraw,
    stop: () => lend(stopWithGroup),
    page: (text, command) => lend(() => undisturbed(() => runPager(text, command))),
  };
}

async function stopWithGroup(): Promise<void> {
  // The whole group, as the terminal itself does it: the shell waits for `bun run`, not for us.
  process.kill(0, 'SIGTSTP');
  await Bun.sleep(STOP_MS);
}

/** Synchronous, because an asynchronous child loses keys to Bun's own reading of stdin. */
function runPager(text: string, command: string[]): void {
  Bun.spawnSync(command, { stdin: Buffer.from(text), stdout: 'inherit', stderr: 'inherit' });
}

/** ctrl+c in a pager reaches us too, and is not meant for us. */
async function undisturbed(turn: () => void): Promise<void> {
  const ignore = (): void => undefined;
  const listeners = process.rawListeners('SIGINT') as (() => void)[];
  process.on('SIGINT', ignore);
  for (const listener of listeners) process.off('SIGINT', listener);
  try {
    turn();
    // The signal is told to us only now.
    await setImmediate();
  } finally {
    for (const listener of listeners) process.on('SIGINT', listener);
    process.off('SIGINT', ignore);
  }
}
