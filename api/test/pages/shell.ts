/** A shell as a reader has it open: what was set or defined in one step is there in the next. */

import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command of a page that takes longer hangs. */
const COMMAND_MS = 60_000;

export interface Shell {
  /** @returns how it ended @throws when it takes too long */
  type(text: string): Promise<number>;
  /** Goes on beside what is typed next. */
  leaveOpen(text: string): void;
  /** Everything that was said so far, by whatever still runs too. */
  said(): string;
  /** With everything that was left open. */
  close(): Promise<void>;
}

/** @param notes a folder of ours, outside of the reader's */
export function openShell(folder: string, notes: string, env: Readonly<Record<string, string>>): Shell {
  let steps = 0;
  const screen = join(notes, 'screen');
  const bash = Bun.spawn(['bash', '--noprofile', '--norc'], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: openSync(screen, 'a'),
    // Its processes are a group, which ends as one.
    detached: true,
  });
  const answers = readLines(bash.stdout);

  /** Several lines are one step, and what it starts must not read what is typed next. */
  const run = (text: string, then: string) => {
    steps += 1;
    const script = join(notes, `step-${steps}.sh`);
    writeFileSync(script, `${text}\n`);
    void bash.stdin.write(`{ . '${script}'; } >>'${screen}' 2>&1 </dev/null ${then}\n`);
    void bash.stdin.flush();
  };

  return {
    async type(text) {
      run(text, '; echo $?');
      const answer = await Promise.race([answers.next(), Bun.sleep(COMMAND_MS)]);
      if (!answer?.value) throw new Error(`does not end within ${COMMAND_MS} ms: ${text}`);
      return Number(answer.value);
    },
    leaveOpen: (text) => run(text, '&'),
    said: () => readFileSync(screen, 'utf8'),
    async close() {
      process.kill(-bash.pid, 'SIGTERM');
      await bash.exited;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
