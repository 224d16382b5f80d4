/** A rehearsal while it runs, for people. */

import { bar, gauge, sparkline } from '../look/bars.ts';
import { count, rate } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line, type Span } from '../look/span.ts';
import { ENDS, type End, type Step, type StepFigures } from './figures.ts';
import type { Progress } from './progress.ts';
import type { Check } from './rules.ts';

const LABEL = 10;
const BAR_MAX = 50;

/** Redrawn in place. */
export function progressLines(progress: Progress, width: number): Line[] {
  const { name, saleId, seconds, options, arrived, ends, steps, bySecond, checks } = progress;
  const barWidth = Math.max(8, Math.min(BAR_MAX, width - LABEL - 40));
  return [
    [span(name, undefined, { bold: true }), span(`  sale ${saleId}  ${seconds.toFixed(0)} s`, 'dim')],
    labelled('units', unitsLine(progress, barWidth)),
    labelled('buyers', [
      span(bar(arrived / options.buyers, barWidth), 'accent'),
      span(`  ${count(arrived)} of ${count(options.buyers)} came`),
    ]),
    labelled('ends', [span(endsText(ends))]),
    ...(['hold', 'order', 'payment'] as const).map((step) => labelled(step, [span(stepText(steps[step]))])),
    labelled('holds/s', [
      span(sparkline(bySecond.map(({ held }) => held).slice(-barWidth), barWidth), 'held'),
    ]),
    labelled('rules', [rulesSpan(checks)]),
  ];
}

/** A line a second, where nothing can be redrawn. */
export function progressText({ seconds, options, arrived, units, steps, checks }: Progress): string {
  const { hold } = steps;
  const parts = [
    `${seconds.toFixed(0)} s`,
    `${count(arrived)} of ${count(options.buyers)} buyers came`,
    units === null
      ? 'units unknown'
      : `paid ${units.paid}, ordered ${units.ordered}, held ${units.held ?? '?'}, left ${units.available}`,
    `holds ${timesText(hold)}`,
    rulesSpan(checks).text,
  ];
  return parts.join(' | ');
}

function labelled(label: string, line: Line): Line {
  return [span(label.padEnd(LABEL), 'dim'), ...line];
}

function unitsLine({ units }: Progress, width: number): Line {
  if (units === null) return [span(GLYPHS.unknown.repeat(width), 'dim')];
  const { paid, ordered, held, available } = units;
  const parts = [
    { units: paid, glyph: GLYPHS.paid, tone: 'paid' },
    { units: ordered, glyph: GLYPHS.ordered, tone: 'ordered' },
    { units: held ?? 0, glyph: GLYPHS.held, tone: 'held' },
    { units: available, glyph: GLYPHS.available, tone: 'available' },
  ] as const;
  const words = `  paid ${paid} ordered ${ordered} held ${held ?? '?'} left ${available}`;
  return [...gauge(parts, width), span(words)];
}

export function endsText(ends: Readonly<Record<End, number>>): string {
  const told = ENDS.filter((end) => ends[end] > 0).map((end) => `${end} ${count(ends[end])}`);
  return told.length === 0 ? 'nobody yet' : told.join(', ');
}

function stepText(step: StepFigures): string {
  const lost = step.unanswered === 0 ? '' : `, ${count(step.unanswered)} unanswered`;
  return `${timesText(step)}, ${count(step.count)} answers${lost}, best ${rate(step.best_per_second)}`;
}

export function timesText({ p50, p95, p99 }: Pick<StepFigures, 'p50' | 'p95' | 'p99'>): string {
  return `p50 ${milliseconds(p50)} p95 ${milliseconds(p95)} p99 ${milliseconds(p99)}`;
}

export function milliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${count(Math.round(ms))} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function rulesSpan(checks: readonly Check[]): Span {
  const broken = checks.filter(({ passed }) => !passed);
  if (broken.length === 0) return span(`${GLYPHS.ok} all ${checks.length} hold`, 'good');
  return span(`${GLYPHS.no} broken: ${broken.map(({ rule }) => rule).join(', ')}`, 'alarm');
}

export const STEP_NAMES: Readonly<Record<Step, string>> = {
  hold: 'Holds',
  order: 'Orders',
  payment: 'Payments',
  release: 'Releases',
};
