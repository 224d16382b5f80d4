/** Processes as the system sees them. */

export function childrenOf(pid: number): number[] {
  const { stdout, pid: ps } = Bun.spawnSync(['ps', '-o', 'pid=', '--ppid', String(pid)]);
  return stdout
    .toString()
    .trim()
    .split(/\s+/)
    .map(Number)
    .filter((child) => child > 0 && child !== ps);
}

/** One that ended and that nobody has asked how is not. */
export function isAlive(pid: number): boolean {
  const state = Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(pid)]).stdout.toString();
  return state !== '' && !state.startsWith('Z');
}
