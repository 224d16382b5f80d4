/** The kinds of faults, and the order in which a campaign strikes: by chance, seeded, all kinds equally often. */

import type { Chance } from '../seeded.ts';
import { whyNoSlowDisk } from './slow-disk.ts';
import { SERVICE_NAMES, API_NAMES, type ApiName, type ServiceName } from './stack.ts';
import {
  badWeather,
  commitLate,
  flush,
  flushScripts,
  freezeService,
  freezeStore,
  killMariaDb,
  killRedis,
  killService,
  killWithSlowDisk,
  splitRedis,
  startEmpty,
  startStale,
  type StoreName,
  type Strike,
  type Struck,
  type Weather,
} from './strikes.ts';

/** One fault, drawn but not struck yet. */
export interface Fault {
  readonly kind: FaultName;
  readonly target: string;
  /** Faults that touch nothing in common may strike at once. */
  readonly touches: readonly string[];
  strike(strike: Strike): Promise<Struck>;
}

type Draw = (chance: Chance) => Omit<Fault, 'kind'>;

const process =
  (names: readonly ServiceName[], act: (strike: Strike, name: ServiceName) => Promise<Struck>): Draw =>
  (chance) => {
    const name = chance.pick(names);
    return { target: name, touches: [name], strike: (strike) => act(strike, name) };
  };

const store =
  (name: StoreName, act: (strike: Strike) => Promise<Struck>): Draw =>
  () => ({ target: name, touches: [name], strike: act });

const link =
  (to: StoreName, weather: Weather): Draw =>
  (chance) => {
    const names = chance.pick([['api0'], ['api1'], ['worker0'], SERVICE_NAMES] as const);
    const from = names.length === 1 ? names[0] : 'all';
    return {
      target: `${from} - ${to}`,
      touches: names.map((name) => `${name} - ${to}`),
      strike: (strike) => badWeather(strike, to, names, weather),
    };
  };

const WORKERS = ['worker0', 'worker1'] as const satisfies readonly ServiceName[];

const DRAWS = {
  api_kill: process(API_NAMES, killService),
  worker_kill: process(WORKERS, killService),
  redis_kill: store('redis', killRedis),
  mariadb_kill: store('mariadb', killMariaDb),
  api_freeze: process(API_NAMES, freezeService),
  worker_freeze: process(WORKERS, freezeService),
  redis_freeze: store('redis', (strike) => freezeStore(strike, 'redis')),
  mariadb_freeze: store('mariadb', (strike) => freezeStore(strike, 'mariadb')),
  redis_flush: store('redis', flush),
  redis_empty: store('redis', startEmpty),
  redis_stale: store('redis', startStale),
  redis_split: store('redis', splitRedis),
  redis_slow_disk: store('redis', killWithSlowDisk),
  script_flush: store('redis', flushScripts),
  redis_link_delay: link('redis', 'delay'),
  redis_link_reset: link('redis', 'reset'),
  redis_link_half_close: link('redis', 'half_close'),
  redis_link_swallow: link('redis', 'swallow'),
  redis_link_silent: link('redis', 'silent'),
  mariadb_link_delay: link('mariadb', 'delay'),
  mariadb_link_reset: link('mariadb', 'reset'),
  mariadb_link_half_close: link('mariadb', 'half_close'),
  mariadb_link_swallow: link('mariadb', 'swallow'),
  mariadb_link_silent: link('mariadb', 'silent'),
  commit_late: (chance: Chance) => {
    const name: ApiName = chance.pick(API_NAMES);
    // Nothing else may strike while it lasts: what it does to the sale's row would be blamed on the other.
    const touches = [...SERVICE_NAMES, 'redis', 'mariadb'];
    return { target: `${name} - mariadb`, touches, strike: (strike: Strike) => commitLate(strike, name) };
  },
} as const satisfies Record<string, Draw>;

export type FaultName = keyof typeof DRAWS;
export const FAULT_NAMES = Object.keys(DRAWS) as FaultName[];

/** It takes as long as ten others. */
const RARE: Partial<Record<FaultName, number>> = { commit_late: 0.2 };

/** @returns which kinds cannot be done here, and why. */
export function impossibleFaults(): Partial<Record<FaultName, string>> {
  const why = whyNoSlowDisk();
  return why === null ? {} : { redis_slow_disk: why };
}

/** @param only when given, just these */
export function* drawFaults(chance: Chance, only: readonly FaultName[] | null): Generator<Fault, never> {
  const impossible = impossibleFaults();
  const kinds = (only ?? FAULT_NAMES).filter((kind) => impossible[kind] === undefined);
  if (kinds.length === 0) throw new Error('none of these faults is possible here');
  for (;;) {
    const round = kinds.filter((kind) => only !== null || chance.next() < (RARE[kind] ?? 1));
    for (const kind of shuffled(chance, round)) yield { kind, ...DRAWS[kind](chance) };
  }
}

function shuffled<Item>(chance: Chance, items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: chance.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
