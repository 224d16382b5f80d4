/** A sale is only armed on stores that keep what they acknowledged. */

import { sql as raw } from 'drizzle-orm';
import { CLOCK_SKEW_MAX_MS } from '@flash-sale/shared/limits.ts';
import type { Redis } from 'ioredis';
import { statement } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
import { msOf } from '../redis/event-streams.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { askEveryShard, onShard, shardNameOf } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { StoreUnavailable } from '../store-unavailable.ts';

/** Scripts with flags, and INFO of several sections, came with 7.0. */
const REDIS_VERSION_MIN = 7;

export interface StoresChecked {
  /** Why no sale may be armed on these stores; each says what to change. */
  readonly reasons: string[];
  /** How far Redis' clock is ahead of SQL's, give or take the time of a call. */
  readonly skewMs: number;
}

/** All of them, each shard of a cluster too. @throws StoreUnavailable */
export async function checkStores(services: Services): Promise<StoresChecked> {
  const [{ answers, away }, sql] = await Promise.all([
    askEveryShard(services.redis, (shard) => askFacts(shard)),
    readSql(services),
  ]);
  const seen = [...answers].map(([name, redis]) => judge(name, redis, sql));
  const skewMs = seen.map((one) => one.skewMs).reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  services.metrics.clockSkew.set(skewMs / 1_000);
  const reasons = [
    ...away.map((name) => `${name} does not answer, and its sales are not served`),
    ...seen.flatMap((one) => one.reasons),
    ...faultsOf(sql),
  ];
  return { reasons, skewMs };
}

/** The stores of one sale: whatever is with the other shards, it does not matter to this one. @throws StoreUnavailable */
export async function checkStoresOf(services: Services, saleId: number): Promise<StoresChecked> {
  const [redis, sql] = await Promise.all([readRedis(services, saleId), readSql(services)]);
  const { reasons, skewMs } = judge(shardNameOf(services.redis, saleId), redis, sql);
  return { reasons: [...reasons, ...faultsOf(sql)], skewMs };
}

interface RedisFacts {
  readonly info: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

type SqlFacts = Awaited<ReturnType<typeof readSql>>;

function judge(name: string, { info, nowMs }: RedisFacts, sql: SqlFacts): StoresChecked {
  const reasons: string[] = [];
  const version = info.get('redis_version') ?? 'unknown';
  if (!(Number.parseInt(version, 10) >= REDIS_VERSION_MIN)) {
    reasons.push(`${name} is of version ${version}: ${REDIS_VERSION_MIN} or newer is needed`);
  }
  if (info.get('aof_enabled') !== '1') {
    reasons.push(`${name} keeps no append-only file: set "appendonly yes"`);
  }
  const policy = info.get('maxmemory_policy');
  if (policy !== 'noeviction') {
    reasons.push(`${name} may evict holds (maxmemory-policy ${policy}): set "maxmemory-policy noeviction"`);
  }
  const skewMs = nowMs - sql.nowMs;
  if (Math.abs(skewMs) > CLOCK_SKEW_MAX_MS) {
    reasons.push(
      `the clocks of ${name} and SQL differ by about ${Math.round(Math.abs(skewMs) / 1_000)} s, allowed are ${CLOCK_SKEW_MAX_MS / 1_000}: set them right`,
    );
  }
  return { reasons, skewMs };
}

function faultsOf(sql: SqlFacts): string[] {
  const faults: string[] = [];
  if (sql.flush !== 1) {
    faults.push(`SQL may lose commits: set innodb_flush_log_at_trx_commit = 1 (it is ${sql.flush})`);
  }
  if (sql.isBinlogOn && sql.syncBinlog !== 1) {
    faults.push(`SQL may lose commits from its binary log: set sync_binlog = 1 (it is ${sql.syncBinlog})`);
  }
  return faults;
}

/** What each process said last, so that a state is told when it changes, not every few seconds. */
const toldOf = perProcess(() => ({ reasons: '' }));

/**
 * The same checks while sales are armed: clocks drift, and settings can be changed under us. Nothing is disarmed for it,
 * because holds would suffer more from that than from a wrong clock; the gauge and the log say it. @returns 0
 */
export async function watchStores(services: Services): Promise<number> {
  const reasons = (await checkStores(services)).reasons.join('; ');
  const told = toldOf(services);
  if (reasons !== told.reasons) {
    told.reasons = reasons;
    if (reasons === '') services.log.info('the stores are safe again');
    else services.log.error('the stores are not safe any more', { reasons });
  }
  return 0;
}

async function readRedis({ redis }: Services, saleId: number): Promise<RedisFacts> {
  try {
    return await onShard(redis, saleId, async (shard) => {
      // A shard that does not have the sale refuses the first of these: what is looked at is what is armed.
      const [, facts] = await Promise.all([shard.exists(saleMetaKey(saleId)), askFacts(shard)]);
      return facts;
    });
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
}

async function askFacts(redis: Redis): Promise<RedisFacts> {
  // INFO, not CONFIG GET: managed Redis forbids CONFIG.
  const [server, persistence, memory, time] = await Promise.all([
    redis.info('server'),
    redis.info('persistence'),
    redis.info('memory'),
    redis.time(),
  ]);
  const pairs = `${server}\n${persistence}\n${memory}`
    .split(/\r?\n/)
    .map((line) => line.split(':') as [string, string]);
  return { info: new Map(pairs), nowMs: msOf(time) };
}

async function readSql({ mysql }: Services) {
  const rows = await statement(mysql, (sql) =>
    sql.execute(
      raw`SELECT @@innodb_flush_log_at_trx_commit AS flush, @@log_bin AS binlog, @@sync_binlog AS sync_binlog,
        CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED) AS now_ms`,
    ),
  );
  const [row] = rows[0] as unknown as {
    flush: number;
    binlog: number;
    sync_binlog: number;
    now_ms: number;
  }[];
  return {
    flush: Number(row?.flush),
    isBinlogOn: Number(row?.binlog) === 1,
    syncBinlog: Number(row?.sync_binlog),
    nowMs: Number(row?.now_ms),
  };
}
