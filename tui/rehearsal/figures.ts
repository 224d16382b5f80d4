/** What is counted while buyers come: bounded, however many they are. */

import { createHistogram, type Bucket, type Quantiles } from './histogram.ts';

export const STEPS = ['hold', 'order', 'payment', 'release'] as const;
export type Step = (typeof STEPS)[number];

/** How it ended for a buyer. Turned away is what happens to most, and is no failure. */
export const ENDS = [
  'paid',
  'turned away',
  'went away',
  'released',
  'paid too late',
  'did not pay',
  'too slow',
  'gave up',
] as const;
export type End = (typeof ENDS)[number];

export interface StepFigures extends Quantiles {
  /** Answers, by what they said. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly unanswered: number;
  /** Answers in the best second. */
  readonly best_per_second: number;
  readonly doublings: readonly Bucket[];
}

export interface Second {
  readonly arrived: number;
  readonly held: number;
  readonly ordered: number;
  readonly paid: number;
  readonly turned_away: number;
  readonly hold_p50: number;
  readonly hold_p99: number;
}

export type Figures = ReturnType<typeof createFigures>;

export function createFigures() {
  const steps = new Map(STEPS.map((step) => [step, createStep()]));
  const ends = new Map<End, number>(ENDS.map((end) => [end, 0]));
  const waits = createHistogram();
  const seconds: Second[] = [];
  let arrived = 0;
  let current = createSecond();
  const stepOf = (name: Step) => steps.get(name) ?? createStep();

  return {
    arrived(): void {
      arrived += 1;
      current.arrived += 1;
    },
    answered(name: Step, outcome: string, ms: number): void {
      stepOf(name).answered(outcome, ms);
      if (name === 'hold') current.holds.add(ms);
    },
    unanswered: (name: Step) => stepOf(name).unanswered(),
    /** Something was reached for the first time. */
    reached: (what: 'held' | 'ordered' | 'paid') => void (current[what] += 1),
    ended(end: End): void {
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (end === 'turned away') current.turned_away += 1;
    },
    waited: (ms: number) => waits.add(ms),
    /** A second is over. */
    turn(): void {
      const { holds, ...counts } = current;
      const { p50, p99 } = holds.quantiles();
      seconds.push({ ...counts, hold_p50: p50, hold_p99: p99 });
      current = createSecond();
      for (const step of steps.values()) step.turn();
    },
    arrivals: () => arrived,
    ends: () => Object.fromEntries(ends) as Record<End, number>,
    steps: () =>
      Object.fromEntries([...steps].map(([name, step]) => [name, step.figures()])) as Record<
        Step,
        StepFigures
      >,
    waits: () => waits.quantiles(),
    seconds: (): readonly Second[] => seconds,
  };
}

function createSecond() {
  return { arrived: 0, held: 0, ordered: 0, paid: 0, turned_away: 0, holds: createHistogram() };
}

function createStep() {
  const times = createHistogram();
  const outcomes = new Map<string, number>();
  let [unanswered, inSecond, best] = [0, 0, 0];
  return {
    answered(outcome: string, ms: number): void {
      times.add(ms);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      inSecond += 1;
    },
    unanswered: () => void (unanswered += 1),
    turn(): void {
      best = Math.max(best, inSecond);
      inSecond = 0;
    },
    figures: (): StepFigures => ({
      ...times.quantiles(),
      outcomes: Object.fromEntries([...outcomes].toSorted(([, one], [, other]) => other - one)),
      unanswered,
      best_per_second: Math.max(best, inSecond),
      doublings: times.doublings(),
    }),
  };
}
