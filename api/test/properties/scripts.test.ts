/** Random stories of one sale, told to the real Lua scripts, with everything Redis knows compared after every step. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { explore, findingOf, seedOf } from './explore.ts';
import { mutantRedis } from './mutant-redis.ts';
import { SCRIPT_MUTANTS } from './script-mutants.ts';
import { scriptStories } from './script-steps.ts';
import { ScriptWorld } from './script-world.ts';

/** Most of the steps of the whole programme: they cost a fifth of a millisecond each. */
const STEPS = Number(process.env['PROPERTIES_SCRIPT_STEPS'] ?? 190_000);
const LANES = 16;

let world: ScriptWorld;
beforeAll(async () => {
  world = await ScriptWorld.open();
});
afterAll(() => world.close());

describe('the scripts', () => {
  const seed = seedOf(process.env['PROPERTIES_SEED']);
  test(`keep every unit and every promise through ${STEPS} steps of chance and faults (I2, I3, I4, I7, I8; seed ${seed})`, async () => {
    const explored = await explore({
      name: 'the scripts',
      stories: scriptStories,
      play: (story) => world.play(story),
      steps: STEPS,
      lanes: LANES,
      seed,
    });
    expect(explored.steps).toBeGreaterThanOrEqual(process.env['PROPERTIES_PATH'] ? 0 : STEPS);
  }, 1_800_000);
});

describe('a run of chance notices at once when a script loses', () => {
  for (const mutant of SCRIPT_MUTANTS) {
    test(`${mutant.loses} (${mutant.script})`, async () => {
      const { redis, isUsed } = mutantRedis(world.redis, mutant);
      const found = await findingOf({
        stories: scriptStories,
        play: (story) => world.play(story, redis),
        steps: 60_000,
        lanes: 4,
        seed: 1,
      });
      // A script that failed to run, or a Redis that went away, is not what is looked for.
      expect(found).toMatch(/^mutant: (?!nothing|redis is not|lua\/)/);
      expect(isUsed()).toBe(true);
    });
  }
});
