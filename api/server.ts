/** Listens, and stops without dropping a request. Started by itself it is the API process of a larger setup. */

import { DRAIN_MAX_MS } from '@flash-sale/shared/limits.ts';
import { createApp, createHealthApp, createOpsApp } from './app.ts';
import { feedOf } from './events/feed.ts';
import { StockStream } from './products/stock-stream.ts';
import { servicesFromEnvironment, type Services } from './services.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

/** A Redis that is starting answers within this. */
const REDIS_WAIT_MS = 2_000;

export interface Listening {
  readonly url: string;
  readonly opsUrl: string;
  /** Stops accepting, lets requests in flight finish, for at most DRAIN_MAX_MS. */
  stop(): Promise<void>;
}

/** @throws when a port is taken; the message names the variable to change */
export function listen(services: Services): Listening {
  const { HOST, PORT, OPS_HOST, OPS_PORT } = services.config;
  let isStopping = false;
  const stream = new StockStream(services);
  const app = createApp(services, stream);
  const opsApp = createOpsApp(services, () => isStopping);
  open(() => app.listen({ hostname: HOST, port: PORT }), 'PORT', PORT);
  open(() => opsApp.listen({ hostname: OPS_HOST, port: OPS_PORT }), 'OPS_PORT', OPS_PORT);
  return {
    url: `http://${HOST}:${app.server?.port}`,
    opsUrl: `http://${OPS_HOST}:${opsApp.server?.port}`,
    async stop() {
      isStopping = true;
      stream.close();
      feedOf(services).close();
      await drain(app.server, opsApp.server);
    },
  };
}

/** For a process that serves nobody: health and metrics, where the API has its operators' listener. @throws as `listen` */
export function listenForHealth(services: Services): Pick<Listening, 'opsUrl' | 'stop'> {
  const { OPS_HOST, OPS_PORT } = services.config;
  let isStopping = false;
  const app = createHealthApp(services, () => isStopping);
  open(() => app.listen({ hostname: OPS_HOST, port: OPS_PORT }), 'OPS_PORT', OPS_PORT);
  return {
    opsUrl: `http://${OPS_HOST}:${app.server?.port}`,
    async stop() {
      isStopping = true;
      await drain(app.server);
    },
  };
}

type Server = { stop(isAtOnce?: boolean): Promise<void> } | null;

async function drain(...listening: Server[]): Promise<void> {
  const servers = listening.filter((server) => server !== null);
  const drained = Promise.all(servers.map((server) => server.stop()));
  await Promise.race([drained, Bun.sleep(DRAIN_MAX_MS)]);
  await Promise.all(servers.map((server) => server.stop(true)));
}

function open(start: () => unknown, variable: string, port: number): void {
  try {
    start();
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isTaken) throw error;
    throw new Error(
      `Port ${port} is taken by another program. Stop that one or set ${variable} to another port.`,
      {
        cause: error,
      },
    );
  }
}

if (import.meta.main) {
  const stopped = untilStopped();
  const services = servicesFromEnvironment();
  // So that the first buyers find Redis connected. Without it payments go on, so we listen all the same.
  await services.ready(REDIS_WAIT_MS).catch(() => {});
  const listening = listen(services);
  const workers = services.config.WORKERS === 'inline' ? startWorkers(services) : null;
  const { NODE_ENV, WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET } = services.config;
  if (NODE_ENV !== 'production' && Math.min(WEBHOOK_SECRET.length, STRIPE_WEBHOOK_SECRET.length) === 0) {
    services.log.warn('without WEBHOOK_SECRET and STRIPE_WEBHOOK_SECRET webhooks are taken unsigned');
  }
  services.log.info('listening', {
    url: listening.url,
    opsUrl: listening.opsUrl,
    workers: services.config.WORKERS,
  });
  await stopped;
  await listening.stop();
  await workers?.stop();
  await services.close();
  process.exit(0);
}
