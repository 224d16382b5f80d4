import { Type } from '@sinclair/typebox';
import { Elysia } from 'elysia';
import { sql as raw } from 'drizzle-orm';
import { statement } from '../mysql/transaction.ts';
import { setGauges } from '../overview/gauges.ts';
import { askEveryShard } from '../redis/shards.ts';
import type { Services } from '../services.ts';
import { documented } from './documented.ts';
import type { Door } from './door.ts';

/**
 * For supervisors and Prometheus, on the private listener. Live asks nothing of the stores; ready does. Both say no from
 * the moment the process was asked to stop, so that proxies send nobody here any more.
 * While any shard of a cluster answers Redis does: the sales of the others are sold, and no other process would do better.
 */
export function healthRoutes(services: Services, door: Door) {
  return new Elysia()
    .get(
      '/health/live',
      ({ set }) => {
        set.status = door.isClosing ? 503 : 200;
        return { status: door.isClosing ? 'stopping' : 'live' };
      },
      LIVE,
    )
    .get(
      '/health/ready',
      async ({ set }) => {
        const [redis, sql] = await Promise.all([
          answers(askEveryShard(services.redis, (shard) => shard.ping())),
          answers(statement(services.mysql, (db) => db.execute(raw`select 1`))),
        ]);
        const isReady = redis && sql && !door.isClosing;
        set.status = isReady ? 200 : 503;
        return { status: isReady ? 'ready' : 'not_ready', redis, sql, stopping: door.isClosing };
      },
      READY,
    )
    .get(
      '/metrics',
      async ({ set }) => {
        await setGauges(services);
        set.headers['content-type'] = services.metrics.contentType;
        return services.metrics.text();
      },
      METRICS,
    );
}

const readiness = (status: 'ready' | 'not_ready', sql: boolean) =>
  Type.Object({
    status: Type.Literal(status),
    redis: Type.Boolean(),
    sql: Type.Boolean({ examples: [sql] }),
    stopping: Type.Boolean({ examples: [false] }),
  });

const LIVE = documented({
  summary: 'The process runs, and was not asked to stop',
  tag: 'Health',
  success: {
    200: Type.Object({ status: Type.Literal('live') }),
    503: Type.Object({ status: Type.Literal('stopping') }),
  },
  failures: ['unavailable'],
  bare: 'application/json',
});

const READY = documented({
  summary: 'The process can serve: both stores answer, and it was not asked to stop',
  tag: 'Health',
  success: { 200: readiness('ready', true), 503: readiness('not_ready', false) },
  failures: ['unavailable'],
  bare: 'application/json',
});

const METRICS = documented({
  summary: 'Metrics for Prometheus',
  tag: 'Health',
  success: { 200: Type.String({ examples: ['flashsale_sale_units{sale="1",state="available"} 40\n'] }) },
  failures: ['unavailable'],
  bare: 'text/plain',
});

async function answers(question: Promise<unknown>): Promise<boolean> {
  try {
    await question;
    return true;
  } catch {
    return false;
  }
}
