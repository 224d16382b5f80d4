/** Commands in the process of a test, at its API. */

import { BOOTSTRAP_TOKEN, type World } from '@flash-sale/api/test/world.ts';
import { wordsOf } from '../config.ts';
import { runCommand } from '../commands/run.ts';

interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTty?: boolean;
  readonly columns?: number;
  /** What is typed, line by line. */
  readonly types?: readonly string[];
  /** What is piped into it. */
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Told whenever something is printed; both streams so far. */
  readonly onOutput?: (out: string, err: string) => void;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** @returns runs `sales list --json` and tells what it printed; blanks in quotes are not known */
export function commandsOf({ listening }: Pick<World, 'listening'>) {
  const at = { FLASHSALE_URL: new URL(listening.opsUrl).origin, OPERATOR_TOKEN: BOOTSTRAP_TOKEN };
  return async (line: string | readonly string[], options: Options = {}): Promise<Ended> => {
    const argv = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
    const { environment, isTty = false, columns = 120, types = [], stdin = '', onOutput } = options;
    const typed = [...types];
    let [out, err] = ['', ''];
    const code = await runCommand(wordsOf(argv), argv, {
      environment: { HOME: '/nowhere', ...at, ...environment },
      signal: options.signal ?? new AbortController().signal,
      out: {
        isTty,
        columns,
        write(text) {
          out += text;
          onOutput?.(out, err);
        },
      },
      err: {
        isTty,
        write(text) {
          err += text;
          onOutput?.(out, err);
        },
      },
      input: {
        isTty,
        line: (question) => {
          err += question;
          return Promise.resolve(typed.shift() ?? null);
        },
        text: () => Promise.resolve(stdin),
      },
    });
    return { code, out, err };
  };
}
