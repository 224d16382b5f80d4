/** What a rehearsal found. */

import type { SaleUnits } from '@flash-sale/shared/contracts/sale.ts';
import type { Bottleneck, StoreTimes } from './bottleneck.ts';
import type { End, Second, Step, StepFigures } from './figures.ts';
import type { Quantiles } from './histogram.ts';
import type { ClientLoad } from './load.ts';
import type { Check } from './rules.ts';

export interface Report {
  readonly passed: boolean;
  readonly at: string;
  readonly sale_id: number;
  readonly buyers: number;
  readonly units: number;
  readonly connections: number;
  /** With the same one the same buyers come. */
  readonly seed: number;
  readonly seconds: number;
  readonly checks: readonly Check[];
  readonly units_at_end: (typeof SaleUnits)['static'];
  /** Units that were certainly promised at one moment. */
  readonly most_promised: number;
  readonly orders: number;
  /** Play money that operators have in their list, or will have when its order never came. */
  readonly refunds_left: number;
  readonly ends: Readonly<Record<End, number>>;
  readonly steps: Readonly<Record<Step, StepFigures>>;
  readonly waited_for_connection: Quantiles;
  readonly most_connections: number;
  readonly client: ClientLoad;
  /** As the API measured them while buyers came. */
  readonly stores: StoreTimes;
  readonly bottleneck: Bottleneck;
  readonly by_second: readonly Second[];
  /** It is in the audit log, and the overview knows of it. */
  readonly recorded: boolean;
}
