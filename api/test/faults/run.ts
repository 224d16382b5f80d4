/**
 * bun run faults [--minutes N | --faults N] [--seed S] [--out DIR] [--buyers N] [--processes N] [--only kind,kind]
 *   [--mutant NAME]
 *
 * Runs a whole installation on this machine, breaks it in every way it can think of, and compares what the stores
 * hold with what clients were told. Ends with 1 when something was broken that was promised.
 *
 * --processes 2 starts two processes per API; besides all of them, one is killed at times, or all are replaced.
 * --mutant no-gate, no-epoch or no-void takes one guard out of a copy of the program; such a run must end with 1.
 */

import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { seedFrom } from '../seeded.ts';
import { analyse } from './analysis.ts';
import { Campaign, type CampaignOptions } from './campaign.ts';
import { FAULT_NAMES, impossibleFaults } from './faults.ts';
import { showProgress } from './progress.ts';
import { writeReport } from './report.ts';
import { MUTANTS, type MutantName } from './sources.ts';

const MINUTES = 5;
const BUYERS = 48;
/** More faults than fit into the time: then the time decides. */
const NO_BOUND = 1_000_000;
const MINUTES_MAX = 24 * 60;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** @throws with what is wrong, for the user */
function readOptions(args: string[]): CampaignOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string' },
      faults: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      buyers: { type: 'string' },
      processes: { type: 'string' },
      only: { type: 'string' },
      mutant: { type: 'string' },
    },
  });
  const seed = positive('--seed', values.seed) ?? seedFrom('FAULTS_SEED');
  const mutant = values.mutant === undefined ? null : known('--mutant', values.mutant, MUTANT_NAMES);
  const only = values.only?.split(',').map((kind) => known('--only', kind, FAULT_NAMES)) ?? null;
  const faults = positive('--faults', values.faults);
  return {
    seed,
    faults: faults ?? NO_BOUND,
    minutes: Math.min(MINUTES_MAX, positive('--minutes', values.minutes) ?? (faults === null ? MINUTES : 60)),
    buyers: positive('--buyers', values.buyers) ?? BUYERS,
    processes: positive('--processes', values.processes) ?? 1,
    only: only ?? (mutant === null ? null : [...MUTANTS[mutant].faults]),
    mutant,
    out: values.out ?? join('.flashsale/faults', String(seed)),
    isHurried: false,
  };
}

const MUTANT_NAMES = Object.keys(MUTANTS) as MutantName[];

function positive(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!(number > 0) || number > 2 ** 32) {
    throw new Error(`${name} must be a positive number, not "${value}".`);
  }
  return number;
}

function known<Name extends string>(option: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) {
    throw new Error(`${option}: there is no "${value}". There are ${names.join(', ')}.`);
  }
  return found;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  for (const [kind, why] of Object.entries(impossibleFaults())) say(`${kind} is left out: ${why}`);
  const campaign = new Campaign(options);
  process.once('SIGINT', () => {
    campaign.stop();
    process.on('SIGINT', () => process.exit(130));
  });
  process.on('SIGTERM', () => process.exit(143));
  process.on('SIGHUP', () => process.exit(129));
  const progress = showProgress(campaign);
  const outcome = await campaign.run().finally(() => progress.end());
  const { violations, strokes, board, historyFile } = outcome;
  // While two faults overlap nobody can tell which of them an answer is due to.
  const outages = strokes.flatMap(({ outage, isOverlapping }) =>
    outage === null || isOverlapping ? [] : [outage],
  );
  const analysis = await analyse(historyFile, board, outages, violations);
  if (analysis.told.holds.size !== outcome.told.holds.size) {
    violations.add('history', 'the file does not hold everything that was counted');
  }
  const path = await writeReport(
    outcome,
    analysis,
    `bun run faults ${process.argv.slice(2).join(' ')}`.trim(),
  );
  await pipeline(createReadStream(historyFile), createGzip(), createWriteStream(`${historyFile}.gz`));
  rmSync(historyFile);
  for (const { rule, says } of violations.list.slice(0, 10)) say(`${rule}: ${says}`);
  say(`${strokes.length} faults, ${violations.count} violations; report: ${path}`);
  return violations.count === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exit(await main());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(2);
  }
}
