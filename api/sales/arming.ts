/** Keeps sales armed: a call that meets an unarmed Redis waits for one rebuild, shared by all, and is made again. */

import { inArray } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import {
  LOOKUP_WAIT_MAX_MS,
  LOOKUPS_AT_ONCE,
  LOOKUPS_WAITING_MAX,
  REBUILD_SILENCE_MAX_MS,
  REBUILD_WAIT_MAX_MS,
} from '@flash-sale/shared/limits.ts';
import { exclusively } from '../mysql/exclusive.ts';
import { statement } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
import { findSale, type Sale } from '../products/catalog.ts';
import { isBeingRebuilt, readSale } from '../redis/sale-scripts.ts';
import type { NotArmed } from '../redis/script.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { Turnstile } from '../turnstile.ts';
import { eachSale } from './each-sale.ts';
import { finishRebuild, startRebuild } from './rebuild.ts';

/** Two, because another process may rebuild between our rebuild and our call. */
const REBUILDS_MAX = 2;

/**
 * Makes a Redis call on an armed sale. `not_armed` means that the call did nothing, so making it again is safe.
 * Returns `not_served` when the sale is not one that Redis serves.
 * @param untilMs how long its caller can wait for rebuilds, all in all, by `performance.now()`
 * @throws StoreUnavailable when the sale cannot be armed now.
 */
export async function onArmedSale<Result extends { kind: string }>(
  services: Services,
  saleId: number,
  call: () => Promise<Result | NotArmed>,
  untilMs = performance.now() + REBUILD_WAIT_MAX_MS,
): Promise<Exclude<Result, NotArmed> | { kind: 'not_served' }> {
  if ((await services.catalog.sale(saleId)) === undefined) return { kind: 'not_served' };
  for (let rebuilds = 0; ; rebuilds += 1) {
    const result = await call();
    // What this Redis does not know, the one that SQL believes in may know.
    const isBelieved =
      result.kind !== 'unknown' || (await armingOf(services).lookups.pass(() => isCurrent(services, saleId)));
    if (result.kind !== 'not_armed' && isBelieved) return result as Exclude<Result, NotArmed>;
    if (rebuilds === REBUILDS_MAX) throw new StoreUnavailable('redis', 'the sale is being rebuilt');
    if (!(await armSale(services, saleId, untilMs))) return { kind: 'not_served' };
  }
}

/**
 * Rebuilds that one process does at a time: each has a connection to SQL for most of its time, and some are left for orders
 * and webhooks. Large ones, of many seconds, are few.
 */
const REBUILDS_AT_ONCE = 8;

/** How long a worker looks on: nearly every rebuild is over by then, and one whose process died is overtaken. */
const REBUILD_WATCHED_MS = 1.5 * REBUILD_SILENCE_MAX_MS;

const armingOf = perProcess(() => ({
  running: new Map<number, Promise<boolean>>(),
  // Each waits for the rebuild of its own sale only, and a sale has one: the line is as long as there are sales.
  turnstile: new Turnstile({
    // What is waited for is Redis, whatever it is rebuilt from: whoever reads a hold asks SQL meanwhile.
    store: 'redis',
    atOnce: REBUILDS_AT_ONCE,
    waitingMax: Number.POSITIVE_INFINITY,
    waitMaxMs: REBUILD_WAIT_MAX_MS,
  }),
  lookups: new Turnstile({
    store: 'sql',
    atOnce: LOOKUPS_AT_ONCE,
    waitingMax: LOOKUPS_WAITING_MAX,
    waitMaxMs: LOOKUP_WAIT_MAX_MS,
  }),
}));

/** How soon a rebuild of another process is looked at again. */
const REBUILD_LOOK_EVERY_MS = 50;

/**
 * Arms a sale unless it is armed. False when the sale is not one that Redis serves.
 * @param untilMs how long its caller can wait, by `performance.now()`
 * @throws StoreUnavailable, also when that takes longer than anybody can wait: it goes on all the same
 */
