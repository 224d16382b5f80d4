/**
 * One story through the features themselves, on a real Redis and a real MariaDB. After every step nothing is under
 * way, and everything that both stores hold is compared with the models.
 */

import { keepSalesArmed } from '../../sales/arming.ts';
import { expectEqual } from './exact-look.ts';
import { BUYER_STEPS, placeHolds } from './feature-buyers.ts';
import { FeatureStage, type Step } from './feature-stage.ts';
import type { FeatureStep, FeatureStory } from './feature-steps.ts';
import type { FeatureWorld } from './feature-world.ts';
import { move, WORKER_STEPS } from './feature-workers.ts';
import { LedgerModel } from './ledger-model.ts';

/** Longer than all the steps of the clock in a story. */
const LONG_MS = 1_000 * 3_600_000;

const STEPS: Readonly<Record<Exclude<FeatureStep['do'], 'hold'>, Step>> = { ...BUYER_STEPS, ...WORKER_STEPS };

/** @returns how many steps applied */
export async function playFeatures(
  world: FeatureWorld,
  story: FeatureStory,
  rewrite?: (statement: string) => string,
): Promise<number> {
  const { allotment, buyerLimit, steps } = story;
  const processes = await world.begin({ allotment, buyerLimit }, rewrite);
  const stage = new FeatureStage(world, processes, new LedgerModel(allotment, buyerLimit));
  let count = 0;
  for (const step of steps) {
    if (!(await take(stage, step))) continue;
    await stage.look();
    count += 1;
  }
  await settle(stage);
  return count;
}

function take(stage: FeatureStage, step: FeatureStep): Promise<boolean> {
  return step.do === 'hold' ? placeHolds(stage, step.wishes) : STEPS[step.do](stage, step.nth);
}

/** I8: when faults stop, everything settles, whatever happened before. */
async function settle(stage: FeatureStage): Promise<void> {
  const { ledger, redis, model } = stage;
  if (ledger.state === 'halted') await move(stage, 'paused');
  await keepSalesArmed(stage.one);
  model.keepArmed();
  await stage.shiftClock(LONG_MS);
  for (const kind of ['inbox', 'settler', 'reap', 'deliver'] as const) await STEPS[kind](stage, 0);
  await stage.look();
  const left = redis.units(({ state }) => state === 'held' || state === 'pinned');
  const stock = { left, owed: ledger.undelivered().length, available: redis.available };
  const available = ledger.allotment - ledger.committed;
  expectEqual('everything has settled (I8)', stock, { left: 0, owed: 0, available });
}
