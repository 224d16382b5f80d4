/**
 * Below the ports that systems give to connections (32768 and more on Linux): there a crowd of another test may get the
 * port before it is used.
 */
const [FIRST, LAST] = [12_000, 32_000];
const given = new Set<number>();

/** Nobody has it at this moment, and nobody in this process was given it. */
export function freePort(): number {
  return freePortsInARow(1);
}

/** For `API_PROCESSES`, whose other processes listen on the ports after the first one's. @returns the first */
export function freePortsInARow(count: number): number {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * (LAST - FIRST - count));
    const ports = Array.from({ length: count }, (_, at) => first + at);
    if (!ports.every((port) => !given.has(port) && isFree(port))) continue;
    for (const port of ports) given.add(port);
    return first;
  }
}

function isFree(port: number): boolean {
  try {
    Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}
