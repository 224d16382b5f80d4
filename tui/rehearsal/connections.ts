/**
 * The buyers' connections: HTTP/1.1 over sockets of our own, each kept for the next buyer. Bun's fetch asks a limited
 * number of things at a time and hides how long the others waited; here that is measured.
 */

import type { Socket } from 'bun';
import { IDLE_TIMEOUT_S } from '@flash-sale/shared/limits.ts';
import { API_SILENCE_MS } from '@flash-sale/shared/terminal-limits.ts';
import { faultWords } from '../fault-words.ts';
import { readReply } from './http-reply.ts';

export interface Wish {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body?: string;
  /** Goes before those who only look: people who hold something have a connection of their own. */
  readonly isBegun?: boolean;
  /** Whoever asks hangs up then. */
  readonly hangUpAfterMs?: number;
}

export type Heard =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown; readonly ms: number }
  /** Nobody knows what became of it. */
  | { readonly kind: 'unanswered'; readonly why: string; readonly ms: number };

export interface Connections {
  /** Never throws. */
  send(wish: Wish): Promise<Heard>;
  /** Most that were in use at once. */
  readonly most: () => number;
  close(): void;
}

interface Options {
  readonly url: string;
  readonly limit: number;
  /** Told how long each request waited for a connection. */
  readonly onWaited: (ms: number) => void;
}

/** One connection: whom it belongs to now, and what came so far. */
interface Line {
  received: Buffer;
  unsent: Buffer | null;
  isOpen: boolean;
  idleSinceMs: number;
  asker: { readonly resolve: (heard: Heard) => void; readonly askedAtMs: number } | null;
}

/** The API closes what is quiet; a little earlier it is not used any more. */
const STALE_MS = (IDLE_TIMEOUT_S * 1_000) / 2;

export function openConnections({ url, limit, onWaited }: Options): Connections {
  const target = new URL(url);
  const idle: Socket<Line>[] = [];
  const [begun, looking] = [createQueue<() => void>(), createQueue<() => void>()];
  let [inUse, most] = [0, 0];

  /** Waits for one of the connections to be free. */
  async function enter(isBegun: boolean): Promise<void> {
    const queue = isBegun ? begun : looking;
    if (inUse >= limit) await new Promise<void>((resolve) => queue.push(resolve));
    else inUse += 1;
    most = Math.max(most, inUse);
  }
  function leave(): void {
    const next = begun.shift() ?? looking.shift();
    if (next === undefined) inUse -= 1;
    else next();
  }
  async function socketOf(): Promise<Socket<Line>> {
    for (let socket = idle.pop(); socket !== undefined; socket = idle.pop()) {
      if (socket.data.isOpen && performance.now() - socket.data.idleSinceMs < STALE_MS) return socket;
      socket.end();
    }
    return connect(target);
  }
  return {
    async send(wish) {
      const wantedAtMs = performance.now();
      await enter(wish.isBegun === true);
      onWaited(performance.now() - wantedAtMs);
      try {
        const socket = await socketOf();
        const heard = await ask(socket, textOf(target, wish), wish.hangUpAfterMs ?? API_SILENCE_MS);
        if (socket.data.isOpen) idle.push(socket);
        return heard;
      } catch (error) {
        return { kind: 'unanswered', why: faultWords(error), ms: performance.now() - wantedAtMs };
      } finally {
        leave();
      }
    },
    most: () => most,
    close() {
      for (const socket of idle.splice(0)) socket.end();
    },
  };
}

function ask(socket: Socket<Line>, text: string, patienceMs: number): Promise<Heard> {
  const line = socket.data;
  const { promise, resolve } = Promise.withResolvers<Heard>();
  line.asker = { resolve, askedAtMs: performance.now() };
  const timer = setTimeout(() => {
    settle(line, { kind: 'unanswered', why: 'no answer in time' });
    line.isOpen = false;
    socket.terminate();
  }, patienceMs);
  write(socket, Buffer.from(text));
  return promise.finally(() => clearTimeout(timer));
}

function write(socket: Socket<Line>, bytes: Buffer): void {
  const written = socket.write(bytes);
  socket.data.unsent = written < bytes.length ? bytes.subarray(Math.max(0, written)) : null;
}

type Ending =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'unanswered'; readonly why: string };

function settle(line: Line, ending: Ending): void {
  const { asker } = line;
  if (asker === null) return;
  line.asker = null;
  line.received = Buffer.alloc(0);
  line.idleSinceMs = performance.now();
  asker.resolve({ ...ending, ms: line.idleSinceMs - asker.askedAtMs });
}

function connect({ hostname, port, protocol }: URL): Promise<Socket<Line>> {
  const isSecure = protocol === 'https:';
  const fail = (socket: Socket<Line>, why: string) => {
    socket.data.isOpen = false;
    settle(socket.data, { kind: 'unanswered', why });
  };
  return Bun.connect<Line>({
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port) || (isSecure ? 443 : 80),
    tls: isSecure,
    data: { received: Buffer.alloc(0), unsent: null, isOpen: true, idleSinceMs: 0, asker: null },
    socket: {
      data(socket, chunk) {
        const line = socket.data;
        line.received = line.received.length === 0 ? chunk : Buffer.concat([line.received, chunk]);
        try {
          const reply = readReply(line.received);
          if (reply === null) return;
          if (reply.isLast) line.isOpen = false;
          settle(line, { kind: 'answered', status: reply.status, body: reply.body });
        } catch (error) {
          fail(socket, faultWords(error));
          socket.terminate();
        }
      },
      drain(socket) {
        if (socket.data.unsent !== null) write(socket, socket.data.unsent);
      },
      close: (socket) => fail(socket, 'the connection was closed'),
      error: (socket, error) => fail(socket, faultWords(error)),
    },
  });
}

function textOf({ host, pathname }: URL, { method, path, headers = {}, body = '' }: Wish): string {
  const lines = Object.entries({
    host,
    'content-length': String(Buffer.byteLength(body)),
    ...(body === '' ? {} : { 'content-type': 'application/json' }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${pathname.replace(/\/$/, '')}${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

/** First come, first served, also when thousands wait. */
function createQueue<Item>() {
  let [items, first]: [Item[], number] = [[], 0];
  return {
    push: (item: Item) => void items.push(item),
    shift(): Item | undefined {
      const item = items[first];
      if (item === undefined) return undefined;
      first += 1;
      if (first >= 1_000) [items, first] = [items.slice(first), 0];
      return item;
    },
  };
}
