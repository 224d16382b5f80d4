/** The report as files: for programs, and for people who were not there. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { count } from '../look/format.ts';
import { chartOf } from './chart.ts';
import { STEPS } from './figures.ts';
import { endsText, milliseconds, STEP_NAMES } from './progress-lines.ts';
import type { Report } from './report.ts';
import { carriedText, clientText } from './verdict-lines.ts';

const CHART = 'rehearsal.svg';

/** Writes over an earlier report. @returns their paths */
export async function writeReport(folder: string, report: Report): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const files = {
    'rehearsal.json': `${JSON.stringify(report, null, 2)}\n`,
    'rehearsal.md': markdownOf(report),
    [CHART]: chartOf(report),
  };
  return Promise.all(
    Object.entries(files).map(async ([name, text]) => {
      const path = join(folder, name);
      await Bun.write(path, text);
      return path;
    }),
  );
}

function markdownOf(report: Report): string {
  const { passed, at, sale_id, buyers, units, seconds, seed, units_at_end: end, checks, steps } = report;
  return [
    `# Rehearsal of ${at.slice(0, 16).replace('T', ' ')} UTC: ${passed ? 'passed' : 'FAILED'}`,
    '',
    `${count(buyers)} buyers came for ${count(units)} units (sale ${sale_id}, ${seconds} s, seed ${seed}). ${count(end.paid)} units were paid, ${end.available ?? '?'} are left; at most ${count(report.most_promised)} were promised at once.`,
    '',
    `![Buyers, what they reached, and how long holds took, by second](${CHART})`,
    '',
    '## Rules',
    '',
    '| | rule | broken |',
    '|---|---|---|',
    ...checks.map(({ says, passed: holds, breaches, examples }) => {
      const found = breaches === 0 ? '' : `${count(breaches)}: ${examples.join('; ')}`;
      return `| ${holds ? 'holds' : '**broken**'} | ${cell(says)} | ${cell(found)} |`;
    }),
    '',
    '## What buyers saw',
    '',
    `${endsText(report.ends)}.`,
    '',
    '| step | answers | p50 | p95 | p99 | max | unanswered | what was said |',
    '|---|--:|--:|--:|--:|--:|--:|---|',
    ...STEPS.map((step) => {
      const { count: answers, p50, p95, p99, max, unanswered, outcomes } = steps[step];
      const said = Object.entries(outcomes).map(([word, times]) => `${word} ${count(times)}`);
      const times = [p50, p95, p99, max].map(milliseconds).join(' | ');
      return `| ${STEP_NAMES[step]} | ${count(answers)} | ${times} | ${count(unanswered)} | ${cell(said.join(', '))} |`;
    }),
    '',
    '## What it says of the machine',
    '',
    `- Bottleneck: ${report.bottleneck.says}`,
    `- Carried: ${carriedText(report)}.`,
    `- The client: ${clientText(report)}.`,
    `- While buyers came Redis answered the API in ${milliseconds(report.stores.redis.p50)}, SQL in ${milliseconds(report.stores.sql.p50)} (p50).`,
    '',
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
