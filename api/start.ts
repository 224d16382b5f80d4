/** One command: stores of its own unless URLs are given, schema, first product, both listeners, workers. */

import { join } from 'node:path';
import { migrate } from '@flash-sale/drizzle/migrate.ts';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { readConfig, redisAddress, type Config } from './config.ts';
import { openOperatorTerminal, type OperatorTerminal } from './embedded/operator-terminal.ts';
import { openVoice } from './embedded/voice.ts';
import { openEmbeddedStores, type EmbeddedStores } from './embedded/stores.ts';
import { untilNpmEnds } from './embedded/launcher.ts';
import { StoreProblem } from './embedded/problem.ts';
import { operatorToken, operatorTokenFile } from './embedded/operator-token.ts';
import { createLog } from './log.ts';
import { armSale } from './sales/arming.ts';
import { seed } from './sales/seed.ts';
import { startProcesses, type Addresses } from './processes.ts';
import { listen } from './server.ts';
import { createServices, type Services } from './services.ts';
import { StoreUnavailable } from './store-unavailable.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

/** A Redis of the user's own may still be starting. */
const REDIS_WAIT_MS = 10_000;

const voice = openVoice();
const { say } = voice;

async function start(): Promise<void> {
  const config = readConfig();
  const stopped = Promise.race([untilStopped(), untilNpmEnds()]);
  const stores = await openEmbeddedStores({
    dataDir: config.DATA_DIR,
    redis: redisAddress(config) === null,
    mysql: config.DATABASE_URL === null,
    say,
  });
  try {
    await serve(config, stores, stopped);
  } finally {
    await stores.stop();
  }
}

async function serve(config: Config, stores: EmbeddedStores, stopped: Promise<string>): Promise<void> {
  const redis = redisAddress(config) ?? stores.redisUrl;
  const databaseUrl = config.DATABASE_URL ?? stores.databaseUrl;
  if (redis === undefined || databaseUrl === undefined) throw new Error('a store was not started');
  const applied = await migrate(databaseUrl);
  if (applied > 0) say(`schema   ${applied === 1 ? '1 migration' : `${applied} migrations`} applied`);

  const log = createLog(config.LOG_LEVEL, voice.write);
  const services = createServices(withOperator(config), { redis, databaseUrl }, undefined, log);
  try {
    await services.ready(REDIS_WAIT_MS);
    if (config.NODE_ENV !== 'production') await prepareSale(services);
    const running = await (config.API_PROCESSES === 1
      ? serveHere(services)
      : serveByProcesses(services, {
          // Whom to ask for Redis they are told as we were.
          ...(typeof redis === 'string' && { REDIS_URL: redis }),
          DATABASE_URL: databaseUrl,
        }));
    sayReady(config, running);
    const terminal = openTerminal(services, running.opsUrl);
    const reason = await Promise.race([stopped, ...(terminal === null ? [] : [terminal.quit])]);
    await terminal?.stop();
    say(`stopping (${reason})`);
    await running.stop();
  } finally {
    await services.close();
  }
}

interface Running extends Addresses {
  readonly processes: number;
  stop(): Promise<void>;
}

async function serveHere(services: Services): Promise<Running> {
  const listening = listen(services);
  const workers = services.config.WORKERS === 'inline' ? startWorkers(services) : null;
  return {
    url: listening.url,
    opsUrl: listening.opsUrl,
    processes: 1,
    async stop() {
      await listening.stop();
      await workers?.stop();
    },
  };
}

/** This one then only keeps the stores. */
async function serveByProcesses(
  { config, log }: Services,
  stores: Readonly<Partial<Record<'REDIS_URL' | 'DATABASE_URL', string>>>,
): Promise<Running> {
  const { OPERATOR_TOKEN } = config;
  const environment = { ...stores, ...(OPERATOR_TOKEN !== null && { OPERATOR_TOKEN }) };
  const processes = await startProcesses(config, log, {
    environment,
    write: voice.write,
  });
  const { url, opsUrls } = processes;
  return { url, opsUrl: opsUrls[0] ?? '', processes: opsUrls.length, stop: () => processes.stop() };
}

/** Where somebody sits in front of it, and unless they said otherwise. */
function openTerminal({ config }: Services, opsUrl: string): OperatorTerminal | null {
  const isWanted = process.stdin.isTTY && process.stdout.isTTY && !process.argv.includes('--no-terminal');
  if (!isWanted || config.OPERATOR_TOKEN === null) return null;
  const logFile = join(config.DATA_DIR, 'api.log');
  return openOperatorTerminal({ opsUrl, logFile, voice });
}

/** Production is told who its first admin is, or has operators already. */
function withOperator(config: Config): Config {
  if (config.OPERATOR_TOKEN !== null || config.NODE_ENV === 'production') return config;
  return { ...config, OPERATOR_TOKEN: operatorToken(config.DATA_DIR) };
}

async function prepareSale(services: Services): Promise<void> {
  if (await seed(services)) say('seed     product 1, 100 units, live sale');
  for (const { id } of await services.catalog.sales()) {
    await armSale(services, id).catch((error: unknown) => {
      if (!(error instanceof StoreUnavailable)) throw error;
      say(`sale     ${id} does not sell yet: ${error.message}; it will by itself`);
    });
  }
}

function sayReady(config: Config, { url, opsUrl, processes }: Running): void {
  say(`api      ${url}   (try ${url}/api/products/1, read ${url}/docs)`);
  const token = config.OPERATOR_TOKEN === null ? `; token in ${operatorTokenFile(config.DATA_DIR)}` : '';
  say(`ops      ${opsUrl}   (read ${opsUrl}/docs${token})`);
  if (config.WEBHOOK_SECRET.length === 0) {
    say(
      'warning  WEBHOOK_SECRET is not set: anybody who reaches this API can report a payment. Fine for trying out.',
    );
  }
  if (config.STRIPE_WEBHOOK_SECRET.length === 0) {
    say(
      config.NODE_ENV === 'production'
        ? 'stripe   STRIPE_WEBHOOK_SECRET is not set: /api/webhook/stripe answers 401'
        : 'warning  STRIPE_WEBHOOK_SECRET is not set: Stripe events are taken unsigned. Fine for trying out.',
    );
  }
  if (processes > 1)
    say(
      `         ${processes} processes, metrics on ${config.OPS_PORT} and the ports after it; kill -USR2 ${process.pid} replaces them`,
    );
  if (config.WORKERS === 'off') say('workers  off: start api/worker.ts beside this');
  say(`ready in ${Math.round(performance.now())} ms; ctrl+c stops`);
}

try {
  await start();
  process.exit(0);
} catch (error) {
  const isForUser = error instanceof EnvironmentError || error instanceof StoreProblem;
  console.error(isForUser && error instanceof Error ? error.message : error);
  process.exit(1);
}
