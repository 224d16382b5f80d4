/** Nobody has it at this moment. */
export function freePort(): number {
  using listener = openAt(0);
  return listener.port;
}

/** For `API_PROCESSES`, whose other processes listen on the ports after the first one's. @returns the first */
export function freePortsInARow(count: number): number {
  for (;;) {
    const first = freePort();
    try {
      for (let port = first + 1; port < first + count; port += 1) openAt(port).stop(true);
      return first;
    } catch {
      // Somebody has one of them.
    }
  }
}

function openAt(port: number) {
  return Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } });
}
