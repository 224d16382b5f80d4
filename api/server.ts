/** Listens, and stops without dropping a request. Started by itself it is the API process of a larger setup. */

import { DRAIN_ANNOUNCE_MAX_MS, DRAIN_MAX_MS, DRAIN_QUIET_MS } from '@flash-sale/shared/limits.ts';
import { createApp, createHealthApp, createOpsApp } from './app.ts';
import { readConfig } from './config.ts';
import { feedOf } from './events/feed.ts';
import { openDoor, type Door } from './http/door.ts';
import { openPort, urlAt } from './http/port.ts';
import { createLog } from './log.ts';
import { openProcesses, opsPortOf } from './processes.ts';
import { StockStream } from './products/stock-stream.ts';
import { runProgram } from './program.ts';
import { servicesFromEnvironment, type Services } from './services.ts';
import { endWithParent, placeOf, tellParent } from './spawned-process.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

/** A Redis that is starting answers within this. */
const REDIS_WAIT_MS = 2_000;

export interface Listening {
  readonly url: string;
  readonly opsUrl: string;
  /** Sends buyers elsewhere, stops accepting, and lets requests in flight finish, for at most DRAIN_MAX_MS. */
  stop(): Promise<void>;
}

/**
 * @param place among the processes that share the public port; each has a listener for operators of its own
 * @throws when a port is taken; the message names the variable to change
 */
export function listen(services: Services, place: number | null = null): Listening {
  const { HOST, PORT, OPS_HOST } = services.config;
  const opsPort = opsPortOf(services.config, place);
  const [door, opsDoor] = [openDoor(), openDoor()];
  const stream = new StockStream(services);
  const app = createApp(services, stream, door);
  const opsApp = createOpsApp(services, opsDoor);
  // Elysia shares its port by default: a stranger would silently take half of the requests.
  const reusePort = place !== null;
  openPort(() => app.listen({ hostname: HOST, port: PORT, reusePort }), 'PORT', PORT);
  openPort(() => opsApp.listen({ hostname: OPS_HOST, port: opsPort, reusePort }), 'OPS_PORT', opsPort);
  return {
    url: urlAt(HOST, app.server?.port),
    opsUrl: urlAt(OPS_HOST, opsApp.server?.port),
    async stop() {
      // Its successor, or nobody, is to answer who asks whether this place lives: two answers would put a proxy off.
      if (place !== null) void opsApp.server?.stop();
      await sendElsewhere(door, opsDoor);
      stream.close();
      feedOf(services).close();
      await drain(app.server, opsApp.server);
    },
  };
}

/** For a process that serves nobody: health and metrics, where the API has its operators' listener. @throws as `listen` */
export function listenForHealth(services: Services): Pick<Listening, 'opsUrl' | 'stop'> {
  const { OPS_HOST, OPS_PORT } = services.config;
  const door = openDoor();
  const app = createHealthApp(services, door);
  openPort(() => app.listen({ hostname: OPS_HOST, port: OPS_PORT, reusePort: false }), 'OPS_PORT', OPS_PORT);
  return {
    opsUrl: urlAt(OPS_HOST, app.server?.port),
    async stop() {
      door.isClosing = true;
      await drain(app.server);
    },
  };
}

/**
 * A listener that stops resets what it has not read yet, on connections that are kept open too. So whoever asks is
 * answered and sent away first, until nobody asks any more.
 */
async function sendElsewhere(door: Door, opsDoor: Door): Promise<void> {
  const startedAtMs = performance.now();
  door.isClosing = true;
  opsDoor.isClosing = true;
  const isAsked = () => performance.now() - door.lastRequestAtMs < DRAIN_QUIET_MS;
  while (isAsked() && performance.now() - startedAtMs < DRAIN_ANNOUNCE_MAX_MS) await Bun.sleep(10);
}

interface Server {
  readonly pendingRequests: number;
  stop(isAtOnce?: boolean): Promise<void>;
}

/** A connection on which no whole head arrives is no request: it is not waited for until it has been idle too long. */
async function drain(...listening: (Server | null)[]): Promise<void> {
  const servers = listening.filter((server) => server !== null);
  let isDrained = false;
  void Promise.all(servers.map((server) => server.stop())).then(() => (isDrained = true));
  const startedAtMs = performance.now();
  let busyAtMs = startedAtMs;
  while (!isDrained && busyAtMs - startedAtMs < DRAIN_MAX_MS) {
    await Bun.sleep(10);
    const nowMs = performance.now();
    if (servers.some(({ pendingRequests }) => pendingRequests > 0)) busyAtMs = nowMs;
    else if (nowMs - busyAtMs > DRAIN_QUIET_MS) break;
  }
  await Promise.all(servers.map((server) => server.stop(true)));
}

if (import.meta.main) {
  await runProgram(async () => {
    const place = placeOf(process.argv);
    const stopped = untilStopped();
    if (place !== null) endWithParent();
    const { API_PROCESSES } = readConfig();
    await (place === null && API_PROCESSES > 1 ? superviseProcesses(stopped) : serve(place, stopped));
  });
}

async function serve(place: number | null, stopped: Promise<unknown>): Promise<void> {
  const services = servicesFromEnvironment();
  // So that the first buyers find Redis connected. Without it payments go on, so we listen all the same.
  await Promise.race([services.ready(REDIS_WAIT_MS).catch(() => {}), stopped]);
  const listening = listen(services, place);
  // The first process works for all: any number may, and more would only ask the stores more often.
  const isWorking = services.config.WORKERS === 'inline' && (place ?? 1) === 1;
  const workers = isWorking ? startWorkers(services) : null;
  const { NODE_ENV, WEBHOOK_SECRET, STRIPE_WEBHOOK_SECRET } = services.config;
  if (NODE_ENV !== 'production' && Math.min(WEBHOOK_SECRET.length, STRIPE_WEBHOOK_SECRET.length) === 0) {
    services.log.warn('without WEBHOOK_SECRET and STRIPE_WEBHOOK_SECRET webhooks are taken unsigned');
  }
  const { url, opsUrl } = listening;
  services.log.info('listening', { url, opsUrl, workers: isWorking ? 'inline' : 'off' });
  if (place !== null) tellParent({ url, opsUrl });
  await stopped;
  await Promise.all([listening.stop(), workers?.stop()]);
  await services.close();
}

/** Serves nobody itself. */
async function superviseProcesses(stopped: Promise<unknown>): Promise<void> {
  const config = readConfig();
  const log = createLog(config.LOG_LEVEL);
  const processes = openProcesses(config, log);
  const serving = await Promise.race([processes.serving, stopped.then(() => [])]);
  const [first] = serving;
  if (first !== undefined) log.info('listening', { ...first, processes: serving.length, pid: process.pid });
  await stopped;
  await processes.stop();
}
