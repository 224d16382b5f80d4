/** What everybody waits for when it gets slow. */

import type { Row } from '../board.ts';
import { GOOD, LOOK } from '../palette.ts';
import { series } from '../panels.ts';
import { OUR_JOBS, quantile } from '../queries.ts';

const SCRIPTS =
  'flashsale_redis_script_duration_seconds_bucket{script=~"place_holds|pin_hold|settle_holds|reap_holds"}';

export const limits: Row = {
  title: 'What limits it',
  height: 5,
  panels: [
    series({
      title: 'Redis: 99 % of scripts within',
      description:
        'From a script being sent until its reply was read. Some milliseconds under load; more means that Redis, or the event loop beside it, is full.',
      unit: 's',
      width: 5,
      show: { '{{script}}': quantile(0.99, SCRIPTS, 'script') },
      next: 'flashsale-stores',
    }),
    series({
      title: 'SQL: 99 % within',
      description:
        'How long SQL took, retries included; connection is the wait for a free one. Orders of one sale go one after the other, so transactions grow first.',
      unit: 's',
      width: 5,
      show: {
        '{{op}}': quantile(
          0.99,
          'flashsale_db_duration_seconds_bucket{op=~"connection|statement|transaction"}',
          'op',
        ),
      },
      next: 'flashsale-stores',
    }),
    series({
      title: 'Connections to SQL',
      description:
        'Those in use, and work that waits for one, over all processes. Waiting for longer than a wave means that SQL is the limit.',
      unit: 'short',
      width: 4,
      show: { '{{state}}': 'sum by (state) (flashsale_db_connections)' },
      colours: { in_use: GOOD, waiting: LOOK },
      next: 'flashsale-stores',
    }),
    series({
      title: 'Event loop: 99 % within',
      description:
        'How late a timer of a process was, which is what each of its requests waits at least. Above 0.1 s a process has too much to do: add a replica.',
      unit: 's',
      width: 4,
      show: { '{{instance}}': quantile(0.99, 'flashsale_event_loop_delay_seconds_bucket', 'instance') },
      next: 'flashsale-api',
    }),
    series({
      title: 'CPU',
      description:
        'Of one core, for each process; a process can use little more than one. At 100 % add a replica.',
      unit: 'percentunit',
      width: 3,
      show: { '{{instance}}': `rate(process_cpu_seconds_total{${OUR_JOBS}}[$__rate_interval])` },
      next: 'flashsale-api',
    }),
    series({
      title: 'Workers',
      description:
        'How long ago a worker last looked for orders to expire, and how late 99 % of overdue holds were ended. Some seconds at most; when it rises, no worker runs, or it cannot keep up.',
      unit: 's',
      width: 3,
      show: {
        'last looked': 'max(flashsale_workers_quiet_seconds)',
        'holds late': quantile(0.99, 'flashsale_expiry_lag_seconds_bucket'),
      },
      next: 'flashsale-stores',
    }),
  ],
};
