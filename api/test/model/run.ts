/**
 * The model checker on demand.
 *
 *   bun api/test/model/run.ts --scope ci          what every test run exhausts
 *   bun api/test/model/run.ts --scope large       more, in some minutes and some GB
 *   bun api/test/model/run.ts --mutant epochInGate    the shortest way in which the protocol fails without it
 */

import { parseArgs } from 'node:util';
import { explore, type Explored } from './explore.ts';
import { AS_WRITTEN, without } from './guards.ts';
import type { Scope } from './model.ts';
import { MUTANTS, NOT_LOAD_BEARING } from './mutants.ts';
import { CI_SCOPES, LARGE_SCOPES } from './scopes.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(name: string, { states, transitions, depth, seconds }: Explored, violations: string): string {
  const numbers = [states, transitions, depth, seconds.toFixed(1)].map((number) =>
    String(number).padStart(12),
  );
  return `${name.padEnd(66)}${numbers.join('')}  ${violations}`;
}

function tell({ violation }: Explored): void {
  if (violation === null) return;
  for (const [index, step] of violation.trace.entries()) say(`  ${String(index + 1).padStart(2)}. ${step}`);
  say(`  => ${violation.says}`);
}

/** @returns how many scopes broke. */
function runScopes(scopes: readonly Scope[]): number {
  say(
    `${'scope'.padEnd(66)}${['states', 'transitions', 'depth', 'seconds'].map((word) => word.padStart(12)).join('')}`,
  );
  const total = { states: 0, transitions: 0, depth: 0, seconds: 0, isExhausted: true, violation: null };
  let broken = 0;
  for (const scope of scopes) {
    const explored = explore(scope, AS_WRITTEN);
    say(row(scope.name, explored, explored.violation === null ? '0 violations' : 'BROKEN'));
    tell(explored);
    total.states += explored.states;
    total.transitions += explored.transitions;
    total.depth = Math.max(total.depth, explored.depth);
    total.seconds += explored.seconds;
    if (explored.violation !== null) broken += 1;
    // What this scope needed is not kept for the next.
    Bun.gc(true);
  }
  say(row('all', total, `${broken} broken`));
  return broken;
}

function runMutants(name: string): number {
  const all = [...MUTANTS, ...NOT_LOAD_BEARING];
  const chosen = name === 'all' ? all : all.filter((mutant) => mutant.without === name);
  if (chosen.length === 0) {
    const names = new Set(all.map((mutant) => mutant.without));
    say(`There is no mutant '${name}'; there are: all, ${[...names].join(', ')}.`);
    return 1;
  }
  for (const mutant of chosen) {
    const explored = explore(mutant.scope, without(mutant.without));
    const end =
      explored.violation === null ? 'survives' : `caught in ${explored.violation.trace.length} steps`;
    say(row(`without ${mutant.without}: ${mutant.says}`, explored, end));
    tell(explored);
  }
  return 0;
}

const { values } = parseArgs({
  options: { scope: { type: 'string', default: 'ci' }, mutant: { type: 'string' } },
});
if (values.mutant !== undefined) process.exitCode = runMutants(values.mutant);
else process.exitCode = runScopes(values.scope === 'large' ? [...CI_SCOPES, ...LARGE_SCOPES] : CI_SCOPES);
