/** A rehearsal: a sale of its own, a crowd that buys from it over HTTP, and a verdict. It needs no screen. */

import { bottleneckOf } from './bottleneck.ts';
import { compareOrders } from './compare.ts';
import { openConnections } from './connections.ts';
import { createFigures } from './figures.ts';
import { checkListener, awaitProduct } from './prepare.ts';
import type { Progress } from './progress.ts';
import { record } from './record.ts';
import { openRehearsalSale } from './rehearsal-sale.ts';
import type { Report } from './report.ts';
import { createJudge } from './rules.ts';
import type { RehearsalOptions, Run } from './run.ts';
import { AFTER_LAST_MS, sell } from './sell.ts';
import { endSale, refundAll, settle } from './settle.ts';
import { createTold } from './told.ts';

/** Its sale closes by itself if nobody is left to end it; clocks may differ. */
const OPEN_AFTER_MS = AFTER_LAST_MS + 5 * 60_000;

/**
 * Its sale is ended in any case. @param onProgress some times a second
 * @throws Refused when operators are refused something, Ending when buyers could not come, and the reason of an aborted
 * `signal`
 */
export async function rehearse(
  options: RehearsalOptions,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<Report> {
  const { api, apiUrl, units, lengthMs, secret, connections: limit } = options;
  const figures = createFigures();
  const connections = openConnections({ url: apiUrl, limit, onWaited: figures.waited });
  try {
    await checkListener(connections, secret);
    const sale = await openRehearsalSale(api, { units, nowMs: Date.now(), openMs: lengthMs + OPEN_AFTER_MS });
    const judge = createJudge();
    const told = createTold(units, judge);
    const run = { options, sale, judge, told, figures, connections, onProgress, signal };
    try {
      await awaitProduct(connections, sale);
      const found = await perform(run);
      return { ...found, recorded: await record(api, found) };
    } finally {
      await sale.end();
      await refundAll(run);
    }
  } finally {
    connections.close();
  }
}

async function perform(run: Run): Promise<Omit<Report, 'recorded'>> {
  const startedAtMs = Date.now();
  const { options, sale, judge, told, figures, signal } = run;
  const sold = await sell(run);
  signal.throwIfAborted();
  if (told.holds() === 0) judge.breach('offered', `nobody got any of the ${options.units} units`);
  const seen = await compareOrders(sale.orders(), told, judge);
  const unrefunded = await refundAll(run);
  await settle(run);
  const ended = await endSale(run);
  if (ended.paid !== seen.paidUnits) {
    judge.breach('end', `${ended.paid} units are paid, and orders of ${seen.paidUnits}`);
  }
  const steps = figures.steps();
  const checks = judge.checks();
  const { hold, order } = steps;
  return {
    passed: checks.every(({ passed }) => passed),
    at: new Date(startedAtMs).toISOString(),
    sale_id: sale.id,
    buyers: options.buyers,
    units: options.units,
    connections: options.connections,
    seed: options.seed,
    seconds: Math.round((Date.now() - startedAtMs) / 100) / 10,
    checks,
    units_at_end: ended,
    most_promised: told.promises.most(),
    orders: seen.orders,
    refunds_left: unrefunded + told.stray(),
    ends: figures.ends(),
    steps,
    waited_for_connection: figures.waits(),
    most_connections: sold.most,
    client: sold.client,
    stores: sold.stores,
    bottleneck: bottleneckOf({
      ...sold,
      waits: figures.waits(),
      connections: options.connections,
      hold,
      order,
    }),
    by_second: figures.seconds(),
  };
}
