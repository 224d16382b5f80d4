import { EnvironmentError } from '@flash-sale/shared/environment.ts';

/** @throws EnvironmentError when the port is taken; the message names the variable to change */
export function openPort<Opened>(open: () => Opened, variable: string, port: number): Opened {
  try {
    return open();
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken) throw error;
    throw new EnvironmentError(
      `Port ${port} is taken by another program. Stop that one or set ${variable} to another port.`,
      { cause: error },
    );
  }
}

/** @param host of IPv6 without brackets, as HOST has it */
export function urlAt(host: string, port: number | undefined): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Those that share a port do not notice strangers on it, so it is opened once by somebody who does not share.
 * @returns the port, or a free one for 0. @throws as `openPort`
 */
export async function unsharedPort(hostname: string, variable: string, port: number): Promise<number> {
  const probe = openPort(
    () => Bun.serve({ hostname, port, reusePort: false, fetch: () => new Response(null, { status: 503 }) }),
    variable,
    port,
  );
  // Of one that has stopped it is not known any more.
  const found = probe.port ?? port;
  await probe.stop(true);
  return found;
}
