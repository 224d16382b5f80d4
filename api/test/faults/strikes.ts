/** How each fault is done. All of them end by themselves, and say when the stores answered again. */

import { SQL_TIMEOUT_MS } from '@flash-sale/shared/limits.ts';
import { Redis } from 'ioredis';
import type { Chance } from '../seeded.ts';
import { slowDisk } from './slow-disk.ts';
import { API_NAMES, SERVICE_NAMES, type ApiName, type ServiceName, type Stack } from './stack.ts';

export type StoreName = 'redis' | 'mariadb';

/** While a store was away, or did not move, and nothing else was wrong. */
export interface Outage {
  readonly store: StoreName;
  readonly from: number;
  readonly to: number;
}

export interface Struck {
  /** Date.now() when everything that was hit answered again. */
  readonly answeringAt: number;
  /** What shows that selling goes on, and through whom. */
  readonly shownBy: 'hold' | 'order' | 'nothing';
  readonly apis: readonly ApiName[];
  readonly outage?: Outage;
  readonly detail?: string;
  /** Nobody is told: how long it may take to notice. */
  readonly unnoticedMs?: number;
}

export interface Strike {
  readonly stack: Stack;
  readonly chance: Chance;
  /** Call it before Redis may lose data. @param heldSince holds told before are safe; null: none is */
  loses(heldSince: number | null): void;
}

/** Redis writes its file behind a flush that is under way for at most 2 s; the rest is for a busy machine. */
const TAIL_MS = 2_250;
const FREEZE_MS = [200, 3_000] as const;

/** How long something stays away before somebody starts it again. */
function downMs(chance: Chance): number {
  return chance.next() < 0.7 ? chance.integer(0, 300) : chance.integer(300, 2_000);
}

function isApi(name: string): name is ApiName {
  return (API_NAMES as readonly string[]).includes(name);
}

// ---- processes ----

export async function killService(strike: Strike, name: ServiceName): Promise<Struck> {
  const isOfSeveral = isApi(name) && strike.stack.processes > 1;
  const strikeIt = isOfSeveral ? strike.chance.pick([killWhole, killOne, replaceAll]) : killWhole;
  const detail = await strikeIt(strike, name);
  const apis = isApi(name) ? [name] : [];
  return { answeringAt: Date.now(), shownBy: isApi(name) ? 'hold' : 'nothing', apis, detail };
}

async function killWhole({ stack, chance }: Strike, name: ServiceName): Promise<string> {
  await stack.services[name].kill();
  await Bun.sleep(downMs(chance));
  const { startedInMs } = await stack.startService(name);
  return `started in ${Math.round(startedInMs)} ms`;
}

async function killOne({ stack, chance }: Strike, name: ServiceName): Promise<string> {
  await stack.services[name].killOne(chance);
  return 'one of its processes';
}

async function replaceAll({ stack }: Strike, name: ServiceName): Promise<string> {
  await stack.services[name].replace();
  return 'each of its processes was replaced';
}

export async function freezeService({ stack, chance }: Strike, name: ServiceName): Promise<Struck> {
  const service = stack.services[name];
  service.freeze();
  await Bun.sleep(chance.integer(...FREEZE_MS));
  service.thaw();
  const apis = isApi(name) ? [name] : [];
  return { answeringAt: Date.now(), shownBy: isApi(name) ? 'hold' : 'nothing', apis };
}

// ---- stores ----

export async function killRedis(strike: Strike): Promise<Struck> {
  const { stack, chance } = strike;
  strike.loses(Date.now() - TAIL_MS);
  await stack.redis.kill();
  const from = Date.now();
  await Bun.sleep(downMs(chance));
  const to = Date.now();
  await stack.startRedis();
  return redisIsBack({ store: 'redis', from, to });
}

function redisIsBack(outage?: Outage, detail?: string): Struck {
  return {
    answeringAt: Date.now(),
    shownBy: 'hold',
    apis: API_NAMES,
    ...(outage === undefined ? {} : { outage }),
    ...(detail === undefined ? {} : { detail }),
  };
}

export async function killMariaDb({ stack, chance }: Strike): Promise<Struck> {
  await stack.mariadb.kill();
  const from = Date.now();
  await Bun.sleep(downMs(chance));
  const to = Date.now();
  await stack.startMariaDb();
  const outage = { store: 'mariadb', from, to } as const;
  return { answeringAt: Date.now(), shownBy: 'order', apis: API_NAMES, outage };
}

export async function freezeStore({ stack, chance }: Strike, store: StoreName): Promise<Struck> {
  const { pid } = stack[store];
  process.kill(pid, 'SIGSTOP');
  const from = Date.now();
  await Bun.sleep(chance.integer(...FREEZE_MS));
  const to = Date.now();
  process.kill(pid, 'SIGCONT');
  const shownBy = store === 'redis' ? 'hold' : 'order';
  return { answeringAt: Date.now(), shownBy, apis: API_NAMES, outage: { store, from, to } };
}

/** Sends one command past all links. */
async function tellRedis(stack: Stack, ...words: [string, ...string[]]): Promise<void> {
  const redis = new Redis({ path: stack.redis.socket, retryStrategy: () => null, commandTimeout: 10_000 });
  redis.on('error', () => {});
  try {
    await redis.call(...words);
  } finally {
    redis.disconnect();
  }
}

