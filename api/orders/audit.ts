/**
 * The auditor: evaluates invariant I2 exactly while the sale runs. The sale's row is locked for a few
 * milliseconds, so that nothing is taken or given in SQL between the looks; Redis is looked at in one step.
 */

import { and, eq, inArray, isNull, sql as raw } from 'drizzle-orm';
import { holdOutcomes, orders, saleAudits, sales, stockCredits } from '@flash-sale/drizzle/schema.ts';
import { COMMITTED_ORDER_STATES, type OrderState } from '@flash-sale/shared/lifecycle.ts';
import { statement, transaction, type Sql } from '../mysql/transaction.ts';
import { bySystem } from '../operators/audit-log.ts';
import type { Sale } from '../products/catalog.ts';
import { auditSale as readSums } from '../redis/sale-scripts.ts';
import { servedSales } from '../sales/arming.ts';
import { perProcess } from '../per-process.ts';
import { eachSale } from '../sales/each-sale.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { moveSale } from '../sales/sales.ts';
import type { Services } from '../services.ts';

export interface Audit {
  readonly allotment: number;
  readonly available: number;
  readonly held: number;
  /** Pinned, and neither ordered nor withdrawn in SQL. */
  readonly pinned: number;
  /** Credits above the base that Redis has not applied. */
  readonly owed: number;
  readonly committed: number;
  /** Units of pending and paid orders: I1 says that this is `committed`. */
  readonly ordered: number;
  /** Units of paid orders, which are among the ordered ones. */
  readonly paid: number;
  /** Holds that neither the reaper nor the settler would find: 0, always. */
  readonly unlisted: number;
  /** What I2 adds up to, less the allotment: 0, always. */
  readonly drift: number;
}

/** @returns null while Redis is not armed at SQL's epoch: there is nothing to compare. */
export function auditSale({ mysql, redis }: Services, saleId: number): Promise<Audit | null> {
  return transaction(mysql, async (sql) => {
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId)).for('update');
    if (sale === undefined) return null;
    const undelivered = await sql
      .select()
      .from(stockCredits)
      .where(and(eq(stockCredits.saleId, saleId), isNull(stockCredits.deliveredAt)));
    const ids = undelivered.map(({ id }) => id);
    const sums = await readSums(redis, saleId, ids);
    if (sums.kind === 'not_armed' || sums.epoch !== sale.epoch) return null;

    const goneIds = await goneAmong(
      sql,
      sums.pins.map(({ holdId }) => holdId),
    );
    const pinned = sum(sums.pins.map(({ holdId, quantity }) => (goneIds.has(holdId) ? 0 : quantity)));
    const applied = new Set(sums.appliedCreditIds);
    const isOwed = ({ id, seq }: { id: number; seq: number }) => seq > sums.baseSeq && !applied.has(id);
    const owed = sum(undelivered.filter(isOwed).map(({ units }) => units));
    const { allotment, committed } = sale;
    const { available, heldUnits: held, unlistedHolds: unlisted } = sums;
    const drift = available + held + pinned + owed + committed - allotment;
    return {
      allotment,
      available,
      held,
      pinned,
      owed,
      committed,
      unlisted,
      drift,
      ...(await orderedUnits(sql, saleId)),
    };
  });
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

export async function orderedUnits(sql: Sql, saleId: number): Promise<{ ordered: number; paid: number }> {
  const rows = await sql
    .select({ state: orders.state, units: raw<string>`sum(quantity)` })
    .from(orders)
    .where(and(eq(orders.saleId, saleId), inArray(orders.state, COMMITTED_ORDER_STATES)))
    .groupBy(orders.state);
  const unitsOf = (state: OrderState) => Number(rows.find((row) => row.state === state)?.units ?? 0);
  return { ordered: unitsOf('pending') + unitsOf('paid'), paid: unitsOf('paid') };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Sales whose last audit drifted. One drift may be a fault of the moment of looking; two are one of the stock. */
const driftedOf = perProcess(() => ({ sales: new Set<number>() }));

/** Audits every sale that Redis serves; one that is wrong twice is repaired. @returns how many it repaired. */
export async function auditSales(services: Services): Promise<number> {
  const drifted = driftedOf(services);
  const before = drifted.sales;
  const now = new Set<number>();
  drifted.sales = now;
  return eachSale(services, await servedSales(services), async (sale) => {
    const audit = await auditSale(services, sale.id);
    if (audit === null) return 0;
    const isRight = audit.drift === 0 && audit.unlisted === 0 && audit.ordered === audit.committed;
    services.metrics.stockDrift.set({ sale: sale.id }, audit.drift);
    services.metrics.oversold.set({ sale: sale.id }, Math.max(0, audit.ordered - audit.allotment));
    services.metrics.addsUp.set({ sale: sale.id }, isRight ? 1 : 0);
    await noteVerdict(services, sale.id, audit.drift, isRight);
    if (isRight) return 0;
    services.log.error('a sale does not add up', { saleId: sale.id, audit });
    now.add(sale.id);
    if (!before.has(sale.id)) return 0;
    await repair(services, sale, audit);
    return 1;
  });
}

async function noteVerdict(
  { mysql }: Services,
  saleId: number,
  drift: number,
  isRight: boolean,
): Promise<void> {
  const verdict = { drift, isRight: isRight ? 1 : 0, auditedAt: raw`utc_timestamp(3)` };
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
