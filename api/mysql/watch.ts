/** What a pool of connections is doing. */

import type { Pool } from 'mysql2/promise';

/** `connection`: the wait for one. `other_work`: it is held while others of ours are used, as a lock by name is. */
export type SqlOperation = 'connection' | 'statement' | 'transaction' | 'snapshot' | 'other_work';

export interface SqlWatch {
  inUse: number;
  waiting: number;
  took: (operation: SqlOperation, seconds: number) => void;
}

const watches = new WeakMap<Pool, SqlWatch>();

export function watchOf(pool: Pool): SqlWatch {
  const known = watches.get(pool);
  if (known !== undefined) return known;
  const watch: SqlWatch = { inUse: 0, waiting: 0, took: () => {} };
  watches.set(pool, watch);
  return watch;
}
