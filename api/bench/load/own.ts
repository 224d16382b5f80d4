/** Where wrk is missing: the same load by the client of our own. */

import type { RawRequest } from '../../test/fuzz/raw-http.ts';
import { drive, get, percentile, post } from './client.ts';
import type { Load, Loaded, Requests } from './requests.ts';

export async function ownLoad({ url, connections, seconds, requests }: Load): Promise<Loaded> {
  const { pathname } = new URL(url);
  const make = maker(pathname, requests);
  const took: number[] = [];
  let [bytes, refused, failed, ranOut] = [0, 0, 0, false];
  const startedAtMs = performance.now();
  const next = () => {
    if (performance.now() - startedAtMs >= seconds * 1_000) return null;
    const request = make();
    ranOut ||= request === null;
    return request;
  };
  await drive(url, connections, next, ({ reply, tookMs }) => {
    took.push(tookMs);
    bytes += reply.body.length;
    for (const [name, value] of reply.headers) bytes += name.length + value.length + 4;
    if (reply.status === 0) failed += 1;
    else if (reply.status >= 400) refused += 1;
  });
  return {
    requests: took.length,
    perSecond: took.length / ((performance.now() - startedAtMs) / 1_000),
    p50Ms: percentile(took, 0.5),
    p99Ms: percentile(took, 0.99),
    replyBytes: bytes / took.length,
    refused,
    failed,
    ranOut,
  };
}

function maker(target: string, requests: Requests): () => RawRequest | null {
  let made = 0;
  switch (requests.kind) {
    case 'get':
      return () => get(target);
    case 'same':
      return () => post(target, requests);
    case 'buyers': {
      const run = crypto.randomUUID().slice(0, 8);
      return () => {
        const name = `${run}-0-${String((made += 1)).padStart(12, '0')}`;
        const hold = {
          product_id: requests.productId,
          quantity: 1,
          ttl: 300,
          buyer_id: `buyer-${name}`,
        };
        return post(target, { body: JSON.stringify(hold), headers: { 'idempotency-key': `basket-${name}` } });
      };
    }
    case 'in_turn':
    case 'once': {
      const list = requests.requests.map((request) => post(target, request));
      const isEndless = requests.kind === 'in_turn';
      return () => {
        const at = made;
        made += 1;
        return list[isEndless ? at % list.length : at] ?? null;
      };
    }
  }
}
