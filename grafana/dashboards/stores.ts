/** Board C: Redis and SQL, as our processes see them and as they see themselves. */

import { board, type Row } from './board.ts';
import { BAD, GOOD, LOOK, PERCENTILES, SOLD, UNDER_WAY } from './palette.ts';
import { noneOr, NOT_KNOWN, series, stacked, stat } from './panels.ts';
import { perSecond, quantile, share } from './queries.ts';

const INSTANCE = 'instance=~"$instance"';
const SCRIPTS = 'flashsale_redis_script_duration_seconds';
const SQL = 'flashsale_db_duration_seconds';
/** Of Redis: there is one, or every node of a cluster. */
const NODE = '{{instance}}';
/** How often Prometheus asks the exporters. */
const EXPORTERS = '10s';

const DOWN_OR_UP = [
  { from: 0, text: 'DOWN', colour: BAD },
  { from: 1, text: 'UP', colour: GOOD },
];

const well: Row = {
  title: 'Are they well?',
  height: 4,
  panels: [
    stat({
      title: 'Do they answer?',
      description:
        'Whether each store answers every process of ours. DOWN: buyers are told to come again, nothing is lost; start the store, and the sale is armed by itself.',
      unit: 'short',
      width: 5,
      show: { '{{store}}': `min by (store) (flashsale_store_up{${INSTANCE}})` },
      words: DOWN_OR_UP,
      absent: NOT_KNOWN,
    }),
    stat({
      title: 'Do their exporters?',
      description:
        'Whether the exporters reach their stores, for the second half of this board. DOWN while the store answers our processes: look at the password of the exporter.',
      unit: 'short',
      width: 5,
      show: { redis: 'min(redis_up)', sql: 'min(mysql_up)' },
      words: DOWN_OR_UP,
      absent: { text: 'NO EXPORTER', colour: LOOK },
    }),
    stat({
      title: 'Redis writes its log',
      description:
        'Whether the last write to the append-only file went well. FAILED: the disk is full or broken, and a crash now would lose holds; make room at once.',
      unit: 'short',
      width: 4,
      show: { 'last write': 'min(redis_aof_last_write_status)' },
      words: [
        { from: 0, text: 'FAILED', colour: BAD },
        { from: 1, text: 'YES', colour: GOOD },
      ],
      absent: { text: 'NO EXPORTER', colour: LOOK },
    }),
    stat({
      title: 'Keys evicted',
      description:
        'Keys that Redis threw away for lack of memory since it started. Always 0: an evicted key is a lost hold. Set maxmemory-policy to noeviction.',
      unit: 'short',
      width: 3,
      show: { evicted: 'sum(redis_evicted_keys_total)' },
      levels: noneOr(BAD),
      absent: { text: 'NO EXPORTER', colour: LOOK },
    }),
    stat({
      title: 'Clocks apart',
      description:
        "How far Redis' clock and SQL's are apart. Milliseconds are normal; beyond 5 s no sale is armed: mend the clocks (NTP).",
      unit: 's',
      width: 3,
      show: { skew: 'max(abs(flashsale_clock_skew_seconds))' },
      levels: [
        [null, GOOD],
        [1, LOOK],
        [5, BAD],
      ],
      absent: NOT_KNOWN,
    }),
    stat({
      title: 'Holds lost',
      description:
        'Buyers told that their hold was lost with data of Redis, and holds that SQL refused to turn into orders after that, since the processes started. 0 unless Redis lost data; nothing is oversold by it.',
      unit: 'short',
      width: 4,
      show: {
        lost: 'sum(flashsale_holds_lost_total)',
        'refused by SQL': 'sum(flashsale_sql_gate_refusals_total)',
      },
      levels: noneOr(LOOK),
    }),
  ],
};

