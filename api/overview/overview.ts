/** Everything that an operator wants to know at one glance. It decides nothing; a store that is away leaves a null. */

import { asc, count, eq, inArray, ne, sql as raw } from 'drizzle-orm';
import { deliveries, heartbeats, products, saleAudits, sales } from '@flash-sale/drizzle/schema.ts';
import type { Overview, RatesView, SaleOverview, UnitsView } from '@flash-sale/shared/contracts/overview.ts';
import { OVERVIEW_AGE_MAX_MS, OVERVIEW_AT_ONCE } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { lastPassedRehearsal } from '../operators/rehearsals.ts';
import { auditSale, orderedUnits, type Audit } from '../orders/audit.ts';
import { ORDER_EXPIRY } from '../orders/expiry.ts';
import { countOwedPayments } from '../orders/owed-payments.ts';
import { mayBeUnsigned } from '../payments/signature.ts';
import { perProcess } from '../per-process.ts';
import type { Sale } from '../products/catalog.ts';
import { readSaleSigns, type SaleSigns } from '../redis/sale-signs.ts';
import { checkStores } from '../sales/store-checks.ts';
import type { Services } from '../services.ts';
import { RateMeter, type Rates, type Totals } from './rates.ts';

/** However many look, the stores are asked once in a while: an exact look at a sale holds its row for a moment. */
const latestOf = perProcess(() => ({
  view: null as Promise<Overview> | null,
  readAtMs: Number.NEGATIVE_INFINITY,
  meter: new RateMeter(),
}));

export function overview(services: Services): Promise<Overview> {
  const latest = latestOf(services);
  const nowMs = performance.now();
  if (latest.view === null || nowMs - latest.readAtMs > OVERVIEW_AGE_MAX_MS) {
    latest.view = look(services, latest.meter);
    latest.readAtMs = nowMs;
  }
  return latest.view;
}

async function look(services: Services, meter: RateMeter): Promise<Overview> {
  const [stores, ledger] = await Promise.all([lookAtStores(services), readLedger(services)]);
  const seen: SaleSeen[] = [];
  for (let start = 0; start < ledger.rows.length; start += OVERVIEW_AT_ONCE) {
    const some = ledger.rows.slice(start, start + OVERVIEW_AT_ONCE);
    seen.push(...(await Promise.all(some.map(({ sale }) => lookAtSale(services, sale)))));
  }
  const totals = new Map<number, Totals>();
  for (const { saleId, audit, signs } of seen) {
    if (audit === null || signs === null) continue;
    totals.set(saleId, { held: signs.heldUnits, ordered: signs.orderedUnits, paid: audit.paid });
  }
  meter.add(performance.now(), totals);
  return {
    at: new Date().toISOString(),
    sales: ledger.rows.map((row, index) => viewSale(row, seen[index], meter.rates(row.sale.id))),
    refunds_due: ledger.refundsDue,
    deliveries_waiting: ledger.deliveriesWaiting,
    orders_expire_again_at: ledger.pausedUntil?.toISOString() ?? null,
    stores,
    preflight: {
      workers_quiet_ms: ledger.workersQuietMs,
      webhooks_are_signed: areWebhooksSigned(services),
      rehearsed_at: ledger.rehearsedAt?.toISOString() ?? null,
    },
  };
}

function areWebhooksSigned({ config }: Services): boolean {
  const secrets = [config.WEBHOOK_SECRET, config.STRIPE_WEBHOOK_SECRET];
  return !secrets.some((ofProvider) => mayBeUnsigned(config, ofProvider));
}

// ---- the stores ----

async function lookAtStores(services: Services): Promise<Overview['stores']> {
  const [redis, sql, checked] = await Promise.all([
    time(services.redis.ping()),
    time(statement(services.mysql, (db) => db.execute(raw`select 1`))),
    checkStores(services).catch(() => null),
  ]);
  return {
    redis: { answers: redis !== null, milliseconds: redis },
    sql: { answers: sql !== null, milliseconds: sql },
    clock_skew_ms: checked?.skewMs ?? null,
    faults: checked?.reasons ?? [],
  };
}

/** @returns milliseconds to the answer; null when there was none */
async function time(question: Promise<unknown>): Promise<number | null> {
  const startedAtMs = performance.now();
  try {
    await question;
    return Math.round((performance.now() - startedAtMs) * 100) / 100;
  } catch {
    return null;
  }
}

// ---- the ledger ----

