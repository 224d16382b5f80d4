/** Board B: rate, errors and duration of every route, and the processes that answer. */

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Row } from './board.ts';
import { BAD, GOOD, LOOK, SOLD } from './palette.ts';
import { NO_FIGURE, series, stacked, stat, table } from './panels.ts';
import { orZero, OUR_JOBS, perSecond, quantile, share, WHOLE_TIME } from './queries.ts';

type Listener = 'public' | 'ops';

const ROUTE = '{{method}} {{route}}';

/** @param more labels besides those that every panel of the board is chosen by */
function labels(listener: Listener, more = ''): string {
  return `{listener="${listener}",instance=~"$instance"${more && `,${more}`}}`;
}

const requests = (listener: Listener, more = '') =>
  `http_request_duration_seconds_count${labels(listener, more)}`;
const durations = (listener: Listener) => `http_request_duration_seconds_bucket${labels(listener)}`;
const turnedAway = (listener: Listener, status: string) =>
  `http_requests_turned_away_total${labels(listener, `status="${status}"`)}`;

/** What clients of Prometheus tell of themselves, of our processes. */
const OURS = `{${OUR_JOBS},instance=~"$instance"}`;

const ALL = orZero(perSecond(requests('public')));
const REFUSED = orZero(perSecond(requests('public', 'status="409"')));
const TURNED_AWAY = perSecond(turnedAway('public', '503'));
const ERRORS = `${orZero(perSecond(requests('public', 'status=~"5.."')))} + ${TURNED_AWAY}`;

const now: Row = {
  title: 'Buyers and payment providers, now',
  height: 4,
  panels: [
    stat({
      title: 'Processes',
      description:
        'API and worker processes that Prometheus reaches. Fewer than you started: look at the logs of the one that is missing. Restarts are those of the chosen time.',
      unit: 'short',
      width: 3,
      show: {
        running: 'count(flashsale_build_info{instance=~"$instance"})',
        restarts: `sum(changes(process_start_time_seconds${OURS}[$__range]))`,
      },
      absent: { text: 'NONE', colour: BAD },
    }),
    stat({
      title: 'Requests',
      description:
        'Requests of buyers and payment providers that are answered each second, over all chosen processes.',
      unit: 'reqps',
      width: 4,
      show: { requests: ALL },
    }),
    stat({
      title: 'Errors',
      description:
        'Which part of them got a 5xx or was turned away. 0 is normal; the graph of errors below tells the route, and the log of the process the reason.',
      unit: 'percentunit',
      decimals: 2,
      width: 4,
      show: { errors: share(ERRORS, `${ALL} + ${TURNED_AWAY}`) },
      levels: [
        [null, GOOD],
        [0.0001, BAD],
      ],
      words: [{ from: 0, text: 'NONE', colour: GOOD }],
      next: 'flashsale-slo',
    }),
    stat({
      title: 'Refused',
      description:
        'Which part was told no with a 409: sold out, paused, at their limit. High when a sale is sold out, and right so.',
      unit: 'percentunit',
      decimals: 1,
      width: 4,
      show: { refused: share(REFUSED, ALL) },
    }),
    stat({
      title: 'Turned away',
      description:
        'Requests a second that were answered 503 before they were looked at, because too many were waiting. 0 is normal; else add replicas.',
      unit: 'reqps',
      width: 3,
      show: { 'turned away': TURNED_AWAY },
      levels: [
        [null, GOOD],
        [0.001, BAD],
      ],
      words: [{ from: 0, text: 'NONE', colour: GOOD }],
    }),
    stat({
      title: 'Not answered yet',
      description:
        'Requests that wait for their answer, and open streams of stock. When it only rises, something hangs.',
      unit: 'short',
      width: 3,
      show: { waiting: `sum(http_requests_in_flight${labels('public')})` },
    }),
    stat({
      title: '99 % within',
      description:
        'How long buyers and payment providers wait at most, but for one in a hundred, over all routes.',
      unit: 's',
      width: 3,
      show: { p99: quantile(0.99, durations('public')) },
      absent: NO_FIGURE,
    }),
  ],
};

const EACH = 'method, route';

/** Rate, errors and duration of each route, of those that were asked since the process started. */
function rateErrorsDuration(listener: Listener): Panel[] {
  const asked = perSecond(requests(listener), EACH);
  return [
    series({
      title: 'Requests',
      description:
        'How often each route is asked each second. Routes that nobody asked since the start are not there yet.',
      unit: 'reqps',
      width: 8,
      show: { [ROUTE]: asked },
    }),
    series({
      title: 'Errors',
      description:
        'How often each route answers with a 5xx each second. 0 is normal. When all rise at once a store is away; when one does, its log line has the reason.',
      unit: 'reqps',
      width: 8,
      show: { [ROUTE]: `${perSecond(requests(listener, 'status=~"5.."'), EACH)} or 0 * ${asked}` },
      next: 'flashsale-stores',
    }),
    series({
      title: '99 % within',
      description:
        'How long each route takes, but for one request in a hundred. When all rise together, look at the processes below; else at the store that the route needs.',
      unit: 's',
      width: 8,
      show: { [ROUTE]: quantile(0.99, durations(listener), EACH) },
      next: 'flashsale-stores',
    }),
  ];
}

