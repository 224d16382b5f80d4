/** A rehearsal: a sale of its own, a crowd that buys from it over HTTP, and a verdict. It needs no screen. */

import type { Api } from '../api.ts';
import { arrivalMs } from './arrivals.ts';
import { bottleneckOf } from './bottleneck.ts';
import { play } from './buyer.ts';
import { compareOrders } from './compare.ts';
import { openConnections, type Connections } from './connections.ts';
import { createFigures, type Figures } from './figures.ts';
import { createHistogram } from './histogram.ts';
import { watchClient } from './load.ts';
import { awaitProduct, checkListener } from './prepare.ts';
import type { Progress } from './progress.ts';
import { record } from './record.ts';
import { openRehearsalSale, type Look, type RehearsalSale } from './rehearsal-sale.ts';
import type { Report } from './report.ts';
import { createJudge, type Judge } from './rules.ts';
import type { Stage } from './stage.ts';
import { HOLD_TTL_S, PAY_WINDOW_S, storyOf } from './story.ts';
import { createTold, type Told } from './told.ts';

export interface RehearsalOptions {
  readonly api: Api;
  /** The listener for buyers and payment providers. */
  readonly apiUrl: string;
  readonly secret: string | null;
  readonly buyers: number;
  readonly units: number;
  /** For how long buyers come. */
  readonly lengthMs: number;
  readonly connections: number;
  readonly seed: number;
}

const LOOK_EVERY_MS = 1_000;
/** Buyers that are there at the same time: memory is kept for each. More of them come when others have gone. */
const LIVING_MAX = 20_000;
/** After the last arrival: a hold that was left, an order that was not paid, and one more buyer for its units. */
const AFTER_MS = (HOLD_TTL_S + 2 * PAY_WINDOW_S) * 1_000;
/** Its sale closes by itself if nobody is left to end it; clocks may differ. */
const OPEN_AFTER_MS = AFTER_MS + 5 * 60_000;
/** For workers to settle what is left, and for the auditor to look at it. */
const SETTLE_MS = 30_000;
/** Units that were left as often as this, one look after the other, are to be had. */
const LEFT_LOOKS = 8;
const TURNED_AWAY = 'a buyer was told that there is nothing, and there were units all the time';

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

