/**
 * Rebuilds one sale in Redis from SQL and arms it. Launch, every change of a sale, a restart, a flush, a failover
 * and drift all come here: there is one way into Redis.
 *
 * The order of the steps is the proof. Raising the epoch first freezes the set of orders: none vouched for by an
 * older epoch can commit from then on. Reading the hold ids before that would leave room for a hold that is
 * ordered in between, kept in Redis and counted in SQL.
 */

import { and, asc, eq, gt, inArray } from 'drizzle-orm';
import type { Pool } from 'mysql2/promise';
import { buyerUnits, sales } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import {
  BUYER_RATE_DEFAULT,
  LOSS_REMEMBERED_MS,
  REBUILD_CHUNK,
  REBUILD_MARK_EVERY_MS,
} from '@flash-sale/shared/limits.ts';
import { announceStream } from '../events/publish.ts';
import { snapshot, statement, transaction } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
import type { Sale } from '../products/catalog.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { beginRebuild, commitRebuild, keepHolds, markRebuild } from '../redis/sale-scripts.ts';
import type { Settlement } from '../redis/scripts.ts';
import { onShard } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { outcomesOf } from './outcomes.ts';
import { checkStoresOf } from './store-checks.ts';

export type Rebuilt =
  | { kind: 'armed'; epoch: number; available: number }
  /** Another rebuild, newer than this one, took over. */
  | { kind: 'superseded' }
  /** The sale does not exist or its state is not served by Redis. */
  | { kind: 'not_served' }
  /** The stores are set up in a way that could lose what was acknowledged. */
  | { kind: 'refused'; reasons: string[] };

/** Every step of a rebuild. @throws StoreUnavailable; the sale is then not armed, and the next rebuild starts over. */
export async function rebuildSale(services: Services, saleId: number): Promise<Rebuilt> {
  const begun = await startRebuild(services, saleId);
  return begun.kind === 'begun' ? finishRebuild(services, saleId, begun) : begun;
}

interface Begun {
  readonly kind: 'begun';
  readonly token: string;
  readonly epoch: number;
  readonly lastArmedEpoch: number;
  /** This life of the data was armed last: it has seen every hold. */
  readonly isContinuous: boolean;
}

/** What was said of each sale last: it is tried again some times a second. */
const toldOf = perProcess(() => new Map<number, string>());

function tellOnce(services: Services, saleId: number, reasons: readonly string[]): void {
  if (toldOf(services).get(saleId) === reasons.join()) return;
  toldOf(services).set(saleId, reasons.join());
  services.log.error('a sale is not armed: the stores are not safe', { saleId, reasons });
}

/** Stops the sale in Redis: from here on only this rebuild arms it, or a newer one. @throws StoreUnavailable */
export async function startRebuild(
  services: Services,
  saleId: number,
): Promise<Begun | Exclude<Rebuilt, { kind: 'armed' }>> {
  const { redis, mysql, reach } = services;
  const { reasons } = await checkStoresOf(services, saleId);
  if (reasons.length === 0) toldOf(services).delete(saleId);
  else {
    tellOnce(services, saleId, reasons);
    return { kind: 'refused', reasons };
  }
  const raised = await raiseEpoch(mysql, saleId, await epochInRedis(services, saleId));
  if (raised === undefined) return { kind: 'not_served' };
  reach('rebuild.raised');
  const begun = await beginRebuild(redis, saleId, raised);
  return begun.kind === 'superseded' ? begun : { ...begun, ...raised };
}

/** The long part, of which others are told all the time that it goes on. @throws StoreUnavailable */
export async function finishRebuild(services: Services, saleId: number, begun: Begun): Promise<Rebuilt> {
  const mark = () => void markRebuild(services.redis, saleId, begun.token).catch(() => {});
  const marking = setInterval(mark, REBUILD_MARK_EVERY_MS);
  try {
    return await install(services, saleId, begun);
  } finally {
    clearInterval(marking);
  }
}

