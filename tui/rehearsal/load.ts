/** How busy this process is: a rehearsal whose client is the bottleneck measures the client. */

import { createHistogram, type Quantiles } from './histogram.ts';

export interface ClientLoad {
  /** Of one core. */
  readonly cpu_share: number;
  /** How much later than asked this process came to its timers. */
  readonly late_ms: Quantiles;
  readonly rss_mb: number;
}

const TICK_MS = 20;

/** Measures from now on. */
export function watchClient() {
  const late = createHistogram();
  const started = { cpu: process.cpuUsage(), atMs: performance.now() };
  let [dueAtMs, rss] = [performance.now() + TICK_MS, 0];
  const timer = setInterval(() => {
    const now = performance.now();
    late.add(Math.max(0, now - dueAtMs));
    dueAtMs = now + TICK_MS;
    rss = Math.max(rss, process.memoryUsage.rss());
  }, TICK_MS);
  return (): ClientLoad => {
    clearInterval(timer);
    const { user, system } = process.cpuUsage(started.cpu);
    return {
      cpu_share: Math.round(((user + system) / 1_000 / (performance.now() - started.atMs)) * 100) / 100,
      late_ms: late.quantiles(),
      rss_mb: Math.round(rss / 1_048_576),
    };
  };
}
