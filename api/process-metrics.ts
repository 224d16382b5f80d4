/**
 * What Prometheus' clients tell of a process. The defaults of prom-client are not used: under Bun most are empty or
 * wrong, and its delay of the event loop is forgotten whenever somebody reads it.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { Counter, Gauge, type Registry } from 'prom-client';
import { VERSION } from '@flash-sale/shared/version.ts';

/** Often enough to meet a block of 50 ms, seldom enough to cost nothing. */
const LOOP_PERIOD_MS = 50;

/**
 * @param wasLate told again and again how many seconds late a timer was
 * @returns ends that timer
 */
export function addProcessMetrics(registry: Registry, wasLate: (seconds: number) => void): () => void {
  const registers = [registry];
  addResources(registers);
  new Gauge({
    name: 'flashsale_build_info',
    help: 'The version of this process, and the runtime that it runs on; always 1.',
    labelNames: ['version', 'runtime'],
    registers,
  }).set({ version: VERSION, runtime: `bun ${Bun.version}` }, 1);
  let dueAtMs = performance.now() + LOOP_PERIOD_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    wasLate(Math.max(0, nowMs - dueAtMs) / 1_000);
    dueAtMs = nowMs + LOOP_PERIOD_MS;
  }, LOOP_PERIOD_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function addResources(registers: Registry[]): void {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process was started.',
    registers,
  }).set(performance.timeOrigin / 1_000);
  const limit = openFilesLimit();
  if (limit === null) return;
  new Gauge({
    name: 'process_open_fds',
    help: 'Files and sockets that are open.',
    registers,
    collect() {
      this.set(readdirSync('/proc/self/fd').length);
    },
  });
  new Gauge({ name: 'process_max_fds', help: 'How many may be open.', registers }).set(limit);
}

/** Null where there is no /proc to read it from. */
function openFilesLimit(): number | null {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? null : Number(limit);
  } catch {
    return null;
  }
}
