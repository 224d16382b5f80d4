/** Rehearsals that this terminal made. */

import type { Progress } from './progress.ts';
import type { Report } from './report.ts';

export interface RehearsalRun {
  readonly id: string;
  readonly atMs: number;
  readonly buyers: number;
  readonly units: number;
  /** Null until its sale is on. */
  readonly progress: Progress | null;
  /** Null until it is over, and for ever when it was broken off. */
  readonly report: Report | null;
  /** Why there is no report; empty when there is one, or will be. */
  readonly fault: string;
  /** Breaks it off. Waits until its sale is ended. */
  stop(): Promise<void>;
}

export type RunState = 'running' | 'passed' | 'failed' | 'broken off';

export function stateOfRun({ report, fault }: RehearsalRun): RunState {
  if (report !== null) return report.passed ? 'passed' : 'failed';
  return fault === '' ? 'running' : 'broken off';
}

export function runningRehearsal(runs: readonly RehearsalRun[]): RehearsalRun | undefined {
  return runs.find((run) => stateOfRun(run) === 'running');
}
