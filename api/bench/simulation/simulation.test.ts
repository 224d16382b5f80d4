/** The simulation: nobody is lost in it, it says what the bench measured, and what it wrote down is what it says. */

import { describe, expect, test } from 'bun:test';
import { API } from '../contests/holds.ts';
import { simulate, simulateLoad, type Terms } from './installation.ts';
import { readFileSync } from 'node:fs';
import { CHECKED_AT, mediansOf, PAGE, readBench, readSimulated } from './recorded.ts';
import { BENCH_CORES, rounded, SEED } from './scenarios.ts';
import { withTables } from './tables.ts';

const TERMS: Terms = {
  buyers: 20_000,
  units: 3_001,
  processes: 3,
  parts: 1,
  sqlCores: 2,
  soldOutKnownUs: 0,
  callsAtOnce: null,
  seed: 1,
};

describe.each([
  ['a sale as it is', {}],
  ['a sale with more units than buyers', { units: 30_000 }],
  ['a sale in parts', { parts: 4 }],
  ['parts that are remembered as sold out', { parts: 4, soldOutKnownUs: 5_000 }],
  ['calls that wait for each other', { callsAtOnce: 1 }],
  ['one process that turns buyers away', { buyers: 120_000, processes: 1 }],
] satisfies [string, Partial<Terms>][])('%s', (_, changed) => {
  const terms = { ...TERMS, ...changed };
  const outcome = simulate(terms);
  const { held, soldOut, gaveUp, unitsLeft, orders, turnedAway, timedOut } = outcome;

  test('loses no buyer and no unit', () => {
    expect(held + soldOut + gaveUp).toBe(terms.buyers);
    expect(held + unitsLeft).toBe(terms.units);
    expect(orders).toBe(held);
    expect(held).toBe(Math.min(terms.units, terms.buyers));
    expect(timedOut).toBe(0);
    expect(turnedAway > 0).toBe(terms.processes === 1);
  });

  test('is the same again from the same seed, and another from another', () => {
    expect(simulate(terms)).toEqual(outcome);
    expect(simulate({ ...terms, seed: 2 }).p99Ms).not.toBe(outcome.p99Ms);
  });
});

/** What it must be within of the bench: it knows neither the cache nor the scheduler, and tails come from one assumption. */
const THROUGHPUT_FACTOR = 1.6;
const P99_FACTOR = 3;

/** If this fails after the bench was recorded anew: `bun api/bench/simulation/measure.ts`, then `run.ts` beside it. */
describe.each(CHECKED_AT)('with %p connections on two cores', (connections) => {
  const simulated = simulateLoad(connections, BENCH_CORES, SEED);
  const measured = mediansOf(readBench(), `holds, ${connections} connections`, API);
  const factor = (one: number, other: number) => Math.max(one / other, other / one);

  test('it says what the bench measured', () => {
    expect(factor(simulated.perSecond, measured.perSecond)).toBeLessThan(THROUGHPUT_FACTOR);
    expect(factor(simulated.p99Ms, measured.p99Ms)).toBeLessThan(P99_FACTOR);
  });

  test('it says what it wrote down', () => {
    expect(readSimulated().check).toContainEqual({ connections, ...rounded(simulated) });
  });
});

test('what is written down of the smaller crowds is what it says today', () => {
  const small = readSimulated().sizes.filter(({ terms }) => terms.buyers <= 100_000);
  expect(small.length).toBeGreaterThan(3);
  for (const { terms, outcome } of small) expect(rounded(simulate(terms))).toEqual(outcome);
});

test('the tables of SCALING.md are the recorded figures (else: bun api/bench/simulation/run.ts --tables)', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(withTables(page)).toBe(page);
});
