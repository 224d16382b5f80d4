/** What slowed the rehearsal down, as far as that can be told from here. */

import type { StepFigures } from './figures.ts';
import type { Quantiles } from './histogram.ts';
import type { ClientLoad } from './load.ts';

export interface StoreTimes {
  readonly redis: Quantiles;
  readonly sql: Quantiles;
}

interface Seen {
  readonly client: ClientLoad;
  /** For a connection. */
  readonly waits: Quantiles;
  readonly connections: number;
  readonly hold: StepFigures;
  readonly order: StepFigures;
  /** As the API measured them while buyers came. */
  readonly stores: StoreTimes;
}

export interface Bottleneck {
  readonly where: 'client' | 'connections' | 'sql' | 'redis' | 'api' | 'none';
  readonly says: string;
}

const BUSY = 0.85;
const CLIENT_LATE_MS = 100;
/** Answers that nobody calls slow. */
const QUICK_MS = 250;
const STORE_SLOW_MS = 25;

export function bottleneckOf({ client, waits, connections, hold, order, stores }: Seen): Bottleneck {
  const share = `${Math.round(client.cpu_share * 100)} % of a core`;
  if (client.cpu_share > BUSY || client.late_ms.p99 > CLIENT_LATE_MS) {
    const late = `its timers came ${client.late_ms.p99} ms late at p99`;
    return {
      where: 'client',
      says: `This client: it used ${share}, and ${late}. What it measured says little of the API; give it a machine of its own.`,
    };
  }
  if (waits.p95 > Math.max(QUICK_MS, hold.p95)) {
    return {
      where: 'connections',
      says: `The ${connections} connections: buyers waited ${waits.p95} ms for one at p95, longer than for the answer. More of them press harder (--connections).`,
    };
  }
  if (Math.max(hold.p95, order.p95) < QUICK_MS) {
    return {
      where: 'none',
      says: `Nothing was pressed: holds took ${hold.p95} ms and orders ${order.p95} ms at p95, and this client ${share}. It carries more than this.`,
    };
  }
  const [redis, sql] = [stores.redis.p50, stores.sql.p50];
  if (order.p95 > 4 * hold.p95 || (sql > STORE_SLOW_MS && sql > 2 * redis)) {
    return {
      where: 'sql',
      says: `SQL, most likely: orders, which it decides one after the other, took ${order.p95} ms at p95, and holds, which Redis decides, ${hold.p95} ms. Its simplest answer took ${sql} ms.`,
    };
  }
  if (redis > STORE_SLOW_MS && redis > 2 * sql) {
    return {
      where: 'redis',
      says: `Redis, most likely: its simplest answer took the API ${redis} ms, SQL's ${sql} ms, and holds ${hold.p95} ms at p95.`,
    };
  }
  return {
    where: 'api',
    says: `The API's processes, or the machine they share: holds took ${hold.p95} ms and orders ${order.p95} ms at p95, and neither store alone was slow (Redis ${redis} ms, SQL ${sql} ms). More processes or cores carry more.`,
  };
}
