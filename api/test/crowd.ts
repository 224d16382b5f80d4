/**
 * A crowd at the door: one TCP connection per request, all open before the first byte is sent, then all sent at
 * once. No HTTP client in between that pools, queues or retries.
 */

import type { Socket } from 'bun';

export interface CrowdRequest {
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CrowdAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: {
    readonly code?: string;
    readonly available_stock?: number;
    readonly data?: { readonly hold_id: string };
  };
}

interface Visitor {
  received: Buffer;
  readonly answered: PromiseWithResolvers<CrowdAnswer>;
}

/** POSTs them all at once. @returns the answers in the order of the requests. */
export async function postAtOnce(url: string, requests: readonly CrowdRequest[]): Promise<CrowdAnswer[]> {
  const target = new URL(url);
  const texts = requests.map((request) => write(target, request));
  const sockets = await Promise.all(texts.map(() => connect(target)));
  sockets.forEach((socket, index) => socket.write(texts[index] ?? ''));
  const answers = await Promise.all(sockets.map((socket) => socket.data.answered.promise));
  for (const socket of sockets) socket.end();
  return answers;
}

function write({ host, pathname }: URL, { body, headers = {} }: CrowdRequest): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

function connect({ hostname, port }: URL): Promise<Socket<Visitor>> {
  return Bun.connect<Visitor>({
    hostname,
    port: Number(port),
    data: { received: Buffer.alloc(0), answered: Promise.withResolvers<CrowdAnswer>() },
    socket: {
      data({ data }, chunk) {
        data.received = Buffer.concat([data.received, chunk]);
        const answer = parse(data.received.toString());
        if (answer !== null) data.answered.resolve(answer);
      },
      close: ({ data }) => data.answered.reject(new Error('the connection closed without an answer')),
      error: ({ data }, error) => data.answered.reject(error),
    },
  });
}

/** @returns null until the whole answer is there. Our answers always state their length. */
function parse(text: string): CrowdAnswer | null {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const body = Buffer.from(text.slice(end + 4));
  const length = Number(headers.get('content-length'));
  if (Number.isNaN(length)) throw new Error(`an answer without a length: ${statusLine}`);
  if (body.length < length) return null;
  return { status: Number(statusLine.split(' ')[1]), headers, body: JSON.parse(body.toString()) };
}
