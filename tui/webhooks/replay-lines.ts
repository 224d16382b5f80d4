/** Replays: how far each is, and what it made of each delivery. */

import type { ReplayItemView, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import type { Column } from '../list/columns.ts';
import { ageColumn, whenColumn } from '../list/time-columns.ts';
import { bar } from '../look/bars.ts';
import { BLANK, fact, title } from '../look/facts.ts';
import { count, dateTime, rate, wholeTimeLeft } from '../look/format.ts';
import { GLYPHS } from '../look/look.ts';
import { asManyAsFit, plain, span, type Line, type Span } from '../look/span.ts';
import { safe, wrapText } from '../look/text.ts';
import type { Frame } from '../state/frames.ts';
import { wordsOf } from './inbox-query.ts';
import { signOf } from './outcome-words.ts';
import { runningReplays, type WebhooksSlice } from './webhooks-slice.ts';

const STATES: Readonly<Record<ReplayView['state'], readonly [string, NonNullable<Span['tone']>]>> = {
  running: [GLYPHS.live, 'accent'],
  done: [GLYPHS.ok, 'good'],
  stopped: [GLYPHS.no, 'warn'],
};

function stateWord({ state }: ReplayView): Span {
  const [sign, tone] = STATES[state];
  return span(`${sign} ${state}`, tone);
}

export function kindOf({ dry_run: isDry }: ReplayView): string {
  return isDry ? 'dry run' : 'replay';
}

/** "3 deliveries", or the filter */
export function askedWords({ asked, total }: ReplayView): string {
  return asked.filter === undefined ? deliveries(asked.ids ?? total) : wordsOf(asked.filter);
}

export function deliveries(many: number): string {
  return many === 1 ? '1 delivery' : `${count(many)} deliveries`;
}

function progressBar({ done, total }: ReplayView, width: number): Line {
  const part = total === 0 ? 1 : done / total;
  const full = bar(part, width);
  return [
    span(full.trimEnd(), 'accent'),
    span(GLYPHS.available.repeat(width - full.trimEnd().length), 'dim'),
  ];
}

export const REPLAY_COLUMNS: readonly Column<ReplayView>[] = [
  whenColumn((row) => row.created_at, { name: 'time', title: 'Time', priority: 3 }),
  {
    name: 'id',
    title: '#',
    width: 5,
    align: 'right',
    priority: 0,
    cell: (row) => String(row.id),
    sortBy: (row) => row.id,
  },
  {
    name: 'kind',
    title: 'Kind',
    width: 7,
    priority: 0,
    cell: (row) => span(kindOf(row), row.dry_run ? 'dim' : undefined),
    sortBy: kindOf,
  },
  { name: 'state', title: 'State', width: 9, priority: 0, cell: stateWord, sortBy: (row) => row.state },
  {
    name: 'asked',
    title: 'Of',
    width: 13,
    grows: 1,
    priority: 3,
    cell: (row) => safe(askedWords(row)),
    sortBy: askedWords,
  },
  {
    name: 'by',
    title: 'By',
    width: 10,
    priority: 5,
    cell: (row) => safe(row.actor),
    sortBy: (row) => row.actor,
  },
  {
    name: 'progress',
    title: 'Progress',
    width: 10,
    grows: 2,
    priority: 2,
    cell: (row, _frame, width) => progressBar(row, width),
  },
  {
    name: 'done',
    title: 'Done',
    width: 13,
    align: 'right',
    priority: 0,
    cell: (row) => `${count(row.done)}/${count(row.total)}`,
    sortBy: (row) => row.done,
  },
  {
    name: 'changed',
    title: 'Changed',
    width: 7,
    align: 'right',
    priority: 0,
    cell: (row) => count(row.changed),
    sortBy: (row) => row.changed,
  },
  {
    name: 'failed',
    title: 'Failed',
    width: 6,
    align: 'right',
    priority: 1,
    cell: (row) => span(count(row.failed), row.failed > 0 ? 'warn' : 'dim'),
    sortBy: (row) => row.failed,
  },
  {
    name: 'rate',
    title: 'Rate',
    width: 7,
    align: 'right',
    priority: 4,
    cell: (row) => span(rate(row.rate), 'dim'),
  },
  ageColumn((row) => row.created_at, 4),
];

/** What goes on now, above every list of the room. Dry runs are told of where they are asked for. */
export function runningLines({ state }: Frame, width: number): Line[] {
  const replays = runningReplays(state.webhooks).filter(({ dry_run: isDry }) => !isDry);
  return replays.map((replay): Line => {
    const pieces: Line[] = [
      [span(` ${GLYPHS.live} ${kindOf(replay)} ${replay.id}`, 'accent')],
      progressBar(replay, Math.max(10, Math.floor(width / 3))),
      plain(`${count(replay.done)}/${count(replay.total)}`),
      [span(rate(replay.rate), 'dim')],
      ...(replay.failed === 0 ? [] : [[span(`${count(replay.failed)} failed`, 'warn')]]),
      [span(leftWords(replay), 'dim')],
      [span('x stops it', 'dim')],
    ];
    return asManyAsFit(pieces, width);
  });
}

function leftWords({ total, done, per_second: perSecond }: ReplayView): string {
  return `${wholeTimeLeft(((total - done) / perSecond) * 1_000)} left`;
}

export function replayLines(frame: Frame, replay: ReplayView, width: number): Line[] {
  const opened = frame.state.webhooks.replay;
  const items = opened?.id === replay.id ? opened : null;
  return [
    [
      span(`${kindOf(replay)} ${replay.id}`, undefined, { bold: true }),
      span('  '),
      stateWord(replay),
      span(replay.dry_run ? '  nothing is changed by it' : '', 'dim'),
    ],
    progressBar(replay, width),
    ...fact('done', `${count(replay.done)} of ${deliveries(replay.total)}`, width),
    ...fact(replay.dry_run ? 'would change' : 'changed', count(replay.changed), width),
    ...fact('failed', span(count(replay.failed), replay.failed > 0 ? 'warn' : undefined), width),
    ...fact('speed', `${rate(replay.rate)}, ${replay.per_second}/s at most`, width),
    ...fact('of', askedWords(replay), width),
    ...fact('ordered', `${dateTime(Date.parse(replay.created_at))} by ${replay.actor}`, width),
    ...(replay.finished_at === null ? [] : fact('over', dateTime(Date.parse(replay.finished_at)), width)),
    BLANK,
    title('What became of each delivery'),
    ...resultLines(items, width),
  ];
}

function resultLines(opened: WebhooksSlice['replay'], width: number): Line[] {
  const { what = null, fault = '' } = opened ?? {};
  if (what === null) {
    return [fault === '' ? [span('Reading it ...', 'dim')] : [span(`${safe(fault)} R tries again.`, 'warn')]];
  }
  const more = what.hasMore ? [[span('These are the first of them; the API has the rest.', 'dim')]] : [];
  return [...what.items.flatMap((item) => itemLines(item, width)), ...more];
}

/** The sentence has the outcome in it; the sign is for the eye that passes. */
function itemLines({ delivery_id: id, state, outcome, fault, says }: ReplayItemView, width: number): Line[] {
  const [sign, tone] =
    state === 'waiting' ? (['·', 'dim'] as const) : fault === null ? signOf(outcome) : FAILED;
  const label = `#${id}`.padEnd(7);
  return wrapText(safe(says), Math.max(10, width - label.length - 2)).map((text, index) => [
    span(index === 0 ? label : ' '.repeat(label.length), 'dim'),
    span(index === 0 ? `${sign} ` : '  ', tone),
    span(text, fault === null ? (state === 'waiting' ? 'dim' : undefined) : 'warn'),
  ]);
}

const FAILED = [GLYPHS.no, 'warn'] as const;

/** What a dry run says of many, the most frequent first: "12 x It would be applied." */
export function foreseenLines(items: readonly ReplayItemView[], most: number, width: number): Line[] {
  if (items.length <= most) return items.flatMap((item) => itemLines(item, width));
  const groups = Map.groupBy(items, ({ says }) => says);
  return [...groups.values()]
    .toSorted((one, other) => other.length - one.length)
    .slice(0, most)
    .map((group): Line => {
      const [{ says, fault, changed } = NO_ITEM] = group;
      const tone = fault === null ? (changed === true ? 'good' : undefined) : 'warn';
      return [span(`${count(group.length).padStart(7)} x `, 'dim'), span(safe(says), tone)];
    });
}

const NO_ITEM = { says: '', fault: null, changed: null };
