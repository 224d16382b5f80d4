/** Redis, from both sides. */

import type { Row } from '../board.ts';
import { LOOK, PERCENTILES } from '../palette.ts';
import { series, stacked } from '../panels.ts';
import { perSecond, quantile, share } from '../queries.ts';
import { EXPORTERS, INSTANCE } from './scraped.ts';

const SCRIPTS = 'flashsale_redis_script_duration_seconds';
/** Of Redis: there is one, or every node of a cluster. */
const NODE = '{{instance}}';

export const redisSeen: Row = {
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

export const redisItself: Row = {
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

/** Prometheus 3 writes the label as 50.0, Prometheus 2 leaves it as the exporter tells it: 50. */
function evalsha(percentile: number): string {
  return `max(redis_latency_percentiles_usec{cmd="evalsha",quantile=~"${percentile}|${percentile}.0"})`;
}
