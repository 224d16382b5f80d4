/** Everything that happens without a request. Each turn may run in any number of processes at once. */

import { AUDIT_PERIOD_MS, EXPIRY_PERIOD_MS, REAP_TURN_MS } from '@flash-sale/shared/limits.ts';
import { auditSales } from '../orders/audit.ts';
import { expireOrders } from '../orders/expiry.ts';
import { deliverCredits, salesOwedCredits } from '../orders/give.ts';
import { settleOverduePins } from '../orders/settler.ts';
import { workOffInbox } from '../payments/inbox.ts';
import { carryOutReplays } from '../payments/replay-worker.ts';
import { reapHolds } from '../redis/hold-scripts.ts';
import { keepSalesArmed, servedSales } from '../sales/arming.ts';
import { moveSalesByTime } from '../sales/clock.ts';
import { eachSale } from '../sales/each-sale.ts';
import { watchStores } from '../sales/store-checks.ts';
import type { Services } from '../services.ts';
import { startLoop, type Loop, type RunOnce } from './loop.ts';

interface Worker {
  readonly name: string;
  readonly periodMs: number;
  readonly runOnce: (services: Services) => Promise<number>;
}

export const WORKERS: readonly Worker[] = [
  { name: 'hold expiry', periodMs: EXPIRY_PERIOD_MS, runOnce: reapAll },
  { name: 'arming', periodMs: 250, runOnce: keepSalesArmed },
  { name: 'sale clock', periodMs: 500, runOnce: moveSalesByTime },
  { name: 'settler', periodMs: 1_000, runOnce: settleAll },
  { name: 'order expiry', periodMs: 500, runOnce: expireOrders },
  { name: 'credits', periodMs: 250, runOnce: deliverAll },
  { name: 'inbox', periodMs: 500, runOnce: workOffInbox },
  { name: 'replays', periodMs: 250, runOnce: carryOutReplays },
  { name: 'store checks', periodMs: AUDIT_PERIOD_MS, runOnce: watchStores },
  { name: 'auditor', periodMs: AUDIT_PERIOD_MS, runOnce: auditAll },
];

export function startWorkers(services: Services): Loop {
  const loops = WORKERS.map((worker) =>
    startLoop(services.log, worker.name, worker.periodMs, turnOf(worker, services)),
  );
  return {
    async stop() {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

function turnOf({ name, runOnce }: Worker, services: Services): RunOnce {
  return async () => {
    const count = await runOnce(services);
    services.metrics.workerTurnAt.set({ worker: name }, Date.now() / 1_000);
    return count;
  };
}

/** Needs no SQL: which sales there are comes from the catalog, so stock returns while SQL is away. */
async function reapAll(services: Services): Promise<number> {
  const sales = await services.catalog.sales();
  const served = sales.filter(({ state }) => state !== 'ended');
  return eachSale(services, 'reap', served, ({ id }) => reapSale(services, id));
}

/** Piece by piece, with buyers in between. */
async function reapSale({ redis, metrics }: Services, saleId: number): Promise<number> {
  const startedAtMs = performance.now();
  for (let done = 0; ;) {
    const reaped = await reapHolds(redis, saleId);
    if (reaped.kind !== 'reaped') return done;
    if (reaped.count > 0) metrics.expiryLag.observe(Math.max(0, reaped.lagMs) / 1_000);
    done += reaped.count + reaped.forgotten;
    if (!reaped.isMore || performance.now() - startedAtMs >= REAP_TURN_MS) return done;
  }
}

/** Never again at once: what an audit could not mend, the next one will not either. */
async function auditAll(services: Services): Promise<number> {
  await auditSales(services);
  return 0;
}

async function settleAll(services: Services): Promise<number> {
  return eachSale(services, 'settle', await servedSales(services), ({ id }) =>
    settleOverduePins(services, id),
  );
}

async function deliverAll(services: Services): Promise<number> {
  return eachSale(services, 'credits', await salesOwedCredits(services), ({ id }) =>
    deliverCredits(services, id),
  );
}
