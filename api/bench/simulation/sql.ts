/** SQL: statements take CPU of its cores, and each part's row is kept by one transaction at a time. */

import type { Clock } from './clock.ts';
import { COSTS } from './costs.ts';
import { ownCores, sharedCores } from './cores.ts';
import type { Part } from './part.ts';
import { createStation, type Station } from './station.ts';

export interface Sql {
  /** One transaction that writes so many orders of a part. */
  write(part: Part, orders: number, done: () => void): void;
}

export function createSql(clock: Clock, cores: number, rowUs: number): Sql {
  const statements = sharedCores(clock, cores);
  const rows = new Map<Part, Station>();
  const rowOf = (part: Part): Station => {
    const row = rows.get(part) ?? createStation(ownCores(clock));
    rows.set(part, row);
    return row;
  };
  return {
    write(part, orders, done) {
      statements(orders * COSTS.sqlOrderUs, () => rowOf(part).enter({ begin: () => rowUs, done }));
    },
  };
}
