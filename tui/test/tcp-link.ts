/** A network between a terminal and an API that can be cut, or go silent without telling anybody. */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpLink {
  readonly url: string;
  /** What is open passes nothing more, as when a laptop changes its network; new connections are as good as before. */
  goSilent(): void;
  cut(): void;
  /** The next change arrives, and the connection is cut before it is answered. */
  loseAnswer(): void;
  /** While it is away whoever connects is cut at once. */
  setAway(isAway: boolean): void;
  close(): void;
}

export async function openTcpLink(target: string): Promise<TcpLink> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let [isAway, isLosing] = [false, false];
  const server = createServer((near) => {
    if (isAway) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    near.on('data', (sent: Buffer) => {
      if (!isLosing || sent.toString('latin1', 0, 5) !== 'POST ') return;
      isLosing = false;
      far.unpipe(near);
      far.once('data', () => near.destroy()).resume();
    });
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      // Being cut is what it is for.
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goSilent() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    cut,
    loseAnswer() {
      isLosing = true;
    },
    setAway(away) {
      isAway = away;
      if (isAway) cut();
    },
    close() {
      server.close();
      cut();
    },
  };
}
