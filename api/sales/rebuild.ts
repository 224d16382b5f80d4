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
import {
  beginRebuild,
  commitRebuild,
  countBuyers,
  endDecided,
  keepHolds,
  markRebuild,
  type BuyerUnits,
} from '../redis/sale-scripts.ts';
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
  reach('rebuild.begun');
  if (!(await keepUndecided(services, saleId, token))) return { kind: 'superseded' };
  reach('rebuild.kept');

  const { sale, buyers } = await readTruth(mysql, saleId);
  reach('rebuild.read');
  if (!(await noteArming(mysql, saleId, epoch))) return { kind: 'superseded' };
  reach('rebuild.noted');

  if (!(await countAll(services, saleId, token, buyers))) return { kind: 'superseded' };
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
  });
  if (committed.kind === 'superseded') return committed;
  reach('rebuild.armed');

  metrics.rebuilds.inc();
  log.info('sale armed', { saleId, epoch, available: committed.available, mayHaveLostData });
  return { kind: 'armed', epoch, available: committed.available };
}

/**
 * Goes over the living holds, piece by piece: ends those that SQL decided about, and derives from the rest what follows.
 * SQL need not be asked in one moment: since the epoch was raised no hold can be ordered, and what else is decided about
 * one that is kept comes later by the settler. @returns false when another rebuild took over
 */
async function keepUndecided(services: Services, saleId: number, token: string): Promise<boolean> {
  const { redis, mysql } = services;
  let cursor = '0';
  do {
    const from = cursor;
    const piece = await answered(async () => {
      const kept = await keepHolds(redis, saleId, token, from);
      if (kept.kind === 'superseded') return kept;
      const outcomes = await statement(mysql, (sql) => outcomesOf(sql, kept.holdIds));
      if (outcomes.length === 0) return kept;
      const ended = await endDecided(redis, saleId, token, outcomes);
      return ended.kind === 'superseded' ? { kind: ended.kind } : kept;
    });
    if (piece.kind === 'superseded') return false;
    cursor = piece.next;
  } while (cursor !== '0');
  return true;
}

async function countAll(
  { redis }: Services,
  saleId: number,
  token: string,
  buyers: readonly BuyerUnits[],
): Promise<boolean> {
  for (let piece = 0; piece * REBUILD_CHUNK < buyers.length; piece += 1) {
    const some = buyers.slice(piece * REBUILD_CHUNK, (piece + 1) * REBUILD_CHUNK);
    const { kind } = await answered(() => countBuyers(redis, saleId, token, piece, some));
    if (kind === 'superseded') return false;
  }
  return true;
}

/** A store that stalls for a moment does not cost all that was done: what is sent here may come twice. */
const PIECE_ATTEMPTS_MAX = 3;

async function answered<Result>(piece: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await piece();
    } catch (error) {
      if (attempt === PIECE_ATTEMPTS_MAX || !(error instanceof StoreUnavailable)) throw error;
    }
    await Bun.sleep(REBUILD_MARK_EVERY_MS);
  }
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

/** One snapshot, so that the buyers' units belong to the same seq as `committed`. */
function readTruth(mysql: Pool, saleId: number): Promise<{ sale: Sale; buyers: BuyerUnits[] }> {
  return snapshot(mysql, async (sql, goOn) => {
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId));
    if (sale === undefined) throw new Error(`sale ${saleId} vanished during its rebuild`);
    const buyers: BuyerUnits[] = [];
    for (let last = ''; ; goOn()) {
      const some = await sql
        .select({ buyerId: buyerUnits.buyerId, units: buyerUnits.units })
        .from(buyerUnits)
        .where(and(eq(buyerUnits.saleId, saleId), gt(buyerUnits.buyerId, last), gt(buyerUnits.units, 0)))
        .orderBy(asc(buyerUnits.buyerId))
        .limit(REBUILD_CHUNK);
      buyers.push(...some);
      const next = some.at(-1);
      if (next === undefined || some.length < REBUILD_CHUNK) return { sale, buyers };
      last = next.buyerId;
    }
  });
}
