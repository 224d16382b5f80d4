/** Stands in front of the port at which a node of a Redis Cluster is reached by the others, and can refuse some. */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface BusRelay {
  readonly port: number;
  /** Ends what is open of those that are refused, and lets them in no more. */
  refuse(isRefused: (address: string) => boolean): void;
  close(): void;
}

export async function openBusRelay(target: number): Promise<BusRelay> {
  let isRefused: (address: string) => boolean = () => false;
  const open = new Map<Socket, string>();
  const server = createServer((from) => {
    const address = from.remoteAddress ?? '';
    from.on('error', () => {});
    if (isRefused(address)) return void from.destroy();
    const to = connect(target, '127.0.0.1');
    to.on('error', () => {});
    open.set(from, address);
    from.on('close', () => {
      open.delete(from);
      to.destroy();
    });
    to.on('close', () => from.destroy());
    from.pipe(to);
    to.pipe(from);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    refuse(refused) {
      isRefused = refused;
      for (const [socket, address] of open) if (isRefused(address)) socket.destroy();
    },
    close() {
      server.close();
      for (const socket of open.keys()) socket.destroy();
    },
  };
}
