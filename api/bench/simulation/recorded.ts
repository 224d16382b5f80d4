/** What the simulation wrote down, and the curves and contests of the bench that the page tells of. */

import { readFileSync } from 'node:fs';
import type { Played } from '../contest.ts';
import type { Row } from '../curves/connections.ts';
import { spreadOf } from '../table.ts';
import type { Loaded, Outcome, Terms } from './installation.ts';

const RESULTS = new URL('../results/', import.meta.url);
export const SIMULATED = new URL('simulation.json', RESULTS);
export const PAGE = new URL('../../../SCALING.md', import.meta.url);

/** Connections at which the simulation is held against the bench. */
export const CHECKED_AT = [64, 1_000] as const;

export interface Run {
  readonly terms: Terms;
  readonly outcome: Outcome;
}

export interface Simulated {
  readonly command: string;
  readonly check: readonly (Loaded & { readonly connections: number })[];
  readonly sizes: readonly Run[];
  readonly hot: readonly Run[];
}

/** Written by the bench and by run.ts: of the shapes that they have. */
const read = (file: URL): unknown => JSON.parse(readFileSync(file, 'utf8'));

export const readSimulated = () => read(SIMULATED) as Simulated;

export interface Bench {
  readonly contests: readonly Played[];
}

export interface Curve {
  readonly panels: readonly {
    readonly title: string;
    readonly curves: readonly { readonly name: string; readonly points: readonly [number, number][] }[];
  }[];
  readonly figures: readonly { readonly name: string; readonly rows: readonly Row[] }[];
}

export const readBench = () => read(new URL('ratios.json', RESULTS)) as Bench;
export const readCurve = (name: 'sales' | 'holds') => read(new URL(`${name}.json`, RESULTS)) as Curve;

type Figure = 'perSecond' | 'p50Ms' | 'p99Ms' | 'serverUs' | 'redisUs' | 'sqlUs';

/** The median of the rounds, by figure. */
export function mediansOf({ contests }: Bench, contest: string, contender: string): Record<Figure, number> {
  const found = contests
    .find(({ name }) => name === contest)
    ?.contenders.find(({ name }) => name === contender);
  if (found === undefined) throw new Error(`the bench has no ${contender} of ${contest}`);
  return medians(found.rounds);
}

export function medians(rounds: Row['rounds']): Record<Figure, number> {
  const median = (figure: Figure) => spreadOf(rounds.map((round) => round[figure] ?? Number.NaN)).median;
  return {
    perSecond: median('perSecond'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    serverUs: median('serverUs'),
    redisUs: median('redisUs'),
    sqlUs: median('sqlUs'),
  };
}
