/** A real Prometheus that runs the repository's own configuration; only the addresses in it are others. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installed } from '@flash-sale/api/test/installed.ts';
import { startProgram } from './program.ts';

/** Of every job of grafana/prometheus.yml but the one of Prometheus itself. */
export type Targets = Readonly<Record<string, readonly string[]>>;

/** Where the exporter is that asks the targets of the job `redis`. */
const REDIS_EXPORTER = 'redis-exporter:9121';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds and value. What is no number is left out. */
  readonly points: readonly (readonly [number, number])[];
}

export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
  readonly stepS: number;
}

export interface Rule {
  readonly type: 'alerting' | 'recording';
  readonly name: string;
  readonly query: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly state?: 'firing' | 'pending' | 'inactive';
}

export type Prometheus = Awaited<ReturnType<typeof startPrometheus>>;

const GRAFANA = join(import.meta.dir, '..');

/**
 * @param redisExporter host and port
 * @throws when a job of the configuration has no target here, or a target has no job
 */
export async function startPrometheus(targets: Targets, redisExporter: string) {
  const program = await installed('prometheus', 'prometheus');
  const { address, stop } = await startProgram({
    name: 'prometheus',
    command: (itself, folder) => {
      const config = configFor({ ...targets, prometheus: [itself] }, redisExporter);
      writeFileSync(join(folder, 'prometheus.yml'), Bun.YAML.stringify(config));
      return [
        program,
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=${itself}`,
        `--web.user-assets=${GRAFANA}/runbook`,
      ];
    },
    readyPath: '/-/ready',
  });
  const url = `http://${address}`;
  return {
    url,
    stop,
    /** What is so at that moment, or now. @throws with Prometheus' own words */
    async query(query: string, at?: Date): Promise<Series[]> {
      const time: Record<string, string> = at === undefined ? {} : { time: secondsOf(at) };
      const { result } = await ask<{ result: InstantRow[] }>(url, 'query', { query, ...time });
      return result.map(({ metric, value }) => seriesOf(metric, [value]));
    },
    /** @throws with Prometheus' own words */
    async queryRange(query: string, { from, to, stepS }: TimeRange): Promise<Series[]> {
      const { result } = await ask<{ result: RangeRow[] }>(url, 'query_range', {
        query,
        start: secondsOf(from),
        end: secondsOf(to),
        step: String(stepS),
      });
      return result.map(({ metric, values }) => seriesOf(metric, values));
    },
    labelValues: (label: string, metric: string): Promise<string[]> =>
      ask<string[]>(url, `label/${label}/values`, { 'match[]': metric }),
    async rules(): Promise<Rule[]> {
      const { groups } = await ask<{ groups: { rules: Rule[] }[] }>(url, 'rules');
      return groups.flatMap(({ rules }) => rules);
    },
    async targets(): Promise<Target[]> {
      const { activeTargets } = await ask<{ activeTargets: Target[] }>(url, 'targets');
      return activeTargets;
    },
  };
}

export interface Target {
  readonly labels: { readonly job: string };
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

type Value = readonly [number, string];
interface InstantRow {
  readonly metric: Series['labels'];
  readonly value: Value;
}
interface RangeRow {
  readonly metric: Series['labels'];
  readonly values: readonly Value[];
}

function seriesOf(labels: Series['labels'], values: readonly Value[]): Series {
  const points = values.map(([at, value]) => [at, Number(value.replace('Inf', 'Infinity'))] as const);
  return { labels, points: points.filter(([, value]) => !Number.isNaN(value)) };
}

function secondsOf(at: Date): string {
  return String(at.getTime() / 1_000);
}

async function ask<Data>(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Data> {
  const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
  const body = (await response.json()) as { status: string; data: Data; error?: string };
  if (body.status !== 'success') throw new Error(`${parameters['query'] ?? path}: ${body.error}`);
  return body.data;
}

// ---- configuration ----

interface Config {
  rule_files?: string[];
  scrape_configs: ScrapeConfig[];
}

interface ScrapeConfig {
  readonly job_name: string;
  readonly static_configs?: unknown;
  readonly dns_sd_configs?: unknown;
  readonly file_sd_configs?: unknown;
}

function configFor(targets: Targets, redisExporter: string): Config {
  const text = readFileSync(join(GRAFANA, 'prometheus.yml'), 'utf8');
  const config = Bun.YAML.parse(text.replace(REDIS_EXPORTER, redisExporter)) as Config;
  const jobs = config.scrape_configs.map(({ job_name: name }) => name);
  const strangers = new Set(jobs).symmetricDifference(new Set(Object.keys(targets)));
  if (strangers.size > 0) throw new Error(`either a job or a target, not both: ${[...strangers].join(', ')}`);
  return {
    ...config,
    rule_files: (config.rule_files ?? []).map((file) => join(GRAFANA, file)),
    scrape_configs: config.scrape_configs.map(
      ({ static_configs: _, dns_sd_configs: __, file_sd_configs: ___, ...job }) => ({
        ...job,
        static_configs: [{ targets: targets[job.job_name] }],
      }),
    ),
  };
}