interface Run {
  readonly options: RehearsalOptions;
  readonly sale: RehearsalSale;
  readonly judge: Judge;
  readonly told: Told;
  readonly figures: Figures;
  readonly connections: Connections;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
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
  if (ended.paid !== seen.paidUnits)
    judge.breach('end', `${ended.paid} units are paid, and orders of ${seen.paidUnits}`);
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

/** Lets them all come, and waits for the last of them to go. */
async function sell(run: Run) {
  const { options, sale, judge, told, figures, connections, signal } = run;
  const { buyers, lengthMs, secret, seed } = options;
  const openedAtMs = performance.now();
  const homeAtMs = openedAtMs + lengthMs + AFTER_MS;
  const looks = lookAgainAndAgain(run);
  const stage: Stage = {
    connections,
    figures,
    judge,
    told,
    secret,
    productId: sale.productId,
    price: sale.price,
    currency: sale.currency,
    run: crypto.randomUUID().slice(0, 8),
    turnedAway: looks.turnedAway,
    isOver: () => signal.aborted || looks.isSoldOut() || performance.now() > homeAtMs,
    sleep: (ms) => pause(ms, signal),
  };
  const measured = watchClient();
  const living = new Set<Promise<void>>();
  let gone = Promise.withResolvers<void>();
  for (let number = 0; number < buyers && !signal.aborted; number++) {
    const early = openedAtMs + arrivalMs(number, buyers, lengthMs) - performance.now();
    if (early > 1) await pause(early, signal);
    if (living.size >= LIVING_MAX) {
      gone = Promise.withResolvers();
      await gone.promise;
    }
    const buyer = play(stage, storyOf(seed, number)).finally(() => {
      living.delete(buyer);
      gone.resolve();
    });
    living.add(buyer);
  }
  const client = measured();
  const stores = looks.stores();
  await Promise.all(living);
  await looks.stop();
  return { client, stores, most: connections.most() };
}

/** Once a second, while buyers come and until they are gone. */
function lookAgainAndAgain(run: Run) {
  const { options, sale, judge, told, figures, onProgress, signal } = run;
  const [redis, sql] = [createHistogram(), createHistogram()];
  const startedAtMs = performance.now();
  let [isStopped, isSoldOut] = [false, false];
  let [leftLooks, turnedAway] = [0, 0];
  let look: Look | null = null;
  const turns = setInterval(() => {
    figures.turn();
    told.promises.now();
  }, 1_000);
  const again = async () => {
    for (let isLast = false; !isLast;) {
      isLast = isStopped;
      look = await sale.look().catch(() => null);
      const { stores } = look?.overview ?? {};
      if (stores?.redis.milliseconds) redis.add(stores.redis.milliseconds);
      if (stores?.sql.milliseconds) sql.add(stores.sql.milliseconds);
      if (look?.sale) isSoldOut = addUp(look.sale.units, judge) >= options.units;
      leftLooks = look?.sale?.units.available ? leftLooks + 1 : 0;
      // Judged by the look after it: the last unit may have gone just before somebody was turned away.
      for (; turnedAway > 0; turnedAway--) {
        if (leftLooks > LEFT_LOOKS) judge.breach('offered', TURNED_AWAY);
      }
      onProgress({
        options,
        saleId: sale.id,
        name: sale.name,
        seconds: (performance.now() - startedAtMs) / 1_000,
        units: look?.sale?.units ?? null,
        arrived: figures.arrivals(),
        ends: figures.ends(),
        steps: figures.steps(),
        bySecond: figures.seconds(),
        checks: judge.checks(),
      });
      if (!isLast) await pause(LOOK_EVERY_MS, signal);
    }
  };
  const done = again();
  return {
    isSoldOut: () => isSoldOut,
    turnedAway: () => void (turnedAway += 1),
    stores: () => ({ redis: redis.quantiles(), sql: sql.quantiles() }),
    async stop(): Promise<void> {
      isStopped = true;
      await done;
      clearInterval(turns);
      figures.turn();
    },
  };
}

/** @returns the paid units */
function addUp(units: NonNullable<Look['sale']>['units'], judge: Judge): number {
  const { allotment, available, held, ordered, paid, returning } = units;
  // While Redis cannot tell what is held, nothing can be added up.
  if (held !== null) {
    const sum = available + held + ordered + paid + returning;
    if (sum !== allotment) {
      const parts = `${available} available, ${held} held, ${ordered} ordered, ${paid} paid, ${returning} returning`;
      judge.breach('sums', `${sum} units instead of ${allotment}: ${parts}`);
    }
  }
  return paid;
}

/** @returns how many payments are still owed back */
async function refundAll({ sale, told, judge }: Run): Promise<number> {
  let left = 0;
  for (const intent of told.owedIntents) {
    const answer = await sale.refund(intent);
    if (answer.ok) {
      told.owedIntents.delete(intent);
      continue;
    }
    left += 1;
    if (answer.code === 'payment_not_found') {
      judge.breach('payments', `the payment ${intent} was owed back, and is not there`);
    }
  }
  return left;
}

/** Waits until nothing of it can move any more, and the auditor has looked at it after that. */
async function settle({ sale, judge, signal }: Run): Promise<void> {
  const untilMs = performance.now() + SETTLE_MS;
  let settledAt: string | null = null;
  while (performance.now() < untilMs) {
    const { overview, sale: seen } = await sale.look();
    if (seen !== null) {
      const { held, ordered, returning } = seen.units;
      if (held === 0 && ordered + returning === 0) settledAt ??= overview.at;
      const { audit } = seen;
      if (settledAt !== null && audit !== null && audit.at > settledAt) {
        if (!audit.is_right) judge.breach('end', `the last audit found a drift of ${audit.drift} units`);
        return;
      }
    }
    await pause(500, signal);
    signal.throwIfAborted();
  }
  const what = settledAt === null ? 'something of it is still held or ordered' : 'nobody audited it';
  judge.breach('end', `${what} ${SETTLE_MS / 1_000} s later: do workers run?`);
}

/** @returns its units when it is over, or when it does not come to that */
async function endSale({ sale, judge, options, signal }: Run) {
  const untilMs = performance.now() + SETTLE_MS;
  await sale.end();
  for (;;) {
    const { state, units } = await sale.show();
    if (state === 'ended') {
      const { available, held, ordered, paid, returning } = units;
      const sum = (available ?? 0) + (held ?? 0) + ordered + paid + returning;
      if (sum !== options.units)
        judge.breach('end', `${sum} units are there in the end, of ${options.units}`);
      return units;
    }
    if (performance.now() > untilMs) {
      judge.breach('end', `the sale is still ${state}: do workers run?`);
      return units;
    }
    await pause(500, signal);
    signal.throwIfAborted();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(done, ms);
  function done(): void {
    clearTimeout(timer);
    signal.removeEventListener('abort', done);
    resolve();
  }
  signal.addEventListener('abort', done);
  return promise;
}
