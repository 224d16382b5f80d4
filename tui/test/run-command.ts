/** Commands in the process of a test, at its API. */

import { until } from '@flash-sale/api/test/until.ts';
import { BOOTSTRAP_TOKEN, type World } from '@flash-sale/api/test/world.ts';
import { runCommand } from '../commands/run.ts';
import { wordsOf } from '../config.ts';

interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly isTty?: boolean;
  readonly columns?: number;
  /** What is typed, line by line; or what is done first, and then typed. */
  readonly types?: readonly (string | (() => Promise<string>))[];
  /** What is piped into it. */
  readonly stdin?: string;
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `sales list --json`, or its words where one has blanks in it. */
type Line = string | readonly string[];

export type Run = ReturnType<typeof commandsOf>;

/** @returns runs a command to its end */
export function commandsOf(world?: Pick<World, 'listening'>) {
  const start = (line: Line, options: Options = {}) =>
    begin(line, { ...placeOf(world), ...options.environment }, options);
  const run = (line: Line, options?: Options): Promise<Ended> => start(line, options).ended;
  return Object.assign(run, {
    /** For those that go on until something happens. */
    start,
    /** What it printed as JSON; it must have ended well. */
    async json(line: string): Promise<unknown> {
      const { code, out, err } = await run(`${line} --json`);
      if (code !== 0) throw new Error(`${line} ended with ${code}: ${err}`);
      return JSON.parse(out);
    },
  });
}

export function placeOf(world: Pick<World, 'listening'> | undefined): Record<string, string> {
  if (world === undefined) return { HOME: '/nowhere' };
  const { origin } = new URL(world.listening.opsUrl);
  return { HOME: '/nowhere', FLASHSALE_URL: origin, OPERATOR_TOKEN: BOOTSTRAP_TOKEN };
}

function begin(line: Line, environment: Record<string, string>, options: Options) {
  const argv = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
  const { isTty = false, columns = 120, types = [], stdin = '' } = options;
  const typed = [...types];
  const interrupt = new AbortController();
  let [out, err] = ['', ''];
  const code = runCommand(wordsOf(argv), argv, {
    environment,
    signal: interrupt.signal,
    out: { isTty, columns, write: (text) => void (out += text) },
    err: { isTty, write: (text) => void (err += text) },
    input: {
      isTty,
      line(question) {
        err += question;
        const next = typed.shift() ?? null;
        return typeof next === 'function' ? next() : Promise.resolve(next);
      },
      text: () => Promise.resolve(stdin),
    },
  });
  return {
    ended: code.then((ended): Ended => ({ code: ended, out, err })),
    /** Fails with what it printed so far. */
    waitFor: (pattern: RegExp) =>
      until(() => {
        if (pattern.test(out + err)) return true;
        throw new Error(`${String(pattern)} is not in:\n${out}\n${err}`);
      }),
    interrupt: () => interrupt.abort(),
  };
}
