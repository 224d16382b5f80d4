/** Random stories of one sale, played through the features, with a real Redis, a real MariaDB and two processes. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { explore, findingOf, seedOf } from './explore.ts';
import { featureStories, type FeatureStory } from './feature-steps.ts';
import { playFeatures } from './feature-run.ts';
import { FeatureWorld } from './feature-world.ts';
import { SQL_MUTANTS, sqlMutation } from './sql-mutants.ts';

/** Each takes a handful of SQL statements; the scripts' own test makes up the number. */
const STEPS = Number(process.env['PROPERTIES_FEATURE_STEPS'] ?? 10_000);
/** Each has stores of its own, which its stories flush and kill. */
const LANES = 3;

let worlds: FeatureWorld[];
beforeAll(async () => {
  worlds = await Promise.all(Array.from({ length: LANES }, () => FeatureWorld.open()));
});
afterAll(() => Promise.all(worlds.map((world) => world.close())));

function play(story: FeatureStory, lane: number, rewrite?: (statement: string) => string): Promise<number> {
  return playFeatures(worlds[lane] as FeatureWorld, story, rewrite);
}

describe('the features', () => {
  const seed = seedOf(process.env['PROPERTIES_SEED']);
  test(`keep every unit, order and payment through ${STEPS} steps of chance, deaths and losses (I1 to I8; seed ${seed})`, async () => {
    const explored = await explore({
      name: 'the features',
      stories: featureStories,
      play: (story, lane) => play(story, lane),
      steps: STEPS,
      lanes: LANES,
      seed,
    });
    expect(explored.steps).toBeGreaterThanOrEqual(process.env['PROPERTIES_PATH'] ? 0 : STEPS);
  }, 14_400_000);
});

describe('a run of chance notices when the ledger loses', () => {
  for (const mutant of SQL_MUTANTS) {
    test(
      mutant.loses,
      async () => {
        const { rewrite, isUsed } = sqlMutation(mutant);
        const found = await findingOf({
          stories: featureStories,
          play: (story, lane) => play(story, lane, rewrite),
          steps: 5_000,
          lanes: LANES,
          seed: 1,
        });
        expect(found).toMatch(/^mutant: /);
        expect(isUsed()).toBe(true);
      },
      60_000,
    );
  }
});