export function armSale(
  services: Services,
  saleId: number,
  untilMs = performance.now() + REBUILD_WAIT_MAX_MS,
): Promise<boolean> {
  const { running } = armingOf(services);
  let armed = running.get(saleId);
  if (armed === undefined) {
    armed = arm(services, saleId).finally(() => running.delete(saleId));
    running.set(saleId, armed);
  }
  return inTime(armed, untilMs);
}

/** What takes longer goes on, and its end is nobody's business any more. @throws StoreUnavailable */
export function inTime<Result>(
  work: Promise<Result>,
  untilMs = performance.now() + REBUILD_WAIT_MAX_MS,
): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const tooLong = () => reject(new StoreUnavailable('redis', 'the sale is being rebuilt'));
  const timer = setTimeout(tooLong, untilMs - performance.now());
  work.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}

async function arm(services: Services, saleId: number): Promise<boolean> {
  const { turnstile } = armingOf(services);
  for (;;) {
    const known = await services.catalog.sale(saleId);
    if (known === undefined || known.state === 'ended') return false;
    // Asked without the lock and outside of the line: whoever only waits keeps nothing from others.
    const rebuilt = (await isUnderWay(services, saleId))
      ? UNDER_WAY
      : await turnstile.pass(() => rebuildUnlessDone(services, saleId));
    switch (rebuilt.kind) {
      case 'refused':
        throw new StoreUnavailable('redis', rebuilt.reasons.join('; '));
      case 'not_served':
        return false;
      case 'under_way':
        await Bun.sleep(REBUILD_LOOK_EVERY_MS);
        break;
      case 'armed':
      case 'superseded':
        return true;
    }
  }
}

/** Another process rebuilds it. */
const UNDER_WAY = { kind: 'under_way' } as const;

function isUnderWay({ redis }: Services, saleId: number): Promise<boolean> {
  return isBeingRebuilt(redis, saleId, REBUILD_SILENCE_MAX_MS);
}

/**
 * One rebuilder over all processes: economy only, the scripts are safe without it. The lock is held while one is begun;
 * from then on Redis knows that it goes on, and others wait as long as it gives signs of life.
 */
async function rebuildUnlessDone(services: Services, saleId: number) {
  const begun = await exclusively(services.mysql, `rebuild.${saleId}`, async () => {
    // Whoever waited for the lock finds the work done, or under way.
    if (await isCurrent(services, saleId)) return { kind: 'armed' as const };
    return (await isUnderWay(services, saleId)) ? UNDER_WAY : startRebuild(services, saleId);
  });
  return begun.kind === 'begun' ? finishRebuild(services, saleId, begun) : begun;
}

/**
 * Arms every sale that should be and is not, and rebuilds those that are not at SQL's epoch: whoever raised it died
 * before telling Redis. @returns how many were rebuilt.
 */
export async function keepSalesArmed(services: Services): Promise<number> {
  const { running } = armingOf(services);
  return eachSale(services, 'arming', await servedSales(services), async (sale) => {
    if (await isUpToDate(services, sale)) return 0;
    // Large ones are waited for once, so that the others need not wait for them turn after turn.
    if (running.has(sale.id)) return 0;
    await armSale(services, sale.id, performance.now() + REBUILD_WATCHED_MS);
    return 1;
  });
}

async function isCurrent(services: Services, saleId: number): Promise<boolean> {
  const sale = await findSale(services.mysql, saleId);
  return sale !== undefined && (await isUpToDate(services, sale));
}

async function isUpToDate({ redis }: Services, sale: Sale): Promise<boolean> {
  const stock = await readSale(redis, sale.id);
  return stock.kind === 'sale' && stock.epoch === sale.epoch;
}

export function servedSales({ mysql }: Services): Promise<Sale[]> {
  return statement(mysql, (sql) => sql.select().from(sales).where(inArray(sales.state, ARMED_SALE_STATES)));
}
