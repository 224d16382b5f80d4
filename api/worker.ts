/** The worker process of a larger setup: everything that happens without a request. Any number may run. */

import { servicesFromEnvironment } from './services.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

const stopped = untilStopped();
const services = servicesFromEnvironment();
const workers = startWorkers(services);
services.log.info('working');
await stopped;
await workers.stop();
await services.close();
process.exit(0);