async function install(services: Services, saleId: number, begun: Begun): Promise<Rebuilt> {
  const { redis, mysql, reach, log, metrics } = services;
  const { token, epoch, lastArmedEpoch } = begun;
  const kept = await keepHolds(redis, saleId, token);
  if (kept.kind === 'superseded') return kept;
  reach('rebuild.begun');

  const { sale, outcomes, buyers } = await readTruth(mysql, saleId, kept.holdIds);
  reach('rebuild.read');
  if (!(await noteArming(mysql, saleId, epoch))) return { kind: 'superseded' };
  reach('rebuild.noted');

  if (lastArmedEpoch === 0) await announceStream(services, saleId);
  const mayHaveLostData = lastArmedEpoch > 0 && !begun.isContinuous;
  const committed = await commitRebuild(redis, saleId, {
    token,
    epoch,
    baseSeq: sale.seq,
    allotment: sale.allotment,
    committed: sale.committed,
    state: sale.state,
    opensAtMs: sale.opensAt.getTime(),
    closesAtMs: sale.closesAt?.getTime() ?? null,
    holdTtlMs: sale.holdTtlMs,
    buyerLimit: sale.buyerLimit,
    buyerRate: sale.buyerRate ?? BUYER_RATE_DEFAULT,
    addressRate: sale.addressRate,
    lossRememberedMs: mayHaveLostData ? LOSS_REMEMBERED_MS : 0,
    outcomes,
    buyers,
  });
  if (committed.kind === 'superseded') return committed;
  reach('rebuild.armed');

  metrics.rebuilds.inc();
  log.info('sale armed', { saleId, epoch, available: committed.available, mayHaveLostData });
  return { kind: 'armed', epoch, available: committed.available };
}

/** Redis may be ahead: SQL can have been restored from an older backup. */
async function epochInRedis(services: Services, saleId: number): Promise<number> {
  try {
    const epochs = await onShard(services.redis, saleId, (shard) =>
      shard.hmget(saleMetaKey(saleId), 'epoch', 'rebuild_epoch'),
    );
    return Math.max(0, ...epochs.map(Number).filter(Number.isSafeInteger));
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
}

async function raiseEpoch(
  mysql: Pool,
  saleId: number,
  redisEpoch: number,
): Promise<{ epoch: number; lastArmedEpoch: number } | undefined> {
  return transaction(mysql, async (sql) => {
    const [sale] = await sql
      .select({ epoch: sales.epoch, lastArmedEpoch: sales.armedEpoch })
      .from(sales)
      .where(and(eq(sales.id, saleId), inArray(sales.state, ARMED_SALE_STATES)))
      .for('update');
    if (sale === undefined) return undefined;
    const epoch = Math.max(sale.epoch, redisEpoch) + 1;
    await sql.update(sales).set({ epoch }).where(eq(sales.id, saleId));
    return { epoch, lastArmedEpoch: sale.lastArmedEpoch };
  });
}

/**
 * Noted before it is true: whoever dies in between only makes the next rebuild take Redis for one that may have lost
 * data. A rebuild that was overtaken stops here, so that no Redis is armed behind the epoch of SQL.
 */
async function noteArming(mysql: Pool, saleId: number, epoch: number): Promise<boolean> {
  return statement(mysql, async (sql) => {
    const [{ affectedRows }] = await sql
      .update(sales)
      .set({ armedEpoch: epoch })
      .where(and(eq(sales.id, saleId), eq(sales.epoch, epoch)));
    return affectedRows === 1;
  });
}

interface Truth {
  readonly sale: Sale;
  readonly outcomes: Settlement[];
  readonly buyers: { buyerId: string; units: number }[];
}

/** One snapshot, so that the buyers' units belong to the same seq as `committed`. */
function readTruth(mysql: Pool, saleId: number, holdIds: readonly string[]): Promise<Truth> {
  return snapshot(mysql, async (sql) => {
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId));
    if (sale === undefined) throw new Error(`sale ${saleId} vanished during its rebuild`);
    const outcomes: Settlement[] = [];
    for (let start = 0; start < holdIds.length; start += REBUILD_CHUNK) {
      outcomes.push(...(await outcomesOf(sql, holdIds.slice(start, start + REBUILD_CHUNK))));
    }
    const buyers = await sql
      .select({ buyerId: buyerUnits.buyerId, units: buyerUnits.units })
      .from(buyerUnits)
      .where(and(eq(buyerUnits.saleId, saleId), gt(buyerUnits.units, 0)))
      .orderBy(asc(buyerUnits.buyerId));
    return { sale, outcomes, buyers };
  });
}
