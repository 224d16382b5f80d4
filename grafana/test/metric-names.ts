/** Which metrics there are, and which ones a query is about: a name that nobody tells is an empty panel, or a silent alert. */

import { createMetrics } from '@flash-sale/api/metrics.ts';
import { HOLD_DECISIONS } from '@flash-sale/api/redis/placement-scripts.ts';

/** Of the exporters, those that our boards and rules use: both Debian's versions and those of docker-compose.yml tell them. */
const OF_EXPORTERS = [
  'mysql_global_status_innodb_buffer_pool_read_requests',
  'mysql_global_status_innodb_buffer_pool_reads',
  'mysql_global_status_innodb_row_lock_time',
  'mysql_global_status_queries',
  'mysql_global_status_slow_queries',
  'mysql_global_status_threads_connected',
  'mysql_global_status_threads_running',
  'mysql_global_variables_max_connections',
  'mysql_up',
  'redis_aof_current_size_bytes',
  'redis_aof_last_write_status',
  'redis_cluster_slots_ok',
  'redis_cluster_state',
  'redis_commands_processed_total',
  'redis_cpu_sys_seconds_total',
  'redis_cpu_user_seconds_total',
  'redis_evicted_keys_total',
  'redis_latency_percentiles_usec',
  'redis_memory_max_bytes',
  'redis_memory_used_bytes',
  'redis_up',
];

/** The proxy's own. */
const OF_HAPROXY = ['haproxy_backend_active_servers'];

/** Prometheus' own. */
const OF_PROMETHEUS = ['ALERTS', 'prometheus_rule_evaluation_failures_total', 'up'];

/** What is not a metric although it looks like one. */
const WORDS = new Set(
  'and or unless by without on ignoring group_left group_right bool offset atan2 inf nan'.split(' '),
);

/** Every metric that a board or a rule may name. */
export async function knownMetrics(): Promise<Set<string>> {
  return new Set([
    ...(await ofTheApi()),
    ...(await recorded()),
    ...OF_EXPORTERS,
    ...OF_HAPROXY,
    ...OF_PROMETHEUS,
  ]);
}

async function ofTheApi(): Promise<string[]> {
  const metrics = createMetrics(HOLD_DECISIONS);
  metrics.endProcessMetrics();
  const types = (await metrics.text()).matchAll(/^# TYPE (\w+) (\w+)$/gm);
  return [...types].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
}

async function recorded(): Promise<string[]> {
  const rules = await Bun.file(new URL('../rules/recording.yml', import.meta.url)).text();
  return [...rules.matchAll(/^\s*- record: (\S+)$/gm)].map(([, name = '']) => name);
}

/** @param query PromQL, or `label_values(...)` of a variable; Grafana's variables may still be in it */
export function metricsIn(query: string): string[] {
  const bare = query
    .replaceAll(/#.*$/gm, '')
    .replaceAll(/"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/g, '""')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/gi, '')
    .replaceAll(/\$\w+/g, '')
    .replace(/\blabel_values\((.*),[^,]*\)/, '$1');
  const names = bare.matchAll(/(?<![\w:.])[a-zA-Z_:][\w:]*(?!\w|:|\s*\()/g);
  return [...new Set([...names].map(([name]) => name))].filter((name) => !WORDS.has(name.toLowerCase()));
}
