/**
 * A disk that takes seconds to flush, for Redis only: strace delays fdatasync in the thread that flushes the
 * append-only file. Redis then keeps acknowledged writes in memory for up to two seconds, and SIGKILL loses them.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';

export interface SlowDisk {
  /** Ends the delay. A Redis that was killed has ended it before. */
  end(): Promise<void>;
}

/** @returns why a disk cannot be made slow here, or null. */
export function whyNoSlowDisk(): string | null {
  if (process.platform !== 'linux') return 'it needs Linux';
  const strace = Bun.which('strace');
  if (strace === null) return 'strace is not installed';
  const probe = Bun.spawnSync([
    strace,
    '-f',
    '-o',
    '/dev/null',
    '-e',
    'inject=fdatasync:delay_enter=1',
    'true',
  ]);
  return probe.exitCode === 0 ? null : 'ptrace is not allowed here';
}

/** @throws when strace does not attach. */
export async function slowDisk(redisPid: number, delayMs: number, output: string): Promise<SlowDisk> {
  const thread = flushingThread(redisPid);
  const child = Bun.spawn(
    [
      'strace',
      // Only the thread that flushes: tracing all of them would slow down every call of Redis.
      ...(thread === null ? ['-f', '-p', String(redisPid)] : ['-p', thread]),
      '-o',
      output,
      '-e',
      'trace=fdatasync',
      '-e',
      `inject=fdatasync:delay_enter=${delayMs * 1_000}`,
    ],
    { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
  );
  const deadline = performance.now() + 3_000;
  while (!isTraced(redisPid, thread)) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error('strace did not attach to Redis');
    }
    await Bun.sleep(10);
  }
  return {
    async end() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await child.exited;
    },
  };
}

function flushingThread(pid: number): string | null {
  const tasks = `/proc/${pid}/task`;
  const found = readdirSync(tasks).find((task) =>
    readFileSync(`${tasks}/${task}/comm`, 'utf8').startsWith('bio_aof'),
  );
  return found ?? null;
}

function isTraced(pid: number, thread: string | null): boolean {
  const status = `/proc/${pid}/task/${thread ?? pid}/status`;
  return existsSync(status) && /^TracerPid:\s+[1-9]/m.test(readFileSync(status, 'utf8'));
}
