/**
 * npx does not hand SIGTERM on: it ends, and what it started goes on without anybody. So when npm started us, we stop
 * when it ends. Where there is no /proc this stays as npm has it.
 */

import { readFileSync } from 'node:fs';
import { isSameProcess, processIdentity } from './process-identity.ts';

const LOOK_EVERY_MS = 200;

/** Resolves when the npm above us is gone; never when there is none. */
export function untilNpmEnds(): Promise<'npx ended'> {
  const { promise, resolve } = Promise.withResolvers<'npx ended'>();
  const pid = npmAbove(process.ppid);
  const identity = pid === undefined ? undefined : processIdentity(pid);
  if (pid === undefined || identity === undefined) return promise;
  const looking = setInterval(() => {
    if (isSameProcess(pid, identity)) return;
    clearInterval(looking);
    resolve('npx ended');
  }, LOOK_EVERY_MS);
  looking.unref();
  return promise;
}

/** npm names its process after its command line: "npm exec bun@1.4.5 start". */
function npmAbove(pid: number): number | undefined {
  try {
    for (let ancestor = pid; ancestor > 1; ancestor = parentOf(ancestor)) {
      if (/^(npm|npx) /.test(readFileSync(`/proc/${ancestor}/cmdline`, 'latin1').replaceAll('\0', ' '))) {
        return ancestor;
      }
    }
  } catch {
    // No /proc, or an ancestor that ended while we looked.
  }
  return undefined;
}

function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may hold anything; after it come the state and the parent.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
