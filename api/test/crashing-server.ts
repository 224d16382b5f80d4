/**
 * An API process that kills itself -9 when it reaches the point that CRASH_AT names: `order.pinned`, or
 * `payment.committed:2` for the second time it gets there.
 */

import { writeSync } from 'node:fs';
import { readConfig } from '../config.ts';
import { listen } from '../server.ts';
import { createServices } from '../services.ts';
import { startWorkers } from '../workers/workers.ts';

const [crashAt, times = '1'] = (process.env['CRASH_AT'] ?? '').split(':');
let reached = 0;

const config = readConfig();
const stores = { redis: config.REDIS_URL ?? '', databaseUrl: config.DATABASE_URL ?? '' };
const services = createServices(config, stores, (point) => {
  if (point !== crashAt) return;
  reached += 1;
  if (reached !== Number(times)) return;
  writeSync(1, point);
  process.kill(process.pid, 'SIGKILL');
});
await services.ready(5_000);
const { url, opsUrl } = listen(services);
if (config.WORKERS === 'inline') startWorkers(services);
services.log.info('listening', { url, opsUrl });
