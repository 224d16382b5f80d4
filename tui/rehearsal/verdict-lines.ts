/** The verdict, for people. */

import { bar } from '../look/bars.ts';
import { count, counted, rate } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, wrapLine, type Line } from '../look/span.ts';
import { STEPS, type Step } from './figures.ts';
import type { Bucket } from './histogram.ts';
import { endsText, milliseconds, STEP_NAMES, timesText } from './progress-lines.ts';
import type { Report } from './report.ts';

const BAR_MAX = 40;
/** What stands beside a bar. */
const BESIDE = 32;

export function verdictLines(report: Report, width: number): Line[] {
  const { passed, checks, buyers, units, seconds, units_at_end: end } = report;
  const came = `${count(buyers)} buyers for ${count(units)} units in ${seconds} s`;
  return [
    ...wrapLine(
      [
        passed ? span(`${GLYPHS.ok} PASSED`, 'good', { bold: true }) : span(`${GLYPHS.no} FAILED`, 'alarm'),
        span(`  ${came}: ${count(end.paid)} paid, ${end.available ?? '?'} left`),
      ],
      width,
    ),
    [],
    ...checks.flatMap(({ says, passed: holds, breaches, examples }) => [
      ...wrapLine(
        [
          holds ? span(`${GLYPHS.ok} `, 'good') : span(`${GLYPHS.no} `, 'alarm'),
          span(holds ? says : `${says}: broken ${breaches === 1 ? 'once' : `${count(breaches)} times`}`),
        ],
        width,
      ),
      ...examples.flatMap((example) => wrapLine([span(`    ${example}`, 'alarm')], width)),
    ]),
    [],
    ...wrapLine([span('What buyers saw  ', 'dim'), span(endsText(report.ends))], width),
    ...STEPS.flatMap((step) => stepLines(step, report, width)),
    [],
    ...wrapLine([span('Bottleneck  ', 'dim'), span(report.bottleneck.says)], width),
    ...wrapLine([span('This carried  ', 'dim'), span(carriedText(report))], width),
    ...wrapLine([span('Client  ', 'dim'), span(clientText(report))], width),
    ...(report.refunds_left === 0
      ? []
      : [
          [
            span(
              `In the list of refunds, now or in an hour: ${counted(report.refunds_left, 'payment')} of the rehearsal.`,
              'warn',
            ),
          ],
        ]),
    [span(`The same buyers again: --seed ${report.seed}`, 'dim')],
  ];
}

function stepLines(step: Step, { steps }: Report, width: number): Line[] {
  const figures = steps[step];
  if (figures.count === 0) return [];
  const outcomes = Object.entries(figures.outcomes).map(([says, times]) => `${says} ${count(times)}`);
  return [
    [],
    [
      span(STEP_NAMES[step], undefined, { bold: true }),
      span(`  ${timesText(figures)} max ${milliseconds(figures.max)}`),
    ],
    ...wrapLine([span(`  ${outcomes.join(', ')}; ${count(figures.unanswered)} unanswered`, 'dim')], width),
    ...(step === 'release' ? [] : histogramLines(figures.doublings, width)),
  ];
}

function histogramLines(doublings: readonly Bucket[], width: number): Line[] {
  const most = Math.max(...doublings.map((bucket) => bucket.count), 1);
  return doublings.map(({ fromMs, toMs, count: inside }) => [
    span(`  ${bound(fromMs)} to ${bound(toMs)}  `, 'dim'),
    span(bar(inside / most, Math.max(8, Math.min(BAR_MAX, width - BESIDE))), 'accent'),
    span(` ${count(inside)}`),
  ]);
}

function bound(ms: number): string {
  const text = ms < 1 ? ms.toFixed(2) : ms < 1_000 ? `${ms}` : `${(ms / 1_000).toFixed(1)} s`;
  return text.padStart(6);
}

export function carriedText({ steps }: Report): string {
  return STEPS.filter((step) => steps[step].count > 0)
    .map((step) => `${STEP_NAMES[step].toLowerCase()} ${rate(steps[step].best_per_second)}`)
    .join(', ')
    .concat(' in the best second');
}

export function clientText(report: Report): string {
  const { client, connections, most_connections: most, waited_for_connection: waited } = report;
  return `${Math.round(client.cpu_share * 100)} % of a core while buyers came, at most ${client.rss_mb} MB, timers ${milliseconds(client.late_ms.p99)} late at p99; at most ${most} of ${connections} connections in use, waited for one ${milliseconds(waited.p99)} at p99`;
}
