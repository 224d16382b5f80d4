/** What a rehearsal is given, and what its parts share while it goes on. */

import type { Api } from '../api.ts';
import type { Connections } from './connections.ts';
import type { Figures } from './figures.ts';
import type { Progress } from './progress.ts';
import type { RehearsalSale } from './rehearsal-sale.ts';
import type { Judge } from './rules.ts';
import type { Told } from './told.ts';

export interface RehearsalOptions {
  readonly api: Api;
  /** The listener for buyers and payment providers. */
  readonly apiUrl: string;
  readonly secret: string | null;
  readonly buyers: number;
  readonly units: number;
  /** For how long buyers come. */
  readonly lengthMs: number;
  readonly connections: number;
  readonly seed: number;
}

export interface Run {
  readonly options: RehearsalOptions;
  readonly sale: RehearsalSale;
  readonly judge: Judge;
  readonly told: Told;
  readonly figures: Figures;
  readonly connections: Connections;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}
