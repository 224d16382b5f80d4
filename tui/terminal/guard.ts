/** Whatever ends the program, the terminal is given back as it was found. Only SIGKILL escapes: then `reset` helps. */

import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { ALTERNATE_SCREEN_OFF, EVERYTHING_OFF } from '@flash-sale/shared/screen-off.ts';
import type { Instance } from 'ink';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
const STDOUT = 1;
const STDERR = 2;
/** EX_SOFTWARE of sysexits.h: a fault of the program itself. */
const CRASHED = 70;
const ADVICE =
  'That was a fault of this program; the API and its sales go on without it.\n' +
  'Start it again. If it stops again, report the lines above.\n';

interface Guarded {
  /** Calls Ink's `render`. A number given to Ink's `exit` becomes the exit code. */
  open: () => Instance;
  /** What the operator reads on the normal screen afterwards, '' for nothing. */
  lastWords: () => string;
}

/**
 * Runs an Ink program to its end and ends the process: 0 or the code it chose, 70 after a fault, 128+n after a signal.
 * Returns nothing to wait for, because Bun goes on after an uncaught error while a module awaits.
 */
export function guardTerminal({ open, lastWords }: Guarded): void {
  let app: Instance | undefined;
  let isRestored = false;

  const restore = (): void => {
    if (isRestored) return;
    isRestored = true;
    const isScreenLeft = works(() => app?.unmount()) && app !== undefined;
    works(() => process.stdin.setRawMode(false));
    say(STDOUT, (isScreenLeft ? '' : ALTERNATE_SCREEN_OFF) + EVERYTHING_OFF);
    works(() => {
      const words = lastWords();
      if (words) say(STDOUT, `${words}\n`);
    });
  };
  const crash = (error: unknown): never => {
    restore();
    // The message again, last: a stack is longer than many a screen.
    say(STDERR, `${inspect(error)}\n\n${String(error)}\n${ADVICE}`);
    process.exit(CRASHED);
  };

  process.on('exit', restore);
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const leave = (signal: (typeof SIGNALS)[number]): never => process.exit(128 + constants.signals[signal]);
  for (const signal of SIGNALS) process.on(signal, () => leave(signal));
  // A window that was closed shows here first, or in SIGHUP.
  process.stdin.on('error', () => leave('SIGHUP')).on('end', () => leave('SIGHUP'));
  process.stdout.on('error', () => leave('SIGHUP'));

  try {
    app = open();
  } catch (error) {
    crash(error);
  }
  app?.waitUntilExit().then((code) => process.exit(typeof code === 'number' ? code : 0), crash);
}

/** Synchronous, as nothing else is written any more. */
function say(stream: number, text: string): void {
  works(() => writeSync(stream, text));
}

/** One step that fails (the terminal itself may be gone) must not keep the next from being taken. */
function works(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}
