/** SQL, from both sides. */

import type { Row } from '../board.ts';
import { GOOD, LOOK, SOLD, UNDER_WAY } from '../palette.ts';
import { series, stacked } from '../panels.ts';
import { perSecond, quantile, share } from '../queries.ts';
import { EXPORTERS, INSTANCE } from './scraped.ts';

const SQL = 'flashsale_db_duration_seconds';

export const sqlSeen: Row = {
  title: 'SQL, as our processes see it',
  height: 7,
  panels: [
    series({
      title: 'SQL: half within',
      description:
        'How long statements and transactions took, retries included. Some milliseconds; it is the disk that an order waits for.',
      unit: 's',
      width: 6,
      show: { '{{op}}': quantile(0.5, `${SQL}_bucket{${INSTANCE}}`, 'op') },
    }),
    series({
      title: 'SQL: 99 % within',
      description:
        'The same, but for one in a hundred. Transactions of one sale wait for each other; when statements rise too, the server or its disk is slow.',
      unit: 's',
      width: 6,
      show: { '{{op}}': quantile(0.99, `${SQL}_bucket{${INSTANCE}}`, 'op') },
    }),
    stacked({
      title: 'Operations a second',
      description:
        'What is sent to SQL, by kind. Only orders, payments and workers need it; requests for a hold do not.',
      unit: 'ops',
      width: 6,
      show: { '{{op}}': perSecond(`${SQL}_count{${INSTANCE},op!="connection"}`, 'op') },
    }),
    series({
      title: 'Connections',
      description:
        'Connections in use, and work that waits for one. Each process has 24: when work keeps waiting, SQL is the limit, and more connections would not help.',
      unit: 'short',
      width: 6,
      show: { '{{state}}': `sum by (state) (flashsale_db_connections{${INSTANCE}})` },
      colours: { in_use: GOOD, waiting: LOOK },
    }),
  ],
};

export const sqlItself: Row = {
  title: 'SQL itself',
  height: 7,
  panels: [
    series({
      title: 'Threads',
      description:
        'Connections that are open, and those that do something now. Running ones beyond the number of cores wait for each other.',
      unit: 'short',
      width: 4,
      scraped: EXPORTERS,
      show: {
        connected: 'sum(mysql_global_status_threads_connected)',
        running: 'sum(mysql_global_status_threads_running)',
      },
      colours: { connected: SOLD, running: GOOD },
    }),
    series({
      title: 'Connections in use',
      description:
        'Of those that the server allows (max_connections). Each process of ours keeps up to 24: near 100 % a new replica gets none.',
      unit: 'percentunit',
      max: 1,
      width: 5,
      scraped: EXPORTERS,
      show: {
        used: 'sum(mysql_global_status_threads_connected) / sum(mysql_global_variables_max_connections)',
      },
    }),
    series({
      title: 'Queries a second',
      description:
        'What the server carries out, and how many of it were slow by its own measure. Slow ones are rare; the slow log tells which.',
      unit: 'ops',
      width: 5,
      scraped: EXPORTERS,
      show: {
        queries: perSecond('mysql_global_status_queries'),
        slow: perSecond('mysql_global_status_slow_queries'),
      },
      colours: { queries: GOOD, slow: LOOK },
    }),
    series({
      title: 'Waiting for rows',
      description:
        'How many connections waited for a row at a time, on average. Orders of one sale change one row, so it rises in a rush; it must fall back after it.',
      unit: 'short',
      width: 5,
      scraped: EXPORTERS,
      // The server counts milliseconds.
      show: { waiting: `${perSecond('mysql_global_status_innodb_row_lock_time')} / 1000` },
      colours: { waiting: UNDER_WAY },
    }),
    series({
      title: 'Reads that need the disk',
      description:
        'Which part of the reads of pages did not find them in memory. Near 0 once warm; else the buffer pool is too small.',
      unit: 'percentunit',
      width: 5,
      scraped: EXPORTERS,
      show: {
        'from disk': share(
          perSecond('mysql_global_status_innodb_buffer_pool_reads'),
          perSecond('mysql_global_status_innodb_buffer_pool_read_requests'),
        ),
      },
    }),
  ],
};
