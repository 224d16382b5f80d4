/**
 * A network that can be bad: it stands between one process and one store, passes bytes on, and on demand delays
 * them, swallows replies after the request was delivered, half-closes, resets, or goes silent for good.
 *
 * It never takes bytes out of the middle of a stream, because no network does: a connection that has swallowed
 * something stays mute until it is reset. And what was sent arrives even when its sender is gone by then.
 */

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Holds back whatever contains these bytes, and all that follows on that connection. */
export interface HeldBack {
  readonly bytes: string;
  readonly ms: number;
}

interface Conditions {
  delayMs: number;
  isSwallowing: boolean;
  isRefusing: boolean;
  heldBack: HeldBack | null;
}

type Direction = 'request' | 'reply';

/** How long a store keeps the connection of a host that went silent, as a tuned TCP keepalive does. */
const STORE_NOTICES_MS = 30_000;

/** One direction of one connection: a queue, so that bytes and the end of the stream keep their order. */
class Pipe {
  readonly #to: Socket;
  readonly #delayOf: (chunk: Buffer | null) => number;
  readonly #waiting: { chunk: Buffer | null; due: number }[] = [];
  #lastDue = 0;
  #timer: Timer | undefined;

  constructor(to: Socket, delayOf: (chunk: Buffer | null) => number) {
    this.#to = to;
    this.#delayOf = delayOf;
  }

  /** @param chunk null: the sender has ended */
  push(chunk: Buffer | null): void {
    const now = performance.now();
    this.#lastDue = Math.max(this.#lastDue, now + this.#delayOf(chunk));
    this.#waiting.push({ chunk, due: this.#lastDue });
    this.#deliver();
  }

  /** What waits is never delivered. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #deliver(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) return;
      const waitMs = first.due - performance.now();
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs);
        return;
      }
      this.#waiting.shift();
      if (this.#to.destroyed) continue;
      if (first.chunk === null) this.#to.end();
      else this.#to.write(first.chunk);
    }
  }
}

/** One client's connection and its twin to the store. */
class Pair {
  readonly #client: Socket;
  readonly #store: Socket;
  readonly #pipes: Record<Direction, Pipe>;
  /** Nothing passes any more in this direction. */
  readonly #isMute: Record<Direction, boolean> = { request: false, reply: false };
  #isSilent = false;

  constructor(client: Socket, store: Socket, conditions: Conditions, onGone: () => void) {
    this.#client = client;
    this.#store = store;
    this.#pipes = {
      request: new Pipe(store, (chunk) => {
        const { heldBack, delayMs } = conditions;
        return heldBack !== null && chunk?.includes(heldBack.bytes) === true ? heldBack.ms : delayMs;
      }),
      reply: new Pipe(client, () => conditions.delayMs),
    };
    const pass = (direction: Direction) => (chunk: Buffer) => {
      if (direction === 'reply' && conditions.isSwallowing) this.#isMute.reply = true;
      if (!this.#isMute[direction]) this.#pipes[direction].push(chunk);
    };
    const end = (direction: Direction) => () => {
      if (!this.#isMute[direction]) this.#pipes[direction].push(null);
    };
    client.on('data', pass('request')).on('end', end('request')).on('close', end('request'));
    store.on('data', pass('reply')).on('end', end('reply')).on('close', end('reply'));
    // Failures are what this is for; 'close' follows each of them.
    for (const socket of [client, store]) {
      socket.on('error', () => {});
      socket.on('close', () => {
        if (client.destroyed && store.destroyed) onGone();
      });
    }
    client.setNoDelay(true).on('end', () => {
      if (!this.#isSilent) return;
      client.destroy();
      setTimeout(() => store.destroy(), STORE_NOTICES_MS).unref();
    });
  }

  /** Its stream of replies has a hole. */
  get isSpoilt(): boolean {
    return this.#isMute.reply && !this.#isSilent;
  }

  reset(): void {
    this.#pipes.request.drop();
    this.#pipes.reply.drop();
    this.#client.resetAndDestroy();
    this.#store.destroy();
  }

  /** To the client: its requests are still delivered, and it hears no more. To the store: the store sees the end. */
  halfClose(side: 'client' | 'store'): void {
    if (side === 'store') {
      this.#pipes.request.push(null);
      return;
    }
    this.#isMute.reply = true;
    this.#client.end();
  }

  goSilent(): void {
    this.#isSilent = true;
    this.#isMute.request = true;
    this.#isMute.reply = true;
  }
}

export class Link {
  /** The store's socket. May be changed; connections that are open stay where they are. */
  target: string;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #conditions: Conditions = {
    delayMs: 0,
    isSwallowing: false,
    isRefusing: false,
    heldBack: null,
  };

  /** Resolves when it listens, on loopback. */
  static async open(target: string): Promise<Link> {
    const link = new Link(target);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    link.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    await promise;
    return link;
  }

  private constructor(target: string) {
    this.target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Everything takes this much longer, each way. */
  delay(ms: number): void {
    this.#conditions.delayMs = ms;
  }

  /** Requests are delivered, replies are not. */
  swallow(): void {
    this.#conditions.isSwallowing = true;
  }

  holdBack(heldBack: HeldBack | null): void {
    this.#conditions.heldBack = heldBack;
  }

  /** Ends every connection the hard way; with `refuse`, new ones too until it is clear again. */
  reset(refuse = false): void {
    this.#conditions.isRefusing = refuse;
    for (const pair of this.#pairs) pair.reset();
  }

  halfClose(side: 'client' | 'store'): void {
    for (const pair of this.#pairs) pair.halfClose(side);
  }

  /** The connections that are open pass nothing any more, and nobody is told, as when a host loses power. */
  goSilent(): void {
    for (const pair of this.#pairs) pair.goSilent();
  }

  /** Good weather. Connections that have swallowed replies are reset: their streams have a hole. */
  clear(): void {
    Object.assign(this.#conditions, { delayMs: 0, isSwallowing: false, isRefusing: false, heldBack: null });
    for (const pair of this.#pairs) if (pair.isSpoilt) pair.reset();
  }

  close(): void {
    this.#server.close();
    this.reset();
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    if (this.#conditions.isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const store = connect({ path: this.target, allowHalfOpen: true });
    const pair: Pair = new Pair(client, store, this.#conditions, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
  }
}
