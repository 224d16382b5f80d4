/** Board D: are the objectives met, how fast is the error budget used, and by what. */

import { board, type Row } from './board.ts';
import { BAD, GOOD, LOOK, PLAIN, SOLD } from './palette.ts';
import { noneOr, series, stat, table } from './panels.ts';
import { orZero, share, WHOLE_TIME } from './queries.ts';

/** Of which requests the objective tells, and which of them miss it; as rules/recording.yml records them. */
const OBJECTIVES = {
  answers: { all: 'flashsale:public_requests:rate1m', bad: 'flashsale:public_errors:rate1m' },
  holds: { all: 'flashsale:holds:rate1m', bad: 'flashsale:slow_holds:rate1m' },
} as const;
type Slo = keyof typeof OBJECTIVES;

const RATIOS: Readonly<Record<Slo, string>> = {
  answers: 'flashsale:public_errors:ratio_rate',
  holds: 'flashsale:slow_holds:ratio_rate',
};

/** Which part may miss the objective: the budget. */
const mayMiss = (slo: Slo) => `(1 - flashsale:slo_objective:ratio{slo="${slo}"})`;

/** Means are divided, not divisions averaged: a quiet night does not outweigh the minute of a sale. */
function missed(slo: Slo, window: string): string {
  const { all, bad } = OBJECTIVES[slo];
  return share(`avg_over_time(${bad}[${window}])`, `avg_over_time(${all}[${window}])`);
}

function budgetLeft(slo: Slo, window: string): string {
  return `1 - ${missed(slo, window)} / on () ${mayMiss(slo)}`;
}

/** 1 uses the budget of 30 days in 30 days, 30 in one day. */
function pace(slo: Slo, window: string): string {
  return `${RATIOS[slo]}${window} / on () group_right () ${mayMiss(slo)}`;
}

const OF_BOTH = (query: (slo: Slo) => string) => ({ answers: query('answers'), holds: query('holds') });

const BUDGET_LEVELS: readonly [from: number | null, colour: string][] = [
  [null, LOOK],
  [0.1, GOOD],
];

const met: Row = {
  title: 'Are the objectives met?',
  height: 4,
  panels: [
    stat({
      title: 'Objectives',
      description:
        'Of 1,000 requests of buyers and payment providers 999 get an answer that is no error; of 100 requests for a hold 99 get theirs within 250 ms. Sold out, 409 and 429 are answers.',
      unit: 'percentunit',
      decimals: 1,
      width: 4,
      show: { '{{slo}}': 'flashsale:slo_objective:ratio' },
    }),
    stat({
      title: 'Met in the chosen time',
      description:
        'Which part of the requests was as the objective wants it, in the time chosen above. Where nobody asked, nothing failed.',
      unit: 'percentunit',
      decimals: 3,
      width: 5,
      show: OF_BOTH((slo) => `1 - ${missed(slo, WHOLE_TIME)}`),
    }),
    stat({
      title: 'Budget left in the chosen time',
      description:
        'What is left of the requests that may miss the objective, if the chosen time were all there is. Below 0 %: this time alone did not meet it.',
      unit: 'percentunit',
      decimals: 0,
      width: 5,
      show: OF_BOTH((slo) => budgetLeft(slo, WHOLE_TIME)),
      levels: BUDGET_LEVELS,
    }),
    stat({
      title: 'Budget left of 30 days',
      description:
        'The same over the last 30 days, or as far back as Prometheus remembers. While much is left, changes are welcome; when little is, mend before you change.',
      unit: 'percentunit',
      decimals: 0,
      width: 5,
      show: OF_BOTH((slo) => budgetLeft(slo, '30d')),
      levels: BUDGET_LEVELS,
    }),
    stat({
      title: 'Alerts',
      description:
        'How many ask for somebody at once, and how many for a look today. The list is below; the runbook says what to do.',
      unit: 'short',
      width: 5,
      show: {
        'at once': orZero('count(ALERTS{alertstate="firing",severity="page"})'),
        today: orZero('count(ALERTS{alertstate="firing",severity!~"page|"})'),
      },
      levels: noneOr(LOOK),
    }),
  ],
};

