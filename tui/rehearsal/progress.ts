/** What a rehearsal tells while it runs. */

import type { UnitsView } from '@flash-sale/shared/contracts/overview.ts';
import type { End, Second, Step, StepFigures } from './figures.ts';
import type { Check } from './rules.ts';

export interface Progress {
  readonly options: { readonly buyers: number; readonly units: number; readonly lengthMs: number };
  readonly saleId: number;
  readonly name: string;
  readonly seconds: number;
  /** Null while nobody can tell. */
  readonly units: UnitsView | null;
  readonly arrived: number;
  readonly ends: Readonly<Record<End, number>>;
  readonly steps: Readonly<Record<Step, StepFigures>>;
  readonly bySecond: readonly Second[];
  readonly checks: readonly Check[];
}