interface LedgerRow {
  readonly sale: Sale;
  readonly name: string;
  readonly verdict: typeof saleAudits.$inferSelect | null;
}

/** Every sale that is neither a draft nor over. @throws StoreUnavailable: without SQL nobody knows which there are */
function readLedger({ mysql }: Services) {
  return statement(mysql, async (sql) => {
    const rows: LedgerRow[] = await sql
      .select({ sale: sales, name: products.name, verdict: saleAudits })
      .from(sales)
      .innerJoin(products, eq(products.id, sales.productId))
      .leftJoin(saleAudits, eq(saleAudits.saleId, sales.id))
      .where(inArray(sales.state, ['scheduled', 'live', 'paused', 'draining', 'halted']))
      .orderBy(asc(sales.id));
    const refundsDue = await countOwedPayments(sql);
    const [waiting] = await sql
      .select({ deliveries: count() })
      .from(deliveries)
      .where(ne(deliveries.state, 'processed'));
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
      rows,
      refundsDue,
      deliveriesWaiting: waiting?.deliveries ?? 0,
      pausedUntil: beat?.isPaused === 1 ? beat.until : null,
      workersQuietMs: beat === undefined ? null : Number(beat.quietMs),
      rehearsedAt: await lastPassedRehearsal(sql),
    };
  });
}

// ---- one sale ----

interface SaleSeen {
  readonly saleId: number;
  /** Null while Redis is away or not armed. */
  readonly audit: Audit | null;
  readonly signs: SaleSigns | null;
  /** Asked only when there is no audit, which says it better. */
  readonly paidInSql: number;
}

async function lookAtSale(services: Services, { id: saleId }: Sale): Promise<SaleSeen> {
  const [audit, signs] = await Promise.all([
    auditSale(services, saleId).catch(() => null),
    readSaleSigns(services.redis, saleId).catch(() => null),
  ]);
  const paidInSql =
    audit !== null
      ? 0
      : await statement(services.mysql, (sql) => orderedUnits(sql, saleId)).then(({ paid }) => paid);
  return { saleId, audit, signs, paidInSql };
}

function viewSale(
  { sale, name, verdict }: LedgerRow,
  seen: SaleSeen | undefined,
  rates: Rates | null,
): SaleOverview {
  const units = unitsOf(sale, seen?.audit ?? null, seen?.paidInSql ?? 0);
  const oldestMs = seen?.signs?.oldestDeadlineMs ?? null;
  return {
    sale_id: sale.id,
    product_id: sale.productId,
    name,
    state: sale.state,
    opens_at: sale.opensAt.toISOString(),
    closes_at: sale.closesAt?.toISOString() ?? null,
    armed: (seen?.audit ?? null) !== null,
    units,
    sell_through: units.allotment === 0 ? 0 : (units.ordered + units.paid) / units.allotment,
    oldest_hold_expires_at: oldestMs === null ? null : new Date(oldestMs).toISOString(),
    rates: rates === null ? null : viewRates(rates),
    sold_out_in_seconds: soldOutIn(units, rates),
    audit:
      verdict === null
        ? null
        : { at: verdict.auditedAt.toISOString(), is_right: verdict.isRight === 1, drift: verdict.drift },
  };
}

/** From one exact look; else what SQL alone knows, and then nobody can say what is held. */
function unitsOf(sale: Sale, audit: Audit | null, paidInSql: number): UnitsView {
  if (audit === null) {
    const { allotment, committed } = sale;
    const [ordered, paid] = [committed - paidInSql, paidInSql];
    return { allotment, available: allotment - committed, held: null, ordered, paid, returning: 0 };
  }
  return {
    allotment: audit.allotment,
    available: audit.available,
    held: audit.held + audit.pinned,
    ordered: audit.ordered - audit.paid,
    paid: audit.paid,
    returning: audit.owed,
  };
}

function viewRates({ seconds, heldPerSecond, orderedPerSecond, paidPerSecond }: Rates): RatesView {
  return {
    seconds,
    held_per_second: round(heldPerSecond),
    ordered_per_second: round(orderedPerSecond),
    paid_per_second: round(paidPerSecond),
  };
}

function round(perSecond: number): number {
  return Math.round(perSecond * 100) / 100;
}

/** Orders sell; holds may come back. */
function soldOutIn({ available, held }: UnitsView, rates: Rates | null): number | null {
  if (held === null) return null;
  if (available + held <= 0) return 0;
  if (rates === null || rates.orderedPerSecond <= 0) return null;
  return Math.ceil((available + held) / rates.orderedPerSecond);
}
