/** Everything that an operator wants to know at one glance. It decides nothing; a store that is away leaves a null. */

import { sql as raw } from 'drizzle-orm';
import type { Overview, RatesView, SaleOverview, UnitsView } from '@flash-sale/shared/contracts/overview.ts';
import { OVERVIEW_AGE_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { mayBeUnsigned } from '../payments/signature.ts';
import { askEveryShard } from '../redis/shards.ts';
import { checkStores } from '../sales/store-checks.ts';
import type { Services } from '../services.ts';
import { freshEnough } from './fresh-enough.ts';
import { latestLook, type SaleSeen } from './look.ts';
import type { Rates } from './rates.ts';

export async function overview(services: Services): Promise<Overview> {
  const [stores, { waiting, sales }] = await Promise.all([latestStores(services), latestLook(services)]);
  return {
    at: new Date().toISOString(),
    sales: sales.map(viewSale),
    refunds_due: waiting.refundsDue,
    deliveries_waiting: waiting.received + waiting.parked,
    orders_expire_again_at: waiting.pausedUntil?.toISOString() ?? null,
    stores,
    preflight: {
      workers_quiet_ms: waiting.workersQuietMs,
      webhooks_are_signed: areWebhooksSigned(services),
      rehearsed_at: waiting.rehearsedAt?.toISOString() ?? null,
    },
  };
}

function areWebhooksSigned({ config }: Services): boolean {
  const secrets = [config.WEBHOOK_SECRET, config.STRIPE_WEBHOOK_SECRET];
  return !secrets.some((ofProvider) => mayBeUnsigned(config, ofProvider));
}

// ---- the stores ----

const latestStores = freshEnough(OVERVIEW_AGE_MAX_MS, async (services): Promise<Overview['stores']> => {
  const [redis, sql, checked] = await Promise.all([
    time(askEveryShard(services.redis, (shard) => shard.ping())),
    time(statement(services.mysql, (db) => db.execute(raw`select 1`))),
    checkStores(services).catch(() => null),
  ]);
  return {
    redis: { answers: redis !== null, milliseconds: redis },
    sql: { answers: sql !== null, milliseconds: sql },
    clock_skew_ms: checked?.skewMs ?? null,
    faults: checked?.reasons ?? [],
  };
});

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

// ---- one sale ----

function viewSale(seen: SaleSeen): SaleOverview {
  const { sale, name, verdict, rates } = seen;
  const units = unitsOf(seen);
  const oldestMs = seen.signs?.oldestDeadlineMs ?? null;
  return {
    sale_id: sale.id,
    product_id: sale.productId,
    name,
    state: sale.state,
    opens_at: sale.opensAt.toISOString(),
    closes_at: sale.closesAt?.toISOString() ?? null,
    armed: seen.audit !== null,
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
function unitsOf({ sale, audit, units }: SaleSeen): UnitsView {
  if (audit === null) {
    const { allotment, committed } = sale;
    const [ordered, paid] = [committed - units.paid, units.paid];
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
