/** What came over a connection -> an answer. */

export interface HttpReply {
  readonly status: number;
  /** JSON; null when it is something else. */
  readonly body: unknown;
  readonly isLast: boolean;
}

/** @returns null until all of it is there. @throws when it is no answer of HTTP/1.1 */
export function readReply(received: Buffer): HttpReply | null {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an answer of HTTP/1.1: ${first.slice(0, 80)}`);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const isChunked = headers.get('transfer-encoding')?.toLowerCase() === 'chunked';
  const rest = received.subarray(end + 4);
  const body = isChunked ? joinChunks(rest) : take(rest, Number(headers.get('content-length') ?? 0));
  if (body === null) return null;
  return { status, body: jsonOf(body), isLast: headers.get('connection')?.toLowerCase() === 'close' };
}

function take(bytes: Buffer, length: number): Buffer | null {
  return bytes.length < length ? null : bytes.subarray(0, length);
}

/** As proxies like to send it. */
function joinChunks(bytes: Buffer): Buffer | null {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return null;
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(length)) throw new Error('a chunk without its length');
    const start = lineEnd + 2;
    if (bytes.length < start + length + 2) return null;
    if (length === 0) return Buffer.concat(parts);
    parts.push(bytes.subarray(start, start + length));
    at = start + length + 2;
  }
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
