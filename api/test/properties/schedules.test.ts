/** Several processes on one sale at once, in an order that chance decides, call by call. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { explore, findingOf, seedOf } from './explore.ts';
import { readRows } from './feature-look.ts';
import { FeatureWorld } from './feature-world.ts';
import { playSchedule } from './schedule-run.ts';
import { scheduleStories, type ActorPlan, type Scene, type ScheduleStory } from './schedule-steps.ts';
import { SCHEDULE_MUTANTS, sqlMutation } from './sql-mutants.ts';

const INTERLEAVINGS = Number(process.env['PROPERTIES_SCHEDULES'] ?? 600);
const LANES = 3;

let worlds: FeatureWorld[];
beforeAll(async () => {
  worlds = await Promise.all(Array.from({ length: LANES }, () => FeatureWorld.open()));
});
afterAll(() => Promise.all(worlds.map((world) => world.close())));

function worldOf(lane: number): FeatureWorld {
  return worlds[lane] as FeatureWorld;
}

/** Always the same beginning and the same actors: only the order of their calls is left to chance. */
function storiesOf(scene: Scene, actors: ActorPlan[]): fc.Arbitrary<ScheduleStory> {
  return fc.record({ scene: fc.constant(scene), actors: fc.constant(actors), scheduler: fc.scheduler() });
}

describe('several processes at once', () => {
  const seed = seedOf(process.env['PROPERTIES_SEED']);
  test(`keep every unit and every word in ${INTERLEAVINGS} interleavings of handlers, settler, expiry, credits, reaper and rebuilds (I1 to I8; seed ${seed})`, async () => {
    const explored = await explore({
      name: 'several processes at once',
      stories: scheduleStories,
      play: (story, lane) => playSchedule(worldOf(lane), story),
      steps: INTERLEAVINGS,
      lanes: LANES,
      seed,
    });
    expect(explored.steps).toBeGreaterThanOrEqual(process.env['PROPERTIES_PATH'] ? 0 : INTERLEAVINGS);
  }, 14_400_000);

  test('a late payment that is told twice at once takes its units, as long as they are free (I5)', async () => {
    const scene: Scene = {
      allotment: 1,
      buyerLimit: null,
      holds: [{ quantity: 1, stage: 'owed', isOver: false }],
      redis: 'current',
    };
    const pay = { do: 'pay', nth: 0 } as const;
    await explore({
      name: 'late twins',
      stories: storiesOf(scene, [pay, pay]),
      play: async (story, lane) => {
        await playSchedule(worldOf(lane), story);
        expect((await readRows(worldOf(lane).mysql)).payments).toEqual(['pi_0 late_applied']);
        return 1;
      },
      steps: 30,
      lanes: LANES,
      isShrunk: false,
    });
  }, 60_000);
});

describe('an order of calls is found in which it matters', () => {
  for (const mutant of SCHEDULE_MUTANTS) {
    test(
      mutant.loses,
      async () => {
        const { rewrite, isUsed } = sqlMutation(mutant);
        const found = await findingOf({
          stories: storiesOf(mutant.scene, mutant.actors),
          play: (story, lane) => playSchedule(worldOf(lane), story, rewrite),
          steps: 400,
          lanes: LANES,
          seed: 1,
        });
        expect(found).toMatch(/^mutant: /);
        expect(isUsed()).toBe(true);
      },
      120_000,
    );
  }
});
