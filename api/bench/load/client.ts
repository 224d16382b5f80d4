/** A client of our own, where every request and every answer counts. */

import { RawHttp, type RawReply, type RawRequest } from '../../test/fuzz/raw-http.ts';
import type { Prepared } from './requests.ts';

export interface Answered {
  readonly reply: RawReply;
  readonly tookMs: number;
}

/** Each connection asks for its next request once the last is answered, until there is none. */
export async function drive(
  url: string,
  connections: number,
  next: () => RawRequest | null,
  heard: (answered: Answered) => void,
): Promise<void> {
  const http = new RawHttp(url);
  const visit = async () => {
    for (let request = next(); request !== null; request = next()) {
      const startedAtMs = performance.now();
      const reply = await http.send(request);
      heard({ reply, tookMs: performance.now() - startedAtMs });
    }
  };
  await Promise.all(Array.from({ length: connections }, visit));
  http.close();
}

export function post(target: string, { body, headers = {} }: Prepared): RawRequest {
  const all = Object.entries({ 'content-type': 'application/json', ...headers });
  return { method: 'POST', target, headers: all, body: Buffer.from(body) };
}

export function get(target: string): RawRequest {
  return { method: 'GET', target, headers: [], body: null };
}

/** The smallest value that so large a part of all is not above. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
