/**
 * The worker process of a larger setup: everything that happens without a request. Any number may run. It listens for
 * supervisors and Prometheus only.
 */

import { runProgram } from './program.ts';
import { listenForHealth } from './server.ts';
import { servicesFromEnvironment } from './services.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

await runProgram(async () => {
  const stopped = untilStopped();
  const services = servicesFromEnvironment();
  const listening = listenForHealth(services);
  const workers = startWorkers(services);
  services.log.info('working', { opsUrl: listening.opsUrl });
  await stopped;
  await Promise.all([listening.stop(), workers.stop()]);
  await services.close();
});