export async function flush(strike: Strike): Promise<Struck> {
  strike.loses(null);
  await tellRedis(strike.stack, 'FLUSHALL');
  return redisIsBack();
}

export async function flushScripts({ stack }: Strike): Promise<Struck> {
  await tellRedis(stack, 'SCRIPT', 'FLUSH');
  return redisIsBack();
}

export async function startEmpty(strike: Strike): Promise<Struck> {
  const { stack, chance } = strike;
  strike.loses(null);
  await stack.redis.kill();
  await Bun.sleep(downMs(chance));
  await stack.startRedis(stack.newRedisFolder());
  return redisIsBack();
}

/** As after a failover to a replica that had not heard the newest writes. */
export async function startStale(strike: Strike): Promise<Struck> {
  const { stack, chance } = strike;
  const [folder, copiedAt] = [stack.copyRedisData(), Date.now()];
  await Bun.sleep(chance.integer(500, 3_500));
  strike.loses(null);
  await stack.redis.kill();
  await stack.startRedis(folder ?? stack.newRedisFolder());
  return redisIsBack(undefined, folder === null ? 'empty' : `${Date.now() - copiedAt} ms old`);
}

/**
 * A failover while the old Redis lives on: half of the processes talk to one, half to the other, and both grant
 * holds. Only SQL can say which of them is believed.
 */
export async function splitRedis(strike: Strike): Promise<Struck> {
  const { stack, chance } = strike;
  const old = stack.redis;
  const folder = stack.copyRedisData() ?? stack.newRedisFolder();
  await Bun.sleep(chance.integer(100, 1_500));
  strike.loses(null);
  const promoted = await stack.startAnotherRedis(folder);
  const side = chance.pick([
    ['api0', 'worker0'],
    ['api1', 'worker0'],
    ['api0', 'api1', 'worker0', 'worker1'],
  ] as const);
  stack.useRedis(promoted, folder, side);
  for (const name of side) stack.links[name].redis.reset();
  const splitMs = chance.integer(500, 2_500);
  await Bun.sleep(splitMs);
  await old.kill();
  stack.useRedis(promoted, folder, SERVICE_NAMES);
  return redisIsBack(undefined, `${side.length} of 4 moved, for ${splitMs} ms`);
}

/** Acknowledged writes pile up behind a flush that takes seconds; then Redis is killed and they are gone. */
export async function killWithSlowDisk(strike: Strike): Promise<Struck> {
  const { stack, chance } = strike;
  const disk = await slowDisk(stack.redis.pid, chance.integer(2_500, 4_000), '/dev/null');
  await Bun.sleep(chance.integer(1_500, 3_800));
  strike.loses(null);
  await stack.redis.kill();
  await disk.end();
  await stack.startRedis();
  return redisIsBack();
}

// ---- links ----

export type Weather = 'delay' | 'reset' | 'half_close' | 'swallow' | 'silent';

export async function badWeather(
  { stack, chance }: Strike,
  store: StoreName,
  names: readonly ServiceName[],
  weather: Weather,
): Promise<Struck> {
  const links = names.map((name) => stack.links[name][store]);
  const side = chance.pick(['client', 'store'] as const);
  const delayMs = chance.pick([20, 60, 150, 400, 700]);
  const lastsMs = chance.integer(300, weather === 'swallow' && store === 'mariadb' ? 3_000 : 2_000);
  const isRefusing = chance.next() < 0.5;
  for (const link of links) {
    if (weather === 'delay') link.delay(delayMs);
    if (weather === 'reset') link.reset(isRefusing);
    if (weather === 'half_close') link.halfClose(side);
    if (weather === 'swallow') link.swallow();
    if (weather === 'silent') link.goSilent();
  }
  const isLasting = weather === 'delay' || weather === 'swallow' || (weather === 'reset' && isRefusing);
  if (isLasting) await Bun.sleep(lastsMs);
  for (const link of links) link.clear();
  const apis = names.filter(isApi);
  const detail = {
    delay: `${delayMs} ms each way for ${lastsMs} ms`,
    reset: isRefusing ? `refused for ${lastsMs} ms` : 'once',
    half_close: `to the ${side}`,
    swallow: `for ${lastsMs} ms`,
    silent: 'for good',
  }[weather];
  const shownBy = apis.length === 0 ? 'nothing' : store === 'redis' ? 'hold' : 'order';
  const unnoticedMs = weather === 'silent' ? SQL_TIMEOUT_MS : 0;
  return { answeringAt: Date.now(), shownBy, apis, detail, unnoticedMs };
}

/** Longer than a pin's lease and a hold's ttl together: whoever waits for the outcome has to ask SQL. */
const COMMIT_LATE_MS = 24_000;

/** COMMITs linger in the network, and arrive long after everybody has given up on them. */
export async function commitLate({ stack, chance }: Strike, name: ApiName): Promise<Struck> {
  const link = stack.links[name].mariadb;
  link.holdBack({ bytes: 'COMMIT', ms: COMMIT_LATE_MS });
  await Bun.sleep(chance.integer(300, 800));
  link.holdBack(null);
  await Bun.sleep(COMMIT_LATE_MS + 500);
  return { answeringAt: Date.now(), shownBy: 'order', apis: API_NAMES };
}
