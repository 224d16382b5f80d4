/**
 * The property programme on demand, larger than in CI:
 *   bun api/test/properties/run.ts [--steps 2000000] [--schedules 50000] [--seed 1]
 * Of the steps, one in twenty goes through the features and SQL, the others through the scripts. Either part can be
 * left out: --steps 0, --schedules 0.
 */

import { parseArgs } from 'node:util';
import { stopStores } from '../stores.ts';
import { explore, seedOf, type Exploration } from './explore.ts';
import { playFeatures } from './feature-run.ts';
import { featureStories } from './feature-steps.ts';
import { FeatureWorld } from './feature-world.ts';
import { playSchedule } from './schedule-run.ts';
import { scheduleStories } from './schedule-steps.ts';
import { scriptStories } from './script-steps.ts';
import { ScriptWorld } from './script-world.ts';

const FEATURES_IN = 20;
const FEATURE_LANES = 3;
const SCRIPT_LANES = 16;

const { values } = parseArgs({
  options: { steps: { type: 'string' }, schedules: { type: 'string' }, seed: { type: 'string' } },
});
const steps = Number(values.steps ?? 2_000_000);
const schedules = Number(values.schedules ?? 50_000);
const seed = seedOf(values.seed);

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Says how far it is, about every tenth of the way. */
async function run<Story>(exploration: Exploration<Story>): Promise<void> {
  if (exploration.steps === 0) return;
  const startedAt = performance.now();
  let said = 0;
  const { steps: taken, stories } = await explore({
    ...exploration,
    seed,
    onProgress(count) {
      if (count < said + exploration.steps / 10) return;
      said = count;
      say(`${exploration.name}: ${count} of ${exploration.steps}`);
    },
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const speed = Math.round(taken / seconds);
  say(
    `${exploration.name}: ${taken} in ${stories} stories, ${seconds.toFixed(0)} s, ${speed}/s, 0 violations`,
  );
}

async function main(): Promise<void> {
  say(`seed ${seed}`);
  const world = await ScriptWorld.open();
  const worlds = await Promise.all(Array.from({ length: FEATURE_LANES }, () => FeatureWorld.open()));
  const worldOf = (lane: number) => worlds[lane] as FeatureWorld;
  await run({
    name: 'the scripts',
    stories: scriptStories,
    play: (story) => world.play(story),
    steps: steps - Math.floor(steps / FEATURES_IN),
    lanes: SCRIPT_LANES,
  });
  await run({
    name: 'the features',
    stories: featureStories,
    play: (story, lane) => playFeatures(worldOf(lane), story),
    steps: Math.floor(steps / FEATURES_IN),
    lanes: FEATURE_LANES,
  });
  await run({
    name: 'several processes at once',
    stories: scheduleStories,
    play: (story, lane) => playSchedule(worldOf(lane), story),
    steps: schedules,
    lanes: FEATURE_LANES,
  });
  await Promise.all([world.close(), ...worlds.map((each) => each.close())]);
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
await stopStores();
process.exit();
