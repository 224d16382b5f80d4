/** What rounds add up to: medians, and ratios taken within each round. */

import type { Ask, Measured, Played } from './contest.ts';

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Of an even number of values the lower one of the middle. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { min: at(0), median: at(Math.floor((sorted.length - 1) / 2)), max: at(sorted.length - 1) };
}

export interface Ratio extends Spread {
  readonly what: string;
  /** As asked for, in words; null when nothing is asked for. */
  readonly asked: string | null;
  /** By the median. */
  readonly isMet: boolean | null;
}

/** A round is compared with itself: what slows the machine for a while slows both. */
export function ratioOf({ contenders }: Pick<Played, 'contenders'>, ask: Ask): Ratio {
  const roundsOf = (name: string): readonly Measured[] => {
    const found = contenders.find((contender) => contender.name === name);
    if (found === undefined) throw new Error(`nobody is called ${name}`);
    return found.rounds;
  };
  const yardstick = roundsOf(ask.to);
  const ratios = roundsOf(ask.of).map(
    (measured, round) => measured[ask.figure] / (yardstick[round]?.[ask.figure] ?? Number.NaN),
  );
  const spread = spreadOf(ratios);
  if (ask.wanted === null) return { what: ask.what, ...spread, asked: null, isMet: null };
  const [asked, isMet] =
    'atLeast' in ask.wanted
      ? [`at least ${ask.wanted.atLeast.toFixed(2)}`, spread.median >= ask.wanted.atLeast]
      : [`at most ${ask.wanted.atMost.toFixed(2)}`, spread.median <= ask.wanted.atMost];
  return { what: ask.what, ...spread, asked, isMet };
}

type Column = readonly [head: string, cell: (rounds: readonly Measured[]) => string];

const COLUMNS: readonly Column[] = [
  ['requests/s: min', (rounds) => whole(spreadOf(rounds.map(({ perSecond }) => perSecond)).min)],
  ['median', (rounds) => whole(spreadOf(rounds.map(({ perSecond }) => perSecond)).median)],
  ['max', (rounds) => whole(spreadOf(rounds.map(({ perSecond }) => perSecond)).max)],
  ['p50 ms', (rounds) => tenths(rounds.map(({ p50Ms }) => p50Ms))],
  ['p99 ms', (rounds) => tenths(rounds.map(({ p99Ms }) => p99Ms))],
  ['CPU us', (rounds) => tenths(rounds.map(({ serverUs }) => serverUs))],
  ['Redis us', (rounds) => tenths(rounds.map(({ redisUs }) => redisUs))],
  ['SQL us', (rounds) => tenths(rounds.map(({ sqlUs }) => sqlUs))],
  ['reply bytes', (rounds) => whole(spreadOf(rounds.map(({ replyBytes }) => replyBytes)).median)],
];

const whole = (value: number): string => value.toFixed(0);

function tenths(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? '-' : spreadOf(known).median.toFixed(1);
}

/** A contest as text, for people. */
export function tableOf(played: Played): string {
  const measured = [
    ['', ...COLUMNS.map(([head]) => head)],
    ...played.contenders.map(({ name, rounds }) => [name, ...COLUMNS.map(([, cell]) => cell(rounds))]),
  ];
  const ratios = played.asks.map((ask) => {
    const { what, min, median, max, asked, isMet } = ratioOf(played, ask);
    const verdict = isMet === null ? '' : isMet ? 'met' : 'NOT MET';
    return [what, min.toFixed(2), median.toFixed(2), max.toFixed(2), asked ?? 'not asked for', verdict];
  });
  const compared = [['ratio', 'min', 'median', 'max', 'asked', ''], ...ratios];
  return [played.name, ...aligned(measured), ...aligned(compared), ''].join('\n');
}

/** The first column to the left, all others to the right. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
