/**
 * Pids are reused, so a pid alone never proves that a process is the one we started. Together with its start time
 * it does. Every signal to a recorded process goes through this file.
 */

import { existsSync, readFileSync } from 'node:fs';

const onLinux = existsSync('/proc/self/stat');
const POLL_MS = onLinux ? 5 : 50;
/** A killed process can linger while the disk finishes its last write. */
const AFTER_KILL_MS = 5_000;

/** Equal only for the same process on the same boot; undefined when no such process runs. */
export function processIdentity(pid: number): string | undefined {
  return onLinux ? identityFromProc(pid) : identityFromPs(pid);
}

export function isSameProcess(pid: number, identity: string): boolean {
  return identity !== '' && processIdentity(pid) === identity;
}

/** Ends exactly this process: SIGTERM, then SIGKILL after the grace. Resolves to whether it is gone. */
export async function endProcess(pid: number, identity: string, graceMs: number): Promise<boolean> {
  sendSignal(pid, identity, 'SIGTERM');
  if (await hasEnded(pid, identity, graceMs)) return true;
  sendSignal(pid, identity, 'SIGKILL');
  return hasEnded(pid, identity, AFTER_KILL_MS);
}

function sendSignal(pid: number, identity: string, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (!isSameProcess(pid, identity)) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}

async function hasEnded(pid: number, identity: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isSameProcess(pid, identity)) {
    if (performance.now() > deadline) return false;
    await Bun.sleep(POLL_MS);
  }
  return true;
}

function identityFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name, which may hold spaces and brackets: count from its last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTime] = [fields[0], fields[19]];
    // A zombie has ended; where pid 1 does not reap, it would otherwise look alive for ever.
    if (state === 'Z' || state === 'X') return undefined;
    return `${bootId()}/${startTime}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function identityFromPs(pid: number): string | undefined {
  const env = { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' };
  const { stdout } = Bun.spawnSync(['ps', '-o', 'stat=,lstart=', '-p', String(pid)], { env });
  const [state, ...started] = stdout.toString().trim().split(/\s+/);
  if (!state || state.startsWith('Z')) return undefined;
  return started.join(' ');
}