function howFast(slo: Slo, description: string) {
  return series({
    title: `How fast: ${slo}`,
    description,
    unit: 'short',
    width: 12,
    show: {
      '5 minutes': pace(slo, '5m'),
      '1 hour': pace(slo, '1h'),
      '6 hours': pace(slo, '6h'),
      '3 days': pace(slo, '3d'),
    },
    levels: [
      [null, PLAIN],
      [1, LOOK],
      [14.4, BAD],
    ],
  });
}

const used: Row = {
  title: 'How fast is the budget used?',
  height: 8,
  panels: [
    howFast(
      'answers',
      'How many times faster than the objective allows requests fail. Below 1 is well; 14.4 over an hour or 6 over six hours calls somebody, 1 over three days asks for a look.',
    ),
    howFast(
      'holds',
      'How many times faster than the objective allows holds take longer than 250 ms. The same limits, of the budget of holds.',
    ),
  ],
};

const by: Row = {
  title: 'What uses it?',
  height: 8,
  panels: [
    series({
      title: 'Requests',
      description:
        'Requests of buyers and payment providers each second, and those for a hold among them. What happens in a crowd weighs more than in a quiet hour.',
      unit: 'reqps',
      width: 6,
      show: { all: OBJECTIVES.answers.all, holds: OBJECTIVES.holds.all },
      colours: { all: SOLD, holds: GOOD },
      next: 'flashsale-api',
    }),
    series({
      title: 'What fails',
      description:
        'Which part of the requests of a minute got a 5xx or was turned away, and which part may. The board of the API tells the route.',
      unit: 'percentunit',
      width: 6,
      show: { fails: `${RATIOS.answers}1m`, 'may fail': mayMiss('answers') },
      colours: { fails: BAD, 'may fail': PLAIN },
      next: 'flashsale-api',
    }),
    series({
      title: 'What is slow',
      description:
        'Which part of the holds of a minute took longer than 250 ms, and which part may. The last row of the board for operators tells what limits them.',
      unit: 'percentunit',
      width: 6,
      show: { 'is slow': `${RATIOS.holds}1m`, 'may be slow': mayMiss('holds') },
      colours: { 'is slow': LOOK, 'may be slow': PLAIN },
      next: 'flashsale-operator',
    }),
    series({
      title: 'How long a hold takes',
      description:
        'All but one in a hundred requests for a hold are answered within this, with the objective as a line. There is nothing to draw while nobody asks.',
      unit: 's',
      width: 6,
      show: { p99: 'flashsale:hold_p99_seconds:1m' },
      colours: { p99: 'purple' },
      levels: [
        [null, PLAIN],
        [0.25, LOOK],
      ],
      next: 'flashsale-operator',
    }),
  ],
};

const both = (window: string) => `${pace('answers', window)} or ${pace('holds', window)}`;

const lists: Row = {
  title: 'In figures',
  height: 8,
  panels: [
    table({
      title: 'How fast, by window',
      description:
        'How many times faster than allowed each budget is used, over each window that an alert looks at. Long windows tell how bad it was, short ones whether it goes on.',
      unit: 'short',
      decimals: 2,
      width: 10,
      show: {
        '5 minutes': both('5m'),
        '30 minutes': both('30m'),
        '1 hour': both('1h'),
        '6 hours': both('6h'),
        '3 days': both('3d'),
      },
    }),
    table({
      title: 'Alerts that fire',
      description:
        'Each with how urgent it is, and what it is about. FlashSaleWatchdog is always among them: it shows that alerts work.',
      unit: 'short',
      width: 14,
      show: {
        firing: 'max by (severity, alertname, sale, store, job, instance) (ALERTS{alertstate="firing"})',
      },
    }),
  ],
};

export const slo = board({
  uid: 'flashsale-slo',
  description:
    'What buyers are promised of answers and of holds, how much of the error budget is left, and what uses it.',
  variables: [],
  since: 'now-6h',
  refresh: '30s',
  rows: [met, used, by, lists],
});
