/**
 * bun api/bench/simulation/run.ts [--tables]
 *
 * Simulates the sizes of SCALING.md, writes what came of them to api/bench/results/simulation.json and the tables of the
 * page anew. --tables: only the tables, after figures of the bench changed. The same seed makes the same figures.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { simulate, simulateLoad, type Terms } from './installation.ts';
import { CHECKED_AT, PAGE, SIMULATED, type Run, type Simulated } from './recorded.ts';
import { BENCH_CORES, HOT, rounded, SEED, SIZES } from './scenarios.ts';
import { withTables } from './tables.ts';

function play(terms: Terms): Run {
  const startedAtMs = performance.now();
  const run = { terms, outcome: rounded(simulate(terms)) };
  const { buyers, processes, parts } = terms;
  const tookS = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  process.stderr.write(`${buyers} buyers, ${processes} processes, ${parts} parts: ${tookS} s\n`);
  return run;
}

const { values } = parseArgs({ options: { tables: { type: 'boolean', default: false } } });
if (!values.tables) {
  const simulated: Simulated = {
    command: 'bun api/bench/simulation/run.ts',
    check: CHECKED_AT.map((connections) => ({
      connections,
      ...rounded(simulateLoad(connections, BENCH_CORES, SEED)),
    })),
    sizes: SIZES.map(play),
    hot: HOT.map(play),
  };
  writeFileSync(SIMULATED, `${JSON.stringify(simulated, null, 2)}\n`);
}
writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
