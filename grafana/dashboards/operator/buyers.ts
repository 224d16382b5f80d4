/** What buyers see. */

import type { Row } from '../board.ts';
import { BAD, GOOD, LOOK, PERCENTILES, PLAIN, SOLD } from '../palette.ts';
import { heatmap, series } from '../panels.ts';
import { orZero, perSecond, quantile, share } from '../queries.ts';

const PUBLIC = 'listener="public"';

const HOLDS = `http_request_duration_seconds_bucket{${PUBLIC},method="POST",route="/api/holds"}`;

const TURNED_AWAY = perSecond(`http_requests_turned_away_total{${PUBLIC},status="503"}`);

const ERRORS = `${answers('5..')} + ${TURNED_AWAY}`;

export const buyers: Row = {
  title: 'Buyers',
  height: 5,
  panels: [
    series({
      title: 'Answers',
      description:
        'Requests of buyers and payment providers by how they were answered. Refusals rise when units are few, and are the product working; errors are ours, and stay at 0.',
      unit: 'reqps',
      width: 6,
      legend: 'right',
      show: {
        done: answers('2..'),
        'refused (409)': answers('409'),
        'too fast (429)': answers('429'),
        'not valid (4xx)': answers('4..', '409|429'),
        'errors (5xx)': ERRORS,
      },
      colours: { done: GOOD, 'refused (409)': SOLD, 'errors (5xx)': BAD },
      next: 'flashsale-api',
    }),
    series({
      title: 'How long a hold takes',
      description:
        'Time until a buyer is answered, for half, 95 % and 99 % of the requests for a hold. The dashed line is what the SLO allows; above it, look which part of the last row rises too.',
      unit: 's',
      width: 6,
      show: { p50: quantile(0.5, HOLDS), p95: quantile(0.95, HOLDS), p99: quantile(0.99, HOLDS) },
      levels: [
        [null, PLAIN],
        [0.25, LOOK],
      ],
      colours: PERCENTILES,
      next: 'flashsale-api',
    }),
    heatmap({
      title: 'Holds by how long they took',
      description:
        'Each column is a moment, each cell how many requests for a hold took that long. Two bands mean that a part of the buyers waits for something.',
      unit: 's',
      width: 5,
      show: { '{{le}}': perSecond(HOLDS, 'le') },
      next: 'flashsale-api',
    }),
    series({
      title: 'Errors',
      description:
        'Which part of all public requests got a 5xx, or was turned away because there were too many. 0 is normal; else look at errors by route.',
      unit: 'percentunit',
      width: 3,
      show: {
        errors: share(ERRORS, `${answers('...')} + ${TURNED_AWAY}`),
      },
      colours: { errors: BAD },
      next: 'flashsale-slo',
    }),
    series({
      title: 'Not answered yet',
      description:
        'Requests that wait for their answer, open streams of stock among them, and streams of events that operators watch. It falls back after each wave; when it only rises, something hangs.',
      unit: 'short',
      width: 4,
      show: {
        requests: `sum(http_requests_in_flight{${PUBLIC}})`,
        'operator streams': 'sum(flashsale_event_consumers)',
      },
      next: 'flashsale-api',
    }),
  ],
};

/** @param status which ones @param but and which of them not; both as regular expressions */
function answers(status: string, but = ''): string {
  const selected = `${PUBLIC},status=~"${status}"${but && `,status!~"${but}"`}`;
  return orZero(perSecond(`http_request_duration_seconds_count{${selected}}`));
}
