/** Holds: placed, and refused because there is nothing left. */

import { ALLOTMENT_MAX } from '@flash-sale/shared/limits.ts';
import { saleKeys } from '../../redis/keys.ts';
import { armSale } from '../../sales/arming.ts';
import { hold } from '../../test/client.ts';
import type { Ask, Contender, Contest, OpenContest } from '../contest.ts';
import { load } from '../load/load.ts';
import type { Loaded, Requests } from '../load/requests.ts';
import type { Server, Stage } from '../stage.ts';
import { PLAIN_HOLD_KEYS } from '../yardsticks/plain-keys.ts';

export const BARE = '(a) bare Elysia';
export const UNBATCHED = '(b) one EVALSHA each';
export const API = 'API';
const GONE = 'API, sold out';
const BARE_GONE = '(a) bare Elysia, sold out';

/** Both yardsticks, and the API. */
export async function serveAll(stage: Stage) {
  const bare = await stage.serve('bench/yardsticks/bare-server.ts');
  const unbatched = await stage.serve('bench/yardsticks/unbatched-server.ts');
  return { bare, unbatched, api: await stage.serve('server.ts') };
}

/** @param least what the API is to reach of the bare framework */
export function anonymousHolds(connections: number, least: number, asksForP99: boolean): OpenContest {
  return async (stage: Stage): Promise<Contest> => {
    const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const gone = await stage.world.sale({ allotment: 1 });
    const { bare, unbatched, api } = await serveAll(stage);
    const same = (product: number): Requests => ({ kind: 'same', body: holdBody(product) });
    const placing = (name: string, server: Server) =>
      contender(name, server, {
        path: '/api/holds',
        connections,
        requests: same(productId),
        expected: 'accepted',
        prepare: () => empty(stage, [saleId]),
      });
    const goneTo = (name: string, server: Server, path: string) =>
      contender(name, server, {
        path,
        connections,
        requests: same(gone.productId),
        expected: 'refused',
        // The one unit, which is held for five minutes by whoever was the last to get it.
        prepare: async () => void (await hold(stage.world, gone.productId, { ttl: 300 })),
      });
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
        goneTo(BARE_GONE, bare, '/sold-out'),
        goneTo(GONE, api, '/api/holds'),
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
    const { productId, saleId } = await stage.world.sale({ allotment: ALLOTMENT_MAX });
    const { bare, unbatched, api } = await serveAll(stage);
    const placing = (name: string, server: Server) =>
      contender(name, server, {
        path: '/api/holds',
        connections,
        requests: { kind: 'buyers', productId },
        expected: 'accepted',
        prepare: () => empty(stage, [saleId]),
      });
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
    const reading = {
      path: `/api/products/${productId}`,
      connections,
      requests: { kind: 'get' },
      expected: 'accepted',
    } as const;
    return {
      name: `a product, ${connections} connections`,
      contenders: [contender(BARE, bare, reading), contender(API, api, reading)],
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

type Expected = 'accepted' | 'refused';

export interface Asking {
  readonly path: string;
  readonly connections: number;
  readonly requests: Requests;
  readonly expected: Expected;
  readonly prepare?: () => Promise<void>;
}

export function contender(name: string, { url, pid }: Server, asking: Asking): Contender {
  const { path, connections, requests, expected, prepare = async () => {} } = asking;
  return {
    name,
    pid,
    prepare,
    load: (seconds) => load({ url: url + path, connections, seconds, requests }),
    check: async (loaded) => checkAnswers(name, loaded, expected),
  };
}

/** More would only wait for each other. */
const ARMED_AT_ONCE = 4;

/** No holds any more, so that every load begins with the same; those of (b) go too. */
export async function empty({ world }: Stage, saleIds: readonly number[]): Promise<void> {
  const { redis } = world.services;
  await redis.unlink(PLAIN_HOLD_KEYS);
  for (let start = 0; start < saleIds.length; start += ARMED_AT_ONCE) {
    const some = saleIds.slice(start, start + ARMED_AT_ONCE);
    for (const saleId of some) await redis.unlink(saleKeys(saleId));
    await Promise.all(some.map((saleId) => armSale(world.services, saleId)));
  }
}

/** @throws when some were answered otherwise: then it would not be clear what was measured */
export function checkAnswers(name: string, { requests, refused }: Loaded, expected: Expected): void {
  if (refused === (expected === 'refused' ? requests : 0)) return;
  throw new Error(`${name}: of ${requests} requests ${refused} were refused; all should be ${expected}`);
}
