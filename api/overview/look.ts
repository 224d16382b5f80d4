/**
 * One look at every sale that is on or to come, shared by everybody who wants to know: the overview, and Prometheus. It
 * locks a sale's row only where buyers keep changing it.
 */

import { asc, count, eq, inArray, ne, sql as raw } from 'drizzle-orm';
import { deliveries, heartbeats, products, saleAudits, sales } from '@flash-sale/drizzle/schema.ts';
import { ARMED_SALE_STATES, type DeliveryState } from '@flash-sale/shared/lifecycle.ts';
import { OVERVIEW_AGE_MAX_MS, OVERVIEW_AT_ONCE } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { lastPassedRehearsal } from '../operators/rehearsals.ts';
import {
  auditQuietSales,
  auditSale,
  NO_UNITS,
  orderUnits,
  type Audit,
  type OrderUnits,
} from '../orders/audit.ts';
import { ORDER_EXPIRY } from '../orders/expiry.ts';
import { countOwedPayments } from '../orders/owed-payments.ts';
import { perProcess } from '../per-process.ts';
import type { Sale } from '../products/catalog.ts';
import { readSaleSigns, type SaleSigns } from '../redis/sale-signs.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { freshEnough } from './fresh-enough.ts';
import { RateMeter, type Rates, type Totals } from './rates.ts';

export interface Look {
  readonly waiting: Waiting;
  readonly sales: readonly SaleSeen[];
}

export interface SaleSeen extends SaleRow {
  /** Null while Redis is away or not armed. */
  readonly audit: Audit | null;
  readonly signs: SaleSigns | null;
  /** As the audit has them, or SQL alone. */
  readonly units: OrderUnits;
  readonly rates: Rates | null;
}

const meterOf = perProcess(() => new RateMeter());

/** However many look, the stores are asked once in a while. @throws StoreUnavailable: without SQL nothing is known */
export const latestLook = freshEnough(OVERVIEW_AGE_MAX_MS, async (services): Promise<Look> => {
  const [waiting, seen] = await Promise.all([readWaiting(services), seeSales(services)]);
  const meter = meterOf(services);
  meter.add(performance.now(), totalsOf(seen));
  return { waiting, sales: seen.map((one) => ({ ...one, rates: meter.rates(one.sale.id) })) };
});

async function seeSales(services: Services): Promise<Omit<SaleSeen, 'rates'>[]> {
  const rows = await readSales(services);
  const ofSales = rows.map(({ sale }) => sale);
  const [audits, signs] = await Promise.all([
    auditAll(services, ofSales),
    Promise.all(ofSales.map(({ id }) => readSaleSigns(services.redis, id).catch(() => null))),
  ]);
  const unseen = ofSales.filter(({ id }) => (audits.get(id) ?? null) === null).map(({ id }) => id);
  const inSql = await statement(services.mysql, (sql) => orderUnits(sql, unseen));
  return rows.map((row, index) => {
    const audit = audits.get(row.sale.id) ?? null;
    const units = audit ?? inSql.get(row.sale.id) ?? NO_UNITS;
    return { ...row, audit, signs: signs[index] ?? null, units };
  });
}

function totalsOf(seen: readonly Omit<SaleSeen, 'rates'>[]): Map<number, Totals> {
  const totals = new Map<number, Totals>();
  for (const { sale, audit, signs } of seen) {
    if (audit === null || signs === null) continue;
    totals.set(sale.id, { held: signs.heldUnits, ordered: signs.orderedUnits, paid: audit.paid });
  }
  return totals;
}

/** Those that changed under the look are looked at one by one, and all of them where one cannot be read. */
async function auditAll(services: Services, ofSales: readonly Sale[]): Promise<Map<number, Audit | null>> {
  const audits = await auditQuietSales(services, ofSales).catch((error: unknown) =>
    error instanceof StoreUnavailable ? null : new Map<number, Audit | null>(),
  );
  if (audits === null) return new Map();
  const left = ofSales.filter(({ id }) => !audits.has(id));
  for (let start = 0; start < left.length; start += OVERVIEW_AT_ONCE) {
    const some = left.slice(start, start + OVERVIEW_AT_ONCE);
    const found = await Promise.all(some.map(({ id }) => auditSale(services, id).catch(() => null)));
    some.forEach(({ id }, index) => audits.set(id, found[index] ?? null));
  }
  return audits;
}

// ---- what SQL alone knows ----

type Waiting = Awaited<ReturnType<typeof readWaiting>>;

interface SaleRow {
  readonly sale: Sale;
  readonly name: string;
  readonly verdict: typeof saleAudits.$inferSelect | null;
}

/** Every sale that is neither a draft nor over. */
function readSales({ mysql }: Services): Promise<SaleRow[]> {
  return statement(mysql, (sql) =>
    sql
      .select({ sale: sales, name: products.name, verdict: saleAudits })
      .from(sales)
      .innerJoin(products, eq(products.id, sales.productId))
      .leftJoin(saleAudits, eq(saleAudits.saleId, sales.id))
      .where(inArray(sales.state, ARMED_SALE_STATES))
      .orderBy(asc(sales.id)),
  );
}

/** What waits for a worker or for somebody. */
function readWaiting({ mysql }: Services) {
  return statement(mysql, async (sql) => {
    const refundsDue = await countOwedPayments(sql);
    const waiting = await sql
      .select({ state: deliveries.state, deliveries: count() })
      .from(deliveries)
      .where(ne(deliveries.state, 'processed'))
      .groupBy(deliveries.state);
    const waitingIn = (state: DeliveryState) => waiting.find((row) => row.state === state)?.deliveries ?? 0;
    const [beat] = await sql
      .select({
        until: heartbeats.pausedUntil,
        isPaused: raw<number>`paused_until > utc_timestamp(3)`,
        // By the clock that wrote the beat.
        quietMs: raw<number>`greatest(0, timestampdiff(microsecond, beat_at, utc_timestamp(3)) div 1000)`,
      })
      .from(heartbeats)
      .where(eq(heartbeats.name, ORDER_EXPIRY));
    return {
      refundsDue,
      received: waitingIn('received'),
      parked: waitingIn('parked'),
      pausedUntil: beat?.isPaused === 1 ? beat.until : null,
      workersQuietMs: beat === undefined ? null : Number(beat.quietMs),
      rehearsedAt: await lastPassedRehearsal(sql),
    };
  });
}
