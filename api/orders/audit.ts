/**
 * The auditor: evaluates invariant I2 exactly while the sale runs. Nothing may be taken or given in SQL between the
 * looks, so the sale's row is locked for a few milliseconds, or found unchanged afterwards; Redis is looked at in one step.
 */

import { and, eq, inArray, isNull, sql as raw } from 'drizzle-orm';
import { holdOutcomes, orders, saleAudits, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { AUDIT_COUNTED_MAX } from '@flash-sale/shared/limits.ts';
import { COMMITTED_ORDER_STATES, ORDER_STATES, type OrderState } from '@flash-sale/shared/lifecycle.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { bySystem } from '../operators/audit-log.ts';
import { perProcess } from '../per-process.ts';
import type { Sale } from '../products/catalog.ts';
import { auditSale as readSums } from '../redis/sale-scripts.ts';
import { NOT_ARMED } from '../redis/script.ts';
import { servedSales } from '../sales/arming.ts';
import { eachSale } from '../sales/each-sale.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { moveSale } from '../sales/sales.ts';
import type { Services } from '../services.ts';
import { unlessAway } from '../store-unavailable.ts';

export interface Audit extends OrderUnits {
  readonly allotment: number;
  readonly available: number;
  readonly held: number;
  /** Pinned, and neither ordered nor withdrawn in SQL. */
  readonly pinned: number;
  /** Credits above the base that Redis has not applied. */
  readonly owed: number;
  readonly committed: number;
  /** Units whose hold ever ended so, since Redis last began with nothing. */
  readonly expired: number;
  readonly released: number;
  /** Holds that neither the reaper nor the settler would find: 0, always. */
  readonly unlisted: number;
  /** What I2 adds up to, less the allotment: 0, always. */
  readonly drift: number;
}

export interface OrderUnits {
  /** Units of pending and paid orders: I1 says that this is `committed`. */
  readonly ordered: number;
  /** Units of paid orders, which are among the ordered ones. */
  readonly paid: number;
  /** Of all orders that there ever were, and of those that were ever paid for. */
  readonly everOrdered: number;
  readonly everPaid: number;
}

/**
 * @param countedMax of more living holds Redis tells what its steps have added up, without counting the records
 * @returns null while Redis is not armed at SQL's epoch: there is nothing to compare.
 */
export function auditSale(
  { mysql, redis }: Services,
  saleId: number,
  countedMax = AUDIT_COUNTED_MAX,
): Promise<Audit | null> {
  return transaction(mysql, async (sql) => {
    const locked = await sql.select().from(sales).where(eq(sales.id, saleId)).for('update');
    const [audit] = await compare(sql, locked, (id, creditIds) => readSums(redis, id, creditIds, countedMax));
    return audit ?? null;
  });
}

/**
 * Looks at many sales at once, and locks none: a look counts if SQL's side of the sale is the same before and after it,
 * which its seq and epoch tell.
 * @param before as they were read a moment ago
 * @returns by sale, without those that changed meanwhile: `auditSale` says what is with them; null, too, while the shard
 * of a sale is away: it must not hide the others
 */
export function auditQuietSales(
  { mysql, redis }: Services,
  before: readonly Sale[],
): Promise<Map<number, Audit | null>> {
  return statement(mysql, async (sql) => {
    const audits = await compare(sql, before, (id, creditIds) =>
      readSums(redis, id, creditIds).catch((error: unknown) => {
        unlessAway(error);
        return NOT_ARMED;
      }),
    );
    const after = await sql
      .select({ id: sales.id, seq: sales.seq, epoch: sales.epoch })
      .from(sales)
      .where(inArray(sales.id, idsOf(before)));
    const same = new Set(after.map(({ id, seq, epoch }) => `${id} ${seq} ${epoch}`));
    return new Map(
      before.flatMap(({ id, seq, epoch }, index) =>
        same.has(`${id} ${seq} ${epoch}`) ? [[id, audits[index] ?? null]] : [],
      ),
    );
  });
}

/** Compares the stores, sale by sale. It is exact for a sale that does not change in SQL while this runs. */
async function compare(
  sql: Sql,
  ofSales: readonly Sale[],
  read: (saleId: number, creditIds: number[]) => Promise<Sums>,
): Promise<(Audit | null)[]> {
  if (ofSales.length === 0) return [];
  const ids = idsOf(ofSales);
  const undelivered = await sql
    .select()
    .from(stockCredits)
    .where(and(inArray(stockCredits.saleId, ids), isNull(stockCredits.deliveredAt)));
  const reading = ofSales.map(async (sale) => {
    const credits = undelivered.filter(({ saleId }) => saleId === sale.id);
    return { sale, credits, sums: await read(sale.id, idsOf(credits)) };
  });
  const [units, looks] = await Promise.all([orderUnits(sql, ids), Promise.all(reading)]);
  const goneIds = await goneAmong(
    sql,
    looks.flatMap(({ sums }) => (sums.kind === 'sums' ? sums.pins.map(({ holdId }) => holdId) : [])),
  );
  return looks.map((look) => addUp(look, goneIds, units));
}

interface SaleLook {
  readonly sale: Sale;
  readonly credits: readonly (typeof stockCredits.$inferSelect)[];
  readonly sums: Sums;
}

type Sums = Awaited<ReturnType<typeof readSums>>;

function addUp(
  { sale, credits, sums }: SaleLook,
  goneIds: ReadonlySet<string>,
  units: ReadonlyMap<number, OrderUnits>,
): Audit | null {
  if (sums.kind === 'not_armed' || sums.epoch !== sale.epoch) return null;
  const pinned = sum(sums.pins.map(({ holdId, quantity }) => (goneIds.has(holdId) ? 0 : quantity)));
  const applied = new Set(sums.appliedCreditIds);
  const isOwed = ({ id, seq }: { id: number; seq: number }) => seq > sums.baseSeq && !applied.has(id);
  const owed = sum(credits.filter(isOwed).map((credit) => credit.units));
  const { allotment, committed } = sale;
  const { available, heldUnits: held, expiredUnits, releasedUnits, unlistedHolds: unlisted } = sums;
  const drift = available + held + pinned + owed + committed - allotment;
  return {
    allotment,
    available,
    held,
    pinned,
    owed,
    committed,
    expired: expiredUnits,
    released: releasedUnits,
    unlisted,
    drift,
    ...(units.get(sale.id) ?? NO_UNITS),
  };
}

/** Pins whose units are committed, or no part of the allotment any more; Redis has not been told. */
async function goneAmong(sql: Sql, holdIds: string[]): Promise<Set<string>> {
  if (holdIds.length === 0) return new Set();
  const rows = await sql
    .select({ holdId: holdOutcomes.holdId })
    .from(holdOutcomes)
    .where(
      and(inArray(holdOutcomes.holdId, holdIds), inArray(holdOutcomes.outcome, ['ordered', 'withdrawn'])),
    );
  return new Set(rows.map(({ holdId }) => holdId));
}

export const NO_UNITS: OrderUnits = { ordered: 0, paid: 0, everOrdered: 0, everPaid: 0 };

/** @returns by sale; a sale without orders is not among them */
export async function orderUnits(sql: Sql, saleIds: number[]): Promise<Map<number, OrderUnits>> {
  if (saleIds.length === 0) return new Map();
  const rows = await sql
    .select({ saleId: orders.saleId, state: orders.state, units: raw<string>`sum(quantity)` })
    .from(orders)
    .where(inArray(orders.saleId, saleIds))
    .groupBy(orders.saleId, orders.state);
  const bySale = Map.groupBy(rows, ({ saleId }) => saleId);
  return new Map(
    [...bySale].map(([saleId, ofSale]) => {
      const unitsIn = (states: readonly OrderState[]) =>
        sum(ofSale.filter(({ state }) => states.includes(state)).map(({ units }) => Number(units)));
      return [
        saleId,
        {
          ordered: unitsIn(COMMITTED_ORDER_STATES),
          paid: unitsIn(['paid']),
          everOrdered: unitsIn(ORDER_STATES),
          everPaid: unitsIn(['paid', 'refund_due', 'refunded']),
        },
      ];
    }),
  );
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Sales whose last audit drifted. One drift may be a fault of the moment of looking; two are one of the stock. */
const driftedOf = perProcess(() => new Set<number>());

/** Counting all records of a sale stops Redis; so often that this is one part in a hundred of the time, at most. */
const COUNT_EVERY = 100;
const ALL_RECORDS = Number.MAX_SAFE_INTEGER;

/** When the records of a sale may be counted again, by `performance.now()`. */
const countingOf = perProcess(() => new Map<number, number>());

/** The records themselves, however many there are: what was added up on the way is not believed for long. */
async function auditByRecords(services: Services, saleId: number, isSuspect: boolean): Promise<Audit | null> {
  const countAt = countingOf(services);
  const startedAtMs = performance.now();
  if (!isSuspect && startedAtMs < (countAt.get(saleId) ?? 0)) return auditSale(services, saleId);
  try {
    return await auditSale(services, saleId, ALL_RECORDS);
  } finally {
    // A count that took too long stopped Redis the longest.
    const endedAtMs = performance.now();
    countAt.set(saleId, endedAtMs + COUNT_EVERY * (endedAtMs - startedAtMs));
  }
}

/** Audits every sale that Redis serves; one that is wrong twice is repaired. @returns how many it repaired. */
export async function auditSales(services: Services): Promise<number> {
  // Sale by sale, because the sales of a shard that hangs are looked at when the next turn has begun.
  const drifted = driftedOf(services);
  return eachSale(services, 'audit', await servedSales(services), async (sale) => {
    const wasDrifted = drifted.delete(sale.id);
    const audit = await auditByRecords(services, sale.id, wasDrifted);
    if (audit === null) return 0;
    await noteVerdict(services, sale.id, audit);
    if (addsUp(audit)) return 0;
    services.log.error('a sale does not add up', { saleId: sale.id, audit });
    drifted.add(sale.id);
    if (!wasDrifted) return 0;
    await repair(services, sale, audit);
    return 1;
  });
}

export function addsUp({ drift, unlisted, ordered, committed }: Audit): boolean {
  return drift === 0 && unlisted === 0 && ordered === committed;
}

async function noteVerdict({ mysql }: Services, saleId: number, audit: Audit): Promise<void> {
  const verdict = { drift: audit.drift, isRight: addsUp(audit) ? 1 : 0, auditedAt: raw`utc_timestamp(3)` };
  await statement(mysql, (sql) =>
    sql
      .insert(saleAudits)
      .values({ saleId, ...verdict })
      .onDuplicateKeyUpdate({ set: verdict }),
  );
}

/**
 * A sale that was selling is paused until an operator has looked. Stock in Redis is counted anew, which a move does
 * too; that SQL's own rows disagree is for a person to mend, and rebuilding would only disarm the sale again and again.
 */
async function repair(services: Services, { id: saleId, state }: Sale, audit: Audit): Promise<void> {
  const isPaused = state === 'live';
  const isStockWrong = audit.drift !== 0 || audit.unlisted !== 0;
  const done = isPaused
    ? await moveSale(services, saleId, 'paused', bySystem('auditor'))
    : isStockWrong
      ? await rebuildSale(services, saleId)
      : { kind: 'left' };
  services.log.error('a sale does not add up for the second time', { saleId, isPaused, done: done.kind });
}
