/**
 * The operator's terminal on the stack that `start` runs: a process of its own, so that whatever happens to it, the sale
 * goes on. While it has the screen, what the API says goes to a file.
 */

import { join } from 'node:path';
import { ALTERNATE_SCREEN_OFF, EVERYTHING_OFF } from '@flash-sale/shared/screen-off.ts';
import { findBinaries } from './binaries.ts';
import type { Voice } from './voice.ts';

const PROGRAM = join(import.meta.dir, '../../tui/flashsale.ts');

export interface OperatorTerminal {
  /** Resolves when the operator has quit. When it ends in another way the sale goes on, and this never does. */
  readonly quit: Promise<'terminal closed'>;
  /** Ends it and gives the screen back. */
  stop(): Promise<void>;
}

interface Opening {
  readonly url: string;
  readonly opsUrl: string;
  readonly logFile: string;
  readonly voice: Voice;
}

export function openOperatorTerminal({ url, opsUrl, logFile, voice }: Opening): OperatorTerminal {
  const command = [process.execPath, PROGRAM, '--with-stack', '--url', opsUrl, '--api', url];
  const { setpriv } = findBinaries();
  const giveBack = screenKeeper();
  voice.toFile(logFile);
  // Killed with us where the kernel can do that: a shell and a terminal would share the keyboard.
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', ...command] : command, {
    stdio: ['inherit', 'inherit', 'inherit'],
  });
  const { promise: quit, resolve } = Promise.withResolvers<'terminal closed'>();
  const ended = child.exited.then((code) => {
    // Whoever is killed gives nothing back: without this not even ctrl+c would reach us.
    if (child.signalCode !== null) giveBack();
    voice.toScreen();
    if (code === 0) resolve('terminal closed');
    else {
      voice.say(
        `terminal ended (${child.signalCode ?? `exit code ${code}`}); the sale goes on. ctrl+c stops it; \`bun run tui\` opens the terminal again. Log: ${logFile}`,
      );
    }
  });
  return {
    quit,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** @returns brings the terminal back to what it is now */
function screenKeeper(): () => void {
  const stty = Bun.which('stty');
  const asWeAre = { stdin: 'inherit', stdout: 'pipe', stderr: 'ignore' } as const;
  const line = stty === null ? '' : Bun.spawnSync([stty, '-g'], asWeAre).stdout.toString().trim();
  return () => {
    if (stty !== null && line !== '') Bun.spawnSync([stty, line], asWeAre);
    process.stdout.write(ALTERNATE_SCREEN_OFF + EVERYTHING_OFF);
  };
}
