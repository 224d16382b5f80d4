/** What lies between the stores: what each says of the other, and what workers carry over. */

import type { Row } from '../board.ts';
import { PERCENTILES } from '../palette.ts';
import { series } from '../panels.ts';
import { quantile } from '../queries.ts';
import { INSTANCE } from './scraped.ts';

export const between: Row = {
  title: 'Between the two',
  height: 7,
  panels: [
    series({
      title: 'Drift',
      description:
        'Units that do not add up between Redis and SQL, of each sale. Always 0; a drift pauses the sale, and the runbook says what to do.',
      unit: 'short',
      width: 6,
      show: { 'sale {{sale}}': 'max by (sale) (abs(flashsale_stock_drift_units))' },
    }),
    series({
      title: 'Sales rebuilt in Redis',
      description:
        'How often a sale was rebuilt from SQL and armed since the processes started. One step for each launch, and for each sale when Redis came back; step upon step means that something empties Redis.',
      unit: 'short',
      width: 6,
      show: { rebuilt: `sum(flashsale_rebuilds_total{${INSTANCE}})` },
    }),
    series({
      title: 'Workers: last turn',
      description:
        'How long ago each worker last ended a turn well, in any process. Seconds; a worker that grows older and older fails: look for its name in the logs.',
      unit: 's',
      width: 6,
      show: { '{{worker}}': 'time() - max by (worker) (flashsale_worker_turn_timestamp_seconds)' },
    }),
    series({
      title: 'Holds ended late',
      description:
        'How late a worker ended the oldest overdue hold of a turn. Buyers see deadlines exactly; above some seconds units come back late to others.',
      unit: 's',
      width: 6,
      show: {
        p50: quantile(0.5, `flashsale_expiry_lag_seconds_bucket{${INSTANCE}}`),
        p99: quantile(0.99, `flashsale_expiry_lag_seconds_bucket{${INSTANCE}}`),
      },
      colours: PERCENTILES,
    }),
  ],
};
