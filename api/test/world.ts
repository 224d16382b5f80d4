/**
 * A world of its own for one test file: a fresh database, a private Redis, and an API that listens. Nothing is
 * faked. Workers do not run unless asked: tests call their turns.
 */

import { createConnection } from 'mysql2/promise';
import { products } from '@flash-sale/drizzle/schema.ts';
import { migrate } from '@flash-sale/drizzle/migrate.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { readConfig, type Config, type RedisAddress } from '../config.ts';
import { statement } from '../mysql/transaction.ts';
import type { Reach } from '../reach.ts';
import { createSale } from './create-sale.ts';
import { moveSale } from '../sales/sales.ts';
import type { SaleTerms } from '../sales/terms.ts';
import { listen, type Listening } from '../server.ts';
import { createServices, type Services, type ServicesOnOne } from '../services.ts';
import { startWorkers } from '../workers/workers.ts';
import { privateRedis, sharedMariaDb, type TestStore } from './stores.ts';

/** Of the admin that every API in tests knows. */
export const BOOTSTRAP_TOKEN = 'fsop_of_every_test_and_of_nothing_else';

export interface WorldOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Runs the workers too, as a small installation does. */
  readonly workers?: boolean;
  readonly reach?: Reach;
  /** Instead of the database server that all tests share. */
  readonly databaseServerUrl?: string;
}

export interface WorldOf<Own extends Services> {
  readonly services: Own;
  readonly listening: Listening;
  readonly databaseUrl: string;
  /** A product with one sale; live and open unless told otherwise. */
  sale(terms?: Partial<Omit<SaleTerms, 'productId'>>, state?: SaleState): Promise<OneSale>;
  /** A second set of services on the same stores: another process, as far as the stores can tell. */
  another(reach?: Reach): Promise<Own>;
  close(): Promise<void>;
}

export interface World extends WorldOf<ServicesOnOne> {
  readonly redis: TestStore;
  readonly redisUrl: string;
}

export interface OneSale {
  readonly productId: number;
  readonly saleId: number;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const redis = await privateRedis();
  const world = await openWorld(options, (config, databaseUrl, reach) =>
    createServices(config, { redis: redis.url, databaseUrl }, reach),
  );
  return {
    ...world,
    redis,
    redisUrl: redis.url,
    async close() {
      await world.close();
      await redis.stop();
    },
  };
}

/** On a Redis that somebody else starts and stops: a cluster, or one that sentinels watch. */
export function createWorldOn(redis: RedisAddress, options: WorldOptions = {}): Promise<WorldOf<Services>> {
  return openWorld(options, (config, databaseUrl, reach) =>
    createServices(config, { redis, databaseUrl }, reach),
  );
}

async function openWorld<Own extends Services>(
  options: WorldOptions,
  create: (config: Config, databaseUrl: string, reach?: Reach) => Own,
): Promise<WorldOf<Own>> {
  const databaseUrl = await freshDatabase(options.databaseServerUrl);
  const config = testConfig(options.env);
  const closing: (() => Promise<void>)[] = [];
  const connect = async (reach?: Reach) => {
    const services = create(config, databaseUrl, reach);
    await services.ready(5_000);
    closing.push(() => services.close());
    return services;
  };
  const services = await connect(options.reach);
  const listening = listen(services);
  const workers = options.workers === true ? startWorkers(services) : null;
  return {
    services,
    listening,
    databaseUrl,
    sale: (terms, state = 'live') => openSale(services, terms ?? {}, state),
    another: connect,
    async close() {
      await listening.stop();
      await workers?.stop();
      await Promise.all(closing.map((end) => end()));
    },
  };
}

export function testConfig(env: Readonly<Record<string, string>> = {}): Config {
  return readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    OPS_PORT: '0',
    OPERATOR_TOKEN: BOOTSTRAP_TOKEN,
    LOG_LEVEL: 'silent',
    ...env,
  });
}

/** @returns the URL of a database with all tables, empty. */
export async function freshDatabase(serverUrl?: string): Promise<string> {
  const url = await bareDatabase(serverUrl);
  await migrate(url);
  return url;
}

/** @returns the URL of a database without tables. */
export async function bareDatabase(serverUrl?: string): Promise<string> {
  const url = new URL(serverUrl ?? (await sharedMariaDb()).url);
  const name = `world_${crypto.randomUUID().replaceAll('-', '')}`;
  const socketPath = url.searchParams.get('socketPath');
  const connection = await createConnection({ user: 'root', ...(socketPath === null ? {} : { socketPath }) });
  await connection.query(`CREATE DATABASE ${name} COLLATE utf8mb4_unicode_ci`);
  await connection.end();
  url.pathname = `/${name}`;
  return url.href;
}

async function openSale(
  services: Services,
  terms: Partial<Omit<SaleTerms, 'productId'>>,
  state: SaleState,
): Promise<OneSale> {
  const productId = await createProduct(services);
  const saleId = await createSale(services, {
    allotment: 100,
    opensAt: new Date(Date.now() - 1_000),
    ...terms,
    productId,
  });
  for (const step of STEPS_TO[state]) await moveSale(services, saleId, step);
  await services.catalog.refresh();
  return { productId, saleId };
}

const STEPS_TO: Record<SaleState, readonly SaleState[]> = {
  draft: [],
  scheduled: ['scheduled'],
  live: ['live'],
  paused: ['live', 'paused'],
  draining: ['live', 'draining'],
  ended: ['live', 'draining', 'ended'],
  halted: ['live', 'halted'],
};

async function createProduct({ mysql }: Services): Promise<number> {
  const product = { name: 'Lamp', description: 'A lamp.', priceMinor: 1_999, currency: 'EUR' };
  const [{ insertId }] = await statement(mysql, (sql) => sql.insert(products).values(product));
  return insertId;
}