const wholeTime: Row = {
  title: 'Buyers and payment providers, in the chosen time',
  height: 9,
  panels: [
    table({
      title: 'Every route',
      description:
        'Each route over the whole chosen time. Sort by a column to find the slowest one, or the one with errors.',
      unit: 'reqps',
      decimals: 2,
      width: 15,
      show: {
        Requests: perSecond(requests('public'), EACH, WHOLE_TIME),
        Errors: `${perSecond(requests('public', 'status=~"5.."'), EACH, WHOLE_TIME)} or 0 * ${perSecond(requests('public'), EACH, WHOLE_TIME)}`,
        'Half within': quantile(0.5, durations('public'), EACH, WHOLE_TIME),
        '99 % within': quantile(0.99, durations('public'), EACH, WHOLE_TIME),
      },
      units: { 'Half within': 's', '99 % within': 's' },
    }),
    stacked({
      title: 'Answers, by status',
      description:
        'What buyers and payment providers were answered. 409 is sold out or a limit, 429 too fast, 404 a wrong id; only 5xx is a fault of ours.',
      unit: 'reqps',
      width: 9,
      show: { '{{status}}': perSecond(requests('public'), 'status') },
      colours: { 200: GOOD, 201: 'light-green', 409: SOLD, 500: BAD, 503: BAD },
    }),
  ],
};

const operators: Row = {
  title: 'Operators and monitoring, by route',
  height: 7,
  panels: [
    ...rateErrorsDuration('ops'),
    series({
      title: 'Turned away',
      description:
        'Requests of operators without a valid token (401), and when too many were waiting (503). Many 401 mean a wrong token in a script, or somebody who tries.',
      unit: 'reqps',
      width: 12,
      show: {
        '{{status}}': perSecond(`http_requests_turned_away_total${labels('ops')}`, 'status'),
      },
      colours: { 401: LOOK, 503: BAD },
    }),
    series({
      title: 'Streams of events',
      description:
        'Streams that operators have open, and how many a second were ended because their reader was too slow. Ended ones connect again by themselves.',
      unit: 'short',
      width: 12,
      show: {
        open: 'sum(flashsale_event_consumers{instance=~"$instance"})',
        'ended a second': perSecond('flashsale_event_consumers_dropped_total{instance=~"$instance"}'),
      },
      colours: { open: GOOD, 'ended a second': LOOK },
    }),
  ],
};

const processes: Row = {
  title: 'Processes',
  height: 7,
  panels: [
    series({
      title: 'CPU',
      description: 'Of one core. A process can use little more than one: near 100 % add a replica.',
      unit: 'percentunit',
      width: 6,
      show: { '{{instance}}': `rate(process_cpu_seconds_total${OURS}[$__rate_interval])` },
    }),
    series({
      title: 'Event loop: 99 % within',
      description:
        'How late a timer was, which is what every request of the process waits at least. Some milliseconds; above 0.1 s the process has too much to do.',
      unit: 's',
      width: 6,
      show: {
        '{{instance}}': quantile(
          0.99,
          'flashsale_event_loop_delay_seconds_bucket{instance=~"$instance"}',
          'instance',
        ),
      },
    }),
    series({
      title: 'Memory',
      description:
        'Memory of each process that is in RAM. It grows with a crowd and stays; when it grows for hours, restart the process and report it.',
      unit: 'bytes',
      width: 6,
      show: { '{{instance}}': `process_resident_memory_bytes${OURS}` },
    }),
    series({
      title: 'Open files and sockets',
      description:
        'Which part of what the system allows is open. Each waiting buyer is a socket: above 80 % raise the limit (ulimit -n).',
      unit: 'percentunit',
      max: 1,
      width: 6,
      show: { '{{instance}}': `process_open_fds${OURS} / process_max_fds${OURS}` },
    }),
  ],
};

export const api = board({
  uid: 'flashsale-api',
  description: 'Rate, errors and duration of every route, and the processes that answer.',
  variables: ['instance'],
  since: 'now-15m',
  refresh: '5s',
  rows: [
    now,
    { title: 'Buyers and payment providers, by route', height: 8, panels: rateErrorsDuration('public') },
    wholeTime,
    operators,
    processes,
  ],
});
