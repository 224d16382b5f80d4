/** An installation and its crowd: API processes, shards, parts of the sale, SQL; simulated from a seed to its end. */

import { chanceOf } from '../../test/seeded.ts';
import { createProcess, type ApiProcess, type Surroundings } from './api-process.ts';
import { createClock } from './clock.ts';
import { ownCores, sharedCores } from './cores.ts';
import { ASSUMED } from './costs.ts';
import { letCome, type Told } from './crowd.ts';
import { createPart, type Part } from './part.ts';
import { createSql } from './sql.ts';
import { createStation, type Station } from './station.ts';

export interface Terms {
  readonly buyers: number;
  readonly units: number;
  readonly processes: number;
  /** Of the sale, each on a shard of its own; 1: the sale as it is. */
  readonly parts: number;
  readonly sqlCores: number;
  /** For so long a process remembers that a part has nothing left; 0: as it is. */
  readonly soldOutKnownUs: number;
  /** Calls of one process to one part that are under way together; null: any number, as it is. */
  readonly callsAtOnce: number | null;
  readonly seed: number;
}

export interface Outcome extends Omit<Told, 'tookUs' | 'orderTookUs' | 'lastUs' | 'lastOrderUs'> {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** From the first press to the last word that counts. */
  readonly lastMs: number;
  readonly orders: number;
  readonly orderP99Ms: number;
  readonly lastOrderS: number;
  readonly unitsLeft: number;
  /** Calls of place_holds. */
  readonly calls: number;
  /** Seconds of work for holds, of the shard that had most of it. */
  readonly shardS: number;
}

export function simulate(terms: Terms): Outcome {
  const clock = createClock();
  const chance = chanceOf(terms.seed);
  const work = ownCores(clock);
  const parts = Array.from({ length: terms.parts }, (_, number) =>
    createPart(createStation(work), shareOf(terms.units, terms.parts, number)),
  );
  const sql = createSql(clock, terms.sqlCores, ASSUMED.rowUs);
  const { wireUs } = ASSUMED;
  const { soldOutKnownUs } = terms;
  const callsAtOnce = terms.callsAtOnce ?? Number.POSITIVE_INFINITY;
  const around: Surroundings = { clock, chance, work, wireUs, parts, sql, soldOutKnownUs, callsAtOnce };
  const processes = Array.from({ length: terms.processes }, () => createProcess(around));
  const told = letCome({ clock, chance, wireUs, buyers: terms.buyers, processes, parts });
  clock.run();
  const { tookUs, orderTookUs, lastUs, lastOrderUs, ...counts } = told;
  return {
    ...counts,
    p50Ms: quantile(tookUs, 0.5) / 1_000,
    p99Ms: quantile(tookUs, 0.99) / 1_000,
    lastMs: lastUs / 1_000,
    orders: orderTookUs.length,
    orderP99Ms: quantile(orderTookUs, 0.99) / 1_000,
    lastOrderS: lastOrderUs / 1_000_000,
    unitsLeft: parts.reduce((sum, part) => sum + part.left(), 0),
    calls: parts.reduce((sum, part) => sum + part.calls(), 0),
    shardS: Math.max(...parts.map((part) => part.holdsUs())) / 1_000_000,
  };
}

/** As even as whole units can be. */
function shareOf(units: number, parts: number, number: number): number {
  return Math.floor(units / parts) + (number < units % parts ? 1 : 0);
}

function quantile(values: readonly number[], at: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? Number.NaN;
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const WARM_US = 500_000;
const LOAD_US = 2_500_000;
/** As wrk is told (load/wrk.ts). */
const LOAD_THREADS = 2;

/** What the bench does: so many connections, each asks again when it is answered; all on the cores of one machine. */
export function simulateLoad(connections: number, cores: number, seed: number): Loaded {
  const clock = createClock();
  const chance = chanceOf(seed);
  const work = sharedCores(clock, cores);
  const part: Part = createPart(createStation(work), Number.MAX_SAFE_INTEGER);
  const wireUs = ASSUMED.loopbackUs;
  const sql = createSql(clock, cores, ASSUMED.rowUs);
  const asItIs = { soldOutKnownUs: 0, callsAtOnce: Number.POSITIVE_INFINITY };
  const process = createProcess({ clock, chance, work, wireUs, parts: [part], sql, ...asItIs });
  const threads = Array.from({ length: LOAD_THREADS }, () => createStation(work));
  const tookUs: number[] = [];
  for (let number = 0; number < connections; number += 1) {
    const thread = threads[number % LOAD_THREADS];
    if (thread !== undefined) keepAsking(thread, process);
  }

  function keepAsking(thread: Station, server: ApiProcess): void {
    const ask = () =>
      thread.enter({
        begin: () => ASSUMED.loadUs,
        done() {
          const sinceUs = clock.nowUs();
          const answer = () => {
            if (sinceUs >= WARM_US) tookUs.push(clock.nowUs() - sinceUs);
            ask();
          };
          const buyer = { holdsOf: null };
          clock.after(wireUs, () =>
            server.ask({ buyer, first: 0, tried: 0, answer: () => clock.after(wireUs, answer) }),
          );
        },
      });
    ask();
  }

  clock.run(LOAD_US);
  return {
    perSecond: tookUs.length / ((LOAD_US - WARM_US) / 1_000_000),
    p50Ms: quantile(tookUs, 0.5) / 1_000,
    p99Ms: quantile(tookUs, 0.99) / 1_000,
  };
}