const redisSeen: Row = {
  title: 'Redis, as our processes see it',
  height: 7,
  panels: [
    series({
      title: 'Scripts: half within',
      description:
        'From a script being sent until its reply was read, by script. Below a millisecond on one machine; when all rise together, Redis or the network is slow.',
      unit: 's',
      width: 6,
      show: { '{{script}}': quantile(0.5, `${SCRIPTS}_bucket{${INSTANCE}}`, 'script') },
    }),
    series({
      title: 'Scripts: 99 % within',
      description:
        'The same, but for one call in a hundred. Compare with the time inside Redis, below: the rest is waiting, in the event loop or on the way.',
      unit: 's',
      width: 6,
      show: { '{{script}}': quantile(0.99, `${SCRIPTS}_bucket{${INSTANCE}}`, 'script') },
    }),
    stacked({
      title: 'Scripts a second',
      description:
        'How often each script is called. Many requests for a hold go as one call of place_holds, so that this grows slower than the crowd.',
      unit: 'ops',
      width: 6,
      show: { '{{script}}': perSecond(`${SCRIPTS}_count{${INSTANCE}}`, 'script') },
    }),
    series({
      title: 'Requests for a hold in one call',
      description:
        'How many requests went to Redis together, on average and at most but for one call in a hundred. One is normal without a crowd; it grows when it has to.',
      unit: 'short',
      width: 6,
      show: {
        average: share(
          perSecond(`flashsale_batch_size_sum{${INSTANCE}}`),
          perSecond(`flashsale_batch_size_count{${INSTANCE}}`),
        ),
        p99: quantile(0.99, `flashsale_batch_size_bucket{${INSTANCE}}`),
      },
      colours: PERCENTILES,
    }),
  ],
};

const redisItself: Row = {
  title: 'Redis itself',
  height: 7,
  panels: [
    series({
      title: 'Scripts: time inside Redis',
      description:
        'How long EVALSHA took inside Redis since it started: half and 99 % of the calls within; of a cluster, in its slowest node. A node does one thing at a time: a slow script is felt by all its sales.',
      unit: 'µs',
      width: 6,
      scraped: EXPORTERS,
      show: {
        p50: evalsha(50),
        p99: evalsha(99),
      },
      colours: PERCENTILES,
    }),
    series({
      title: 'CPU',
      description:
        'Of one core for each node, which is all that it uses for commands. Near 100 % it is the limit of all sales that are there.',
      unit: 'percentunit',
      width: 4,
      scraped: EXPORTERS,
      show: {
        [NODE]: `${perSecond('redis_cpu_user_seconds_total', 'instance')} + ${perSecond('redis_cpu_sys_seconds_total', 'instance')}`,
      },
    }),
    series({
      title: 'Commands a second',
      description:
        'Commands that each node carried out, those inside of scripts among them. Of a cluster: a replica carries out what its master wrote.',
      unit: 'ops',
      width: 4,
      scraped: EXPORTERS,
      show: { [NODE]: perSecond('redis_commands_processed_total', 'instance') },
    }),
    series({
      title: 'Memory',
      description:
        'What each node uses, and the most that one may use; 0 is no limit. Near the limit holds are refused, as nothing is evicted: give it more.',
      unit: 'bytes',
      width: 5,
      scraped: EXPORTERS,
      show: { [NODE]: 'max by (instance) (redis_memory_used_bytes)', limit: 'min(redis_memory_max_bytes)' },
      colours: { limit: LOOK },
    }),
    series({
      title: 'Append-only file',
      description:
        'The size of the log of what each node wrote. It grows until it is written anew, and then falls.',
      unit: 'bytes',
      width: 5,
      scraped: EXPORTERS,
      show: { [NODE]: 'max by (instance) (redis_aof_current_size_bytes)' },
    }),
  ],
};

const sqlSeen: Row = {
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

const sqlItself: Row = {
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
      // The server counts milliseconds.
      scraped: EXPORTERS,
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

const between: Row = {
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

/** Prometheus 3 writes the label as 50.0, Prometheus 2 leaves it as the exporter tells it: 50. */
function evalsha(percentile: number): string {
  return `max(redis_latency_percentiles_usec{cmd="evalsha",quantile=~"${percentile}|${percentile}.0"})`;
}

export const stores = board({
  uid: 'flashsale-stores',
  description:
    'Redis and SQL: as our processes see them, as they see themselves, and what lies between them.',
  variables: ['instance'],
  since: 'now-15m',
  refresh: '10s',
  rows: [well, redisSeen, redisItself, sqlSeen, sqlItself, between],
});
