/** What Prometheus is told of sales and stores: absolute, from the stores themselves, and never the reason of a failure. */

import { sql as raw } from 'drizzle-orm';
import { ARMED_SALE_STATES } from '@flash-sale/shared/lifecycle.ts';
import { OVERVIEW_AGE_MAX_MS, SCRAPE_WAIT_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { watchOf } from '../mysql/watch.ts';
import { addsUp } from '../orders/audit.ts';
import { askEveryShard } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { freshEnough } from './fresh-enough.ts';
import { latestLook, type Look, type SaleSeen } from './look.ts';

/** What is not known within SCRAPE_WAIT_MS is left out: no figure is better than an old one that looks new. */
export async function setGauges(services: Services): Promise<void> {
  const { metrics } = services;
  const [look, up] = await Promise.all([inTime(latestLook(services)), latestUp(services)]);
  forget(services);
  metrics.storeUp.set({ store: 'redis' }, up.redis ? 1 : 0);
  metrics.storeUp.set({ store: 'sql' }, up.sql ? 1 : 0);
  const { inUse, waiting } = watchOf(services.mysql);
  metrics.dbConnections.set({ state: 'in_use' }, inUse);
  metrics.dbConnections.set({ state: 'waiting' }, waiting);
  if (look === null) return;
  setWaiting(services, look);
  for (const seen of look.sales) setSale(services, seen);
}

function forget({ metrics }: Services): void {
  metrics.forgetSales();
  metrics.deliveriesWaiting.reset();
  // Without labels a reset would say 0.
  metrics.refundsDue.remove();
  metrics.workersQuiet.remove();
}

function setWaiting({ metrics }: Services, { waiting }: Look): void {
  metrics.deliveriesWaiting.set({ state: 'received' }, waiting.received);
  metrics.deliveriesWaiting.set({ state: 'parked' }, waiting.parked);
  metrics.refundsDue.set(waiting.refundsDue);
  if (waiting.workersQuietMs !== null) metrics.workersQuiet.set(waiting.workersQuietMs / 1_000);
}

function setSale({ metrics }: Services, { sale: { id, state, allotment }, audit, units }: SaleSeen): void {
  const sale = String(id);
  metrics.saleArmed.set({ sale }, audit === null ? 0 : 1);
  for (const one of ARMED_SALE_STATES) metrics.saleState.set({ sale, state: one }, one === state ? 1 : 0);
  const total = audit?.allotment ?? allotment;
  metrics.oversold.set({ sale }, Math.max(0, units.ordered - total));
  metrics.saleUnits.set({ sale, state: 'total' }, total);
  metrics.saleUnits.set({ sale, state: 'ordered' }, units.ordered - units.paid);
  metrics.saleUnits.set({ sale, state: 'paid' }, units.paid);
  metrics.saleSteps.set({ sale, step: 'ordered' }, units.everOrdered);
  metrics.saleSteps.set({ sale, step: 'paid' }, units.everPaid);
  // Nobody knows what is held while Redis is away or not armed.
  if (audit === null) return;
  const { available, held, pinned, owed, expired, released } = audit;
  // Units that SQL gave back and Redis has not heard of are free: they are told where they arrive in a moment.
  metrics.saleUnits.set({ sale, state: 'available' }, available + owed);
  metrics.saleUnits.set({ sale, state: 'held' }, held + pinned);
  // Whatever was ordered was held before: so the steps stay in order even after Redis forgot what it had counted.
  metrics.saleSteps.set({ sale, step: 'held' }, units.everOrdered + held + pinned + expired + released);
  metrics.saleSteps.set({ sale, step: 'expired' }, expired);
  metrics.saleSteps.set({ sale, step: 'released' }, released);
  metrics.stockDrift.set({ sale }, audit.drift);
  metrics.addsUp.set({ sale }, addsUp(audit) ? 1 : 0);
}

const latestUp = freshEnough(OVERVIEW_AGE_MAX_MS, async ({ redis, mysql }: Services) => {
  const [redisUp, sqlUp] = await Promise.all([
    // One shard that is away is worth an alert, whatever the others do.
    inTime(askEveryShard(redis, (shard) => shard.ping()).then(({ away }) => away.length === 0)),
    inTime(statement(mysql, (sql) => sql.execute(raw`select 1`))),
  ]);
  return { redis: redisUp === true, sql: sqlUp !== null };
});

/** @returns null when it failed or took too long */
async function inTime<Found>(finding: Promise<Found>): Promise<Found | null> {
  const found = finding.catch(() => null);
  return Promise.race([found, Bun.sleep(SCRAPE_WAIT_MS).then(() => null)]);
}
