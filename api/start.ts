/** One command: stores of its own unless URLs are given, schema, first product, both listeners, workers. */

import { join } from 'node:path';
import { isOfNewerVersion, migrate } from '@flash-sale/drizzle/migrate.ts';
import { EnvironmentError } from '@flash-sale/shared/environment.ts';
import { readConfig, redisAddress, type Config } from './config.ts';
import { openOperatorTerminal, type OperatorTerminal } from './embedded/operator-terminal.ts';
import { openVoice } from './embedded/voice.ts';
import { openEmbeddedStores, type EmbeddedStores } from './embedded/stores.ts';
import { untilNpmEnds } from './embedded/launcher.ts';
import { operatorToken, operatorTokenFile } from './embedded/operator-token.ts';
import { createLog } from './log.ts';
import { runProgram } from './program.ts';
import { armSale } from './sales/arming.ts';
import { seed } from './sales/seed.ts';
import { openProcesses, type Processes } from './processes.ts';
import { listen } from './server.ts';
import { createServices, type Services } from './services.ts';
import type { Addresses } from './spawned-process.ts';
import { StoreUnavailable } from './store-unavailable.ts';
import { untilStopped } from './until-stopped.ts';
import { startWorkers } from './workers/workers.ts';

const NO_TERMINAL = '--no-terminal';
const USAGE = `Usage: bun start [${NO_TERMINAL}]
  Starts the stores, the API, the workers and, on a terminal, the operator's terminal, which ${NO_TERMINAL} leaves out.
  Settings are variables of the environment; .env.example lists them.`;

/** A Redis of the user's own may still be starting. */
const REDIS_WAIT_MS = 10_000;

const voice = openVoice();
const { say } = voice;

async function start(): Promise<void> {
  const unknown = process.argv.slice(2).filter((word) => word !== NO_TERMINAL);
  if (unknown.includes('--help')) return say(USAGE);
  if (unknown.length > 0) throw new EnvironmentError(`Nothing is known of ${unknown.join(' ')}.\n${USAGE}`);
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
  if (stores.databaseUrl !== undefined && (await isOfNewerVersion(databaseUrl))) {
    throw new EnvironmentError(
      `DATA_DIR ${config.DATA_DIR} belongs to a newer version of this program: start that one, or set DATA_DIR to another folder.`,
    );
  }
  if (applied > 0) say(`schema   ${applied === 1 ? '1 migration' : `${applied} migrations`} applied`);

  const log = createLog(config.LOG_LEVEL, voice.write);
  const services = createServices(withOperator(config), { redis, databaseUrl }, undefined, log);
  try {
    await Promise.race([services.ready(REDIS_WAIT_MS), stopped]);
    if (config.NODE_ENV !== 'production') await prepareSale(services);
    const running =
      config.API_PROCESSES === 1 ? serveHere(services) : serveByProcesses(services, config, stores);
    const serving = await Promise.race([running.serving, stopped.then(() => [])]);
    sayReady(config, serving);
    const terminal = openTerminal(services, serving);
    const reason = await Promise.race([stopped, ...(terminal === null ? [] : [terminal.quit])]);
    await terminal?.stop();
    say(`stopping (${reason})`);
    await running.stop();
  } finally {
    await services.close();
  }
}

function serveHere(services: Services): Processes {
  const listening = listen(services);
  const workers = services.config.WORKERS === 'inline' ? startWorkers(services) : null;
  return {
    serving: Promise.resolve([listening]),
    stop: async () => void (await Promise.all([listening.stop(), workers?.stop()])),
  };
}

/** This one then only keeps the stores. The others read what it read, files of secrets too; told is what it made. */
function serveByProcesses(services: Services, read: Config, stores: EmbeddedStores): Processes {
  const { redisUrl: REDIS_URL, databaseUrl: DATABASE_URL } = stores;
  const OPERATOR_TOKEN = read.OPERATOR_TOKEN === null ? services.config.OPERATOR_TOKEN : null;
  const made = Object.entries({ REDIS_URL, DATABASE_URL, OPERATOR_TOKEN });
  const environment = Object.fromEntries(
    made.filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  return openProcesses(services.config, services.log, { environment, write: voice.write });
}

/** Where somebody sits in front of it, and unless they said otherwise. */
function openTerminal({ config }: Services, [first]: readonly Addresses[]): OperatorTerminal | null {
  const isWanted = process.stdin.isTTY && process.stdout.isTTY && !process.argv.includes(NO_TERMINAL);
  if (!isWanted || first === undefined || config.OPERATOR_TOKEN === null) return null;
  const logFile = join(config.DATA_DIR, 'api.log');
  return openOperatorTerminal({ ...first, logFile, voice });
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

function sayReady(config: Config, serving: readonly Addresses[]): void {
  const [first] = serving;
  if (first === undefined) return;
  const { url, opsUrl } = first;
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
  if (serving.length > 1) {
    say(
      `         ${serving.length} processes, metrics on ${config.OPS_PORT} and the ports after it; kill -USR2 ${process.pid} replaces them`,
    );
  }
  if (config.WORKERS === 'off') say('workers  off: start api/worker.ts beside this');
  say(`ready in ${Math.round(performance.now())} ms; ctrl+c stops`);
}

await runProgram(start);
