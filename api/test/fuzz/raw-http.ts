/**
 * HTTP as bytes: what a browser, fetch or a library would refuse to send, this sends. Connections are kept and used
 * one request after the other.
 */

import { connect, type Socket } from 'node:net';

export interface RawRequest {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | null;
}

export interface RawReply {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export class RawHttp {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #sendsAgain: boolean;

  /** @param sendsAgain what was not answered on a connection that had been kept: as most clients do */
  constructor(url: string, sendsAgain = true) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
    this.#sendsAgain = sendsAgain;
  }

  async send(request: RawRequest): Promise<RawReply> {
    const kept = this.#idle.pop();
    const reply = await (kept ?? this.#open()).exchange(request, (connection) => this.#idle.push(connection));
    // A kept connection may have been closed from the other side just before.
    const isOnceMore = reply.status === 0 && kept !== undefined && this.#sendsAgain;
    return isOnceMore ? this.send(request) : reply;
  }

  close(): void {
    for (const connection of this.#idle) connection.end();
  }

  #open(): Connection {
    return new Connection(connect(this.#port, this.#host));
  }
}

/** Much longer than any reply may take. */
const PATIENCE_MS = 8_000;

interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyStart: number;
}

class Connection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #onChange: () => void = () => {};
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#onChange();
    });
    // A server that has refused a request may close while we still send it; 'close' follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isClosed = true;
      this.#onChange();
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  /** @param keep is given the connection when it can be used again */
  exchange(request: RawRequest, keep: (connection: Connection) => void): Promise<RawReply> {
    const { promise, resolve } = Promise.withResolvers<RawReply>();
    const patience = setTimeout(() => this.end(), PATIENCE_MS);
    this.#onChange = () => {
      const reply = this.#read(request.method);
      if (reply === null && !this.#isClosed) return;
      clearTimeout(patience);
      this.#onChange = () => {};
      this.#received = Buffer.alloc(0);
      const isOver = this.#isClosed || reply === null || reply.headers.get('connection') === 'close';
      // A stream never ends, and a refused body may still be on its way.
      if (isOver || isStream(reply.headers) || reply.status === 413) this.end();
      else keep(this);
      resolve(reply ?? { status: 0, headers: new Map(), body: '' });
    };
    if (this.#isClosed) this.#onChange();
    else this.#socket.write(bytesOf(request));
    return promise;
  }

  /** @returns null while the reply is not complete */
  #read(method: string): RawReply | null {
    const head = readHead(this.#received);
    if (head === null) return null;
    const { status, headers, bodyStart } = head;
    const rest = this.#received.subarray(bodyStart);
    if (method === 'HEAD' || status === 204) return { status, headers, body: '' };
    // A stream may be silent for long, and never ends.
    if (isStream(headers)) return { status, headers, body: '' };
    if (headers.get('transfer-encoding') === 'chunked') {
      const body = readChunks(rest);
      return body === null ? null : { status, headers, body };
    }
    const length = headers.get('content-length');
    if (length === undefined) return this.#isClosed ? { status, headers, body: rest.toString() } : null;
    if (rest.length < Number(length)) return null;
    return { status, headers, body: rest.subarray(0, Number(length)).toString() };
  }
}

function isStream(headers: ReadonlyMap<string, string>): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

function bytesOf({ method, target, headers, body }: RawRequest): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, 'host: shop.example'];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== null) lines.push(`content-length: ${body.length}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8');
  return body === null ? head : Buffer.concat([head, body]);
}

function readHead(received: Buffer): Head | null {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { status: Number(first.split(' ')[1]), headers, bodyStart: end + 4 };
}

function readChunks(bytes: Buffer): string | null {
  let body = '';
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const length = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (length === 0) return body;
    const chunk = bytes.subarray(lineEnd + 2, lineEnd + 2 + length);
    if (chunk.length < length) return null;
    body += chunk.toString();
    at = lineEnd + 2 + length + 2;
  }
}
