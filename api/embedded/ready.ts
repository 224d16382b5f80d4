/** A store is ready when it answers a real client. If it does not, its own words say why. */

import { existsSync } from 'node:fs';
import type { Child } from './child.ts';
import { StoreProblem } from './problem.ts';

const POLL_MS = 20;
const DEADLINE_MS = 60_000;

export interface Starting {
  name: string;
  child: Child;
  socket: string;
  logFile: string;
  logStart: number;
}

export async function waitUntilReady<Answer>(
  starting: Starting,
  ask: () => Promise<Answer>,
  deadlineMs = DEADLINE_MS,
): Promise<Answer> {
  const deadline = performance.now() + deadlineMs;
  let ended: string | undefined;
  void starting.child.exited.then((how) => (ended = how));
  while (ended === undefined && performance.now() < deadline) {
    // Asking costs a client; a missing socket file is a cheap no.
    if (existsSync(starting.socket)) {
      try {
        return await ask();
      } catch {
        // Still loading, or the file is left over from a killed server.
      }
    }
    await Bun.sleep(POLL_MS);
  }
  const what =
    ended === undefined ? `did not answer within ${deadlineMs / 1000} s` : `ended at start (${ended})`;
  await starting.child.kill();
  throw new StoreProblem(`${starting.name} ${what}.${await ownWords(starting)}`);
}

/** The error lines that this start wrote, or its last lines when none is marked as an error. */
async function ownWords({ logFile, logStart }: Starting): Promise<string> {
  const log = await Bun.file(logFile)
    .text()
    .catch(() => '');
  // A log that was put aside starts at zero again.
  const written = Buffer.from(log)
    .subarray(log.length < logStart ? 0 : logStart)
    .toString();
  const lines = written.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /\[ERROR\]|FATAL| # (?!WARNING)/.test(line));
  const shown = (errors.length > 0 ? errors : lines).slice(-6);
  return `${shown.map((line) => `\n  ${line}`).join('')}\n  (log: ${logFile})`;
}
