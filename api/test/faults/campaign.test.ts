import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { analyse } from './analysis.ts';
import { Campaign, type CampaignOptions } from './campaign.ts';
import { writeReport } from './report.ts';
import { MUTANTS, type MutantName } from './sources.ts';

/** Git ignores it, and it stays: a failure is understood from its history. */
const out = join(import.meta.dir, '../../../.flashsale/faults/test');

const SMALL: CampaignOptions = {
  seed: 4,
  faults: 8,
  minutes: 2,
  buyers: 16,
  only: null,
  mutant: null,
  processes: 1,
  out,
  isHurried: true,
};

/** Eight of the kinds, each once. The rest is for `bun run faults`. */
const COMMON = [
  'api_kill',
  'worker_kill',
  'redis_kill',
  'mariadb_kill',
  'redis_flush',
  'redis_stale',
  'redis_link_swallow',
  'mariadb_link_reset',
] as const;

test('a small campaign of eight faults breaks no promise, and its history says the same (I1..I8, seed 4)', async () => {
  const campaign = new Campaign({ ...SMALL, only: COMMON });
  const outcome = await campaign.run();
  const analysis = await analyse(outcome.historyFile, outcome.board, [], outcome.violations);
  const path = await writeReport(outcome, analysis, 'test');
  expect(outcome.violations.list.slice(0, 5)).toEqual([]);
  expect(existsSync(path)).toBe(true);
  expect(outcome.strokes.map(({ kind }) => kind).sort()).toEqual([...COMMON].sort());
  expect(outcome.errorsLogged).toEqual({});

  // It was a test: there was load, it was hit, and what was counted is what was written down.
  expect(analysis.told.orders.length).toBeGreaterThan(30);
  expect(analysis.told.holds.size).toBe(outcome.told.holds.size);
  expect(analysis.complaints).toBe(0);
  expect(outcome.told.count('hold unavailable') + outcome.told.count('order unavailable')).toBeGreaterThan(0);
  // Scarce sales were promised to the last unit, so one more would have been seen.
  expect(analysis.swept.some(({ peak, allotment }) => peak === allotment)).toBe(true);
}, 180_000);

/** Minutes each, so only on demand: FAULT_MUTANTS=no-gate,no-epoch,no-void bun test api/test/faults/campaign.test.ts */
const mutants = (process.env['FAULT_MUTANTS'] ?? '')
  .split(',')
  .filter((name) => name in MUTANTS) as MutantName[];

for (const mutant of mutants) {
  test(`the mutant ${mutant} does not survive: ${MUTANTS[mutant].says}`, async () => {
    const options = {
      ...SMALL,
      faults: 40,
      minutes: 8,
      buyers: 48,
      mutant,
      only: [...MUTANTS[mutant].faults],
    };
    const { violations } = await new Campaign({ ...options, out: join(out, mutant) }).run();
    expect(violations.count).toBeGreaterThan(0);
  }, 600_000);
}
