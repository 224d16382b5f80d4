/** Holds: placed, and refused because there is nothing left. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { hold } from '../../test/client.ts';
import type { Ask, Contender, Contest, OpenContest } from '../contest.ts';
import { load } from '../load/load.ts';
import type { Loaded, Requests } from '../load/requests.ts';
import type { Server, Stage } from '../stage.ts';

export const BARE = '(a) bare Elysia';
const UNBATCHED = '(b) one EVALSHA each';
const API = 'API';
const GONE = 'API, sold out';
const BARE_GONE = '(a) bare Elysia, sold out';

async function serveAll(stage: Stage) {
  const bare = await stage.serve('bench/yardsticks/bare-server.ts');
  const unbatched = await stage.serve('bench/yardsticks/unbatched-server.ts');
  return { bare, unbatched, api: await stage.serve('server.ts') };
}

/** @param least what the API is to reach of the bare framework */
export function anonymousHolds(connections: number, least: number, asksForP99: boolean): OpenContest {
  return async (stage: Stage): Promise<Contest> => {
    const { productId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const gone = await stage.world.sale({ allotment: 1 });
    await hold(stage.world, gone.productId, { ttl: 300 });
    const { bare, unbatched, api } = await serveAll(stage);
    const same = (product: number): Requests => ({ kind: 'same', body: holdBody(product) });
    const placing = (name: string, server: Server) =>
      contender(name, server, '/api/holds', connections, same(productId), 'accepted');
    const p99: Ask = {
      what: 'p99 API / (a)',
      of: API,
      to: BARE,
      figure: 'p99Ms',
      wanted: asksForP99 ? { atMost: 1.5 } : null,
    };
    return {
      name: `holds, ${connections} connections`,
      contenders: [
        placing(BARE, bare),
        placing(API, api),
        placing(UNBATCHED, unbatched),
        contender(BARE_GONE, bare, '/sold-out', connections, same(gone.productId), 'refused'),
        contender(GONE, api, '/api/holds', connections, same(gone.productId), 'refused'),
      ],
      asks: [
        { what: 'API / (a)', of: API, to: BARE, figure: 'perSecond', wanted: { atLeast: least } },
        { what: 'API / (b)', of: API, to: UNBATCHED, figure: 'perSecond', wanted: { atLeast: 1.4 } },
        { what: 'sold out / (a)', of: GONE, to: BARE_GONE, figure: 'perSecond', wanted: { atLeast: 0.85 } },
        p99,
      ],
    };
  };
}

/** Each request with another buyer and another idempotency key; (b) knows neither, and does less. */
export function storefrontHolds(connections: number): OpenContest {
  return async (stage: Stage): Promise<Contest> => {
    const { productId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const { bare, unbatched, api } = await serveAll(stage);
    const placing = (name: string, server: Server) =>
      contender(name, server, '/api/holds', connections, { kind: 'buyers', productId }, 'accepted');
    return {
      name: `holds of named buyers with idempotency keys, ${connections} connections`,
      contenders: [placing(BARE, bare), placing(API, api), placing(UNBATCHED, unbatched)],
      asks: [
        { what: 'API / (a)', of: API, to: BARE, figure: 'perSecond', wanted: null },
        { what: 'API / (b)', of: API, to: UNBATCHED, figure: 'perSecond', wanted: null },
        { what: 'p99 API / (a)', of: API, to: BARE, figure: 'p99Ms', wanted: null },
      ],
    };
  };
}

export function productReads(connections: number): OpenContest {
  return async (stage: Stage): Promise<Contest> => {
    const { productId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const bare = await stage.serve('bench/yardsticks/bare-server.ts');
    const api = await stage.serve('server.ts');
    const path = `/api/products/${productId}`;
    return {
      name: `a product, ${connections} connections`,
      contenders: [
        contender(BARE, bare, path, connections, { kind: 'get' }, 'accepted'),
        contender(API, api, path, connections, { kind: 'get' }, 'accepted'),
      ],
      asks: [
        { what: 'API / (a)', of: API, to: BARE, figure: 'perSecond', wanted: { atLeast: 0.85 } },
        { what: 'p99 API / (a)', of: API, to: BARE, figure: 'p99Ms', wanted: null },
      ],
    };
  };
}

export function holdBody(productId: number): string {
  return JSON.stringify({ product_id: productId, quantity: 1, ttl: 300 });
}

export type Expected = 'accepted' | 'refused';

function contender(
  name: string,
  { url, pid }: Server,
  path: string,
  connections: number,
  requests: Requests,
  expected: Expected,
): Contender {
  return {
    name,
    pid,
    load: (seconds) => load({ url: url + path, connections, seconds, requests }),
    check: async (loaded) => checkAnswers(name, loaded, expected),
  };
}

/** @throws when some were answered otherwise: then it would not be clear what was measured */
export function checkAnswers(name: string, { requests, refused }: Loaded, expected: Expected): void {
  if (refused === (expected === 'refused' ? requests : 0)) return;
  throw new Error(`${name}: of ${requests} requests ${refused} were refused; all should be ${expected}`);
}
