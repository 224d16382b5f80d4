/** A sale is only armed on stores that keep what they acknowledged. */

import { sql as raw } from 'drizzle-orm';
import { CLOCK_SKEW_MAX_MS } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { perProcess } from '../per-process.ts';
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

/** @throws StoreUnavailable */
export async function checkStores(services: Services): Promise<StoresChecked> {
  const [redis, sql] = await Promise.all([readRedis(services), readSql(services)]);
  const reasons: string[] = [];
  const version = redis.info.get('redis_version') ?? 'unknown';
  if (!(Number.parseInt(version, 10) >= REDIS_VERSION_MIN)) {
    reasons.push(`Redis is of version ${version}: ${REDIS_VERSION_MIN} or newer is needed`);
  }
  if (redis.info.get('aof_enabled') !== '1') {
    reasons.push('Redis keeps no append-only file: set "appendonly yes"');
  }
  if (redis.info.get('maxmemory_policy') !== 'noeviction') {
    reasons.push(
      `Redis may evict holds (maxmemory-policy ${redis.info.get('maxmemory_policy')}): set "maxmemory-policy noeviction"`,
    );
  }
  if (sql.flush !== 1) {
    reasons.push(`SQL may lose commits: set innodb_flush_log_at_trx_commit = 1 (it is ${sql.flush})`);
  }
  if (sql.isBinlogOn && sql.syncBinlog !== 1) {
    reasons.push(`SQL may lose commits from its binary log: set sync_binlog = 1 (it is ${sql.syncBinlog})`);
  }
  const skewMs = redis.nowMs - sql.nowMs;
  services.metrics.clockSkew.set(skewMs / 1_000);
  if (Math.abs(skewMs) > CLOCK_SKEW_MAX_MS) {
    reasons.push(
      `the clocks of Redis and SQL differ by about ${Math.round(Math.abs(skewMs) / 1_000)} s, allowed are ${CLOCK_SKEW_MAX_MS / 1_000}: set them right`,
    );
  }
  return { reasons, skewMs };
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

async function readRedis({ redis }: Services): Promise<{ info: Map<string, string>; nowMs: number }> {
  try {
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
    return { info: new Map(pairs), nowMs: Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000) };
  } catch (error) {
    throw new StoreUnavailable('redis', error);
  }
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
