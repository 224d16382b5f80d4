/** A command in a process of its own. */

import { createInterface } from 'node:readline/promises';
import { PROCESS_ENVIRONMENT } from '../config.ts';
import type { Io } from './command.ts';
import { EXIT } from './exit-codes.ts';
import { runCommand } from './run.ts';

const COLUMNS_DEFAULT = 80;

/** Runs it, and leaves its exit code to the process. */
export async function runHere(words: readonly string[], argv: readonly string[]): Promise<void> {
  const interrupt = new AbortController();
  // A closed terminal and `timeout` too: what was begun is brought to its end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Whoever presses it twice does not want to wait.
      if (interrupt.signal.aborted) process.exit(EXIT.interrupted);
      interrupt.abort();
    });
  }
  process.on('uncaughtException', (fault) => {
    process.stderr.write(`A fault of flashsale: ${fault.stack ?? fault.message}\n`);
    process.exit(EXIT.internal);
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read has seen enough: `| head`.
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed);
  });
  // Nobody listens to what is said; what is done goes on: `2>&1 | head`.
  process.stderr.on('error', () => {});
  process.exitCode = await runCommand(words, argv, processIo(interrupt));
}

function processIo(interrupt: AbortController): Io {
  const { stdin, stdout, stderr } = process;
  const { signal } = interrupt;
  return {
    environment: PROCESS_ENVIRONMENT,
    signal,
    out: {
      isTty: stdout.isTTY,
      // Some terminals say 0.
      columns: stdout.columns || COLUMNS_DEFAULT,
      write: (text) => void stdout.write(text),
    },
    err: { isTty: stderr.isTTY, write: (text) => void stderr.write(text) },
    input: {
      isTty: stdin.isTTY,
      async line(question) {
        const reader = createInterface({ input: stdin, output: stderr });
        // While it reads, ctrl+c is a key and no signal.
        reader.on('SIGINT', () => interrupt.abort());
        try {
          return await reader.question(question, { signal });
        } catch {
          return null;
        } finally {
          reader.close();
        }
      },
      text() {
        // A read cannot be broken off, and nothing was begun before it.
        const end = () => process.exit(EXIT.interrupted);
        signal.addEventListener('abort', end);
        return Bun.stdin.text().finally(() => signal.removeEventListener('abort', end));
      },
    },
  };
}
