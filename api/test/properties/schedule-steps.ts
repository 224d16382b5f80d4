/** What a schedule begins with and who takes part in it, as plain data. */

import fc from 'fast-check';

/** How far a hold has come before the schedule begins. */
const STAGES = [
  'held',
  'pinned',
  /** Its order is written, and Redis was not told. */
  'unsettled',
  'ordered',
  'paid',
  /** Its order has ended unpaid, and Redis was not told. */
  'owed',
] as const;

export interface Scene {
  readonly allotment: number;
  readonly buyerLimit: number | null;
  readonly holds: readonly {
    readonly quantity: number;
    readonly stage: (typeof STAGES)[number];
    /** Its deadline, its lease and its time to pay have passed, and nobody has noticed. */
    readonly isOver: boolean;
  }[];
  /** `former`: another process serves the data. `raised`: a rebuild died after it had raised the epoch. */
  readonly redis: 'current' | 'former' | 'raised' | 'empty';
}

const ACTORS = {
  hold: 3,
  order: 7,
  orderOtherIntent: 1,
  release: 2,
  read: 1,
  pay: 6,
  payFailed: 2,
  expireOrders: 4,
  deliver: 3,
  settler: 4,
  reaper: 1,
  rebuild: 3,
  keepArmed: 2,
  halt: 1,
  endLeases: 2,
  passDeadlines: 1,
  flush: 2,
} as const;

export type ActorKind = keyof typeof ACTORS;

export interface ActorPlan {
  readonly do: ActorKind;
  /** Which hold, where it is about one. */
  readonly nth: number;
}

export interface ScheduleStory {
  readonly scene: Scene;
  readonly actors: readonly ActorPlan[];
  readonly scheduler: fc.Scheduler;
}

const scene: fc.Arbitrary<Scene> = fc.record({
  allotment: fc.integer({ min: 1, max: 4 }),
  buyerLimit: fc.constantFrom(null, null, 2),
  holds: fc.array(
    fc.record({
      quantity: fc.integer({ min: 1, max: 2 }),
      stage: fc.constantFrom(...STAGES),
      isOver: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  redis: fc.constantFrom('current', 'current', 'current', 'former', 'raised', 'empty'),
});

const actor: fc.Arbitrary<ActorPlan> = fc.oneof(
  ...Object.entries(ACTORS).map(([kind, weight]) => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(kind as ActorKind), nth: fc.nat(2) }),
  })),
);

export const scheduleStories: fc.Arbitrary<ScheduleStory> = fc.record({
  scene,
  actors: fc.array(actor, { minLength: 2, maxLength: 5, size: 'max' }),
  scheduler: fc.scheduler(),
});
