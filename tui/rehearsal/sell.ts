/** The sale of a rehearsal while buyers are at it: they come, and it is looked at once a second. */

import { arrivalMs } from './arrivals.ts';
import { play } from './buyer.ts';
import { createHistogram } from './histogram.ts';
import { watchClient } from './load.ts';
import { pause } from './pause.ts';
import type { Look } from './rehearsal-sale.ts';
import type { Judge } from './rules.ts';
import type { Run } from './run.ts';
import type { Stage } from './stage.ts';
import { HOLD_TTL_S, PAY_WINDOW_S, storyOf } from './story.ts';

/** After the last arrival: a hold that was left, an order that was not paid, and one more buyer for its units. */
export const AFTER_LAST_MS = (HOLD_TTL_S + 2 * PAY_WINDOW_S) * 1_000;
/** Buyers that are there at the same time: memory is kept for each. More of them come when others have gone. */
const LIVING_MAX = 20_000;
const LOOK_EVERY_MS = 1_000;
/** Units that were left as often as this, one look after the other, are to be had. */
const LEFT_LOOKS = 8;
const TURNED_AWAY = 'a buyer was told that there is nothing, and there were units all the time';

/** Lets them all come, and waits for the last of them to go. */
export async function sell(run: Run) {
  const { options, sale, judge, told, figures, connections, signal } = run;
  const { buyers, lengthMs, secret, seed } = options;
  const openedAtMs = performance.now();
  const homeAtMs = openedAtMs + lengthMs + AFTER_LAST_MS;
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
  for (let number = 0; number < buyers && !signal.aborted; number += 1) {
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
      for (; turnedAway > 0; turnedAway -= 1) {
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
