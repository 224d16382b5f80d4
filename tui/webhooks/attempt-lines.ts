/** What was tried with a delivery, newest first, and what was different from one time to the next. */

import type { DeliveryView } from '@flash-sale/shared/contracts/webhook.ts';
import { age, count, timeOfDay } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { span, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';
import { outcomeWord } from './outcome-words.ts';

type Attempt = DeliveryView['latest_attempts'][number];

/** Attempts that came to the same, one after the other: a parked delivery is tried some hundred times. */
export interface Series {
  readonly newest: Attempt;
  readonly oldest: Attempt;
  readonly times: number;
}

export function seriesOf(attempts: readonly Attempt[]): Series[] {
  const series: Series[] = [];
  for (const attempt of attempts) {
    const last = series.at(-1);
    if (last !== undefined && differences(last.oldest, attempt).length === 0) {
      series[series.length - 1] = { ...last, oldest: attempt, times: last.times + 1 };
    } else series.push({ newest: attempt, oldest: attempt, times: 1 });
  }
  return series;
}

export function attemptLines({ latest_attempts: attempts, state }: DeliveryView): Line[] {
  const series = seriesOf(attempts);
  return series.flatMap((one, index): Line[] => {
    const before = series[index + 1];
    return [
      attemptLine(one, state),
      ...timesLines(one),
      ...(one.newest.fault === null ? [] : [[span(`          ${safe(one.newest.fault)}`, 'warn')]]),
      ...(before === undefined ? [] : [differenceLine(before.newest, one.oldest)]),
    ];
  });
}

function attemptLine({ newest }: Series, state: DeliveryView['state']): Line {
  const { cause, outcome, fault, duration_ms: durationMs } = newest;
  const word = fault === null ? outcomeWord(outcome, state) : span(`${GLYPHS.no} failed`, 'warn');
  return [
    span(`${timeOfDay(Date.parse(newest.at))}  `),
    span(`${cause.padEnd(8)} `, 'dim'),
    { ...word, text: word.text.padEnd(15) },
    span(`${count(durationMs)} ms`.padStart(8), 'dim'),
  ];
}

function timesLines({ oldest, times }: Series): Line[] {
  if (times === 1) return [];
  return [[span(`          ${count(times)} times since ${timeOfDay(Date.parse(oldest.at))}`, 'dim')]];
}

function differenceLine(before: Attempt, after: Attempt): Line {
  const changes = differences(before, after).filter((change) => !change.startsWith('cause'));
  const later = age(Date.parse(after.at) - Date.parse(before.at));
  const says = changes.length === 0 ? 'the same again' : changes.join(', ');
  return [span(`          ${says}, ${later} later`, 'dim')];
}

/** "outcome parked → applied" */
function differences(before: Attempt, after: Attempt): string[] {
  return (['cause', 'outcome', 'fault'] as const)
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name} ${safe(before[name] ?? 'none')} → ${safe(after[name] ?? 'none')}`);
}
