import { Elysia } from 'elysia';
import { sql as raw } from 'drizzle-orm';
import { statement } from '../mysql/transaction.ts';
import type { Services } from '../services.ts';

/**
 * For supervisors and Prometheus, on the private listener. Live asks nothing of the stores; ready does, and says no
 * from the moment the process was asked to stop.
 */
export function healthRoutes(services: Services, isStopping: () => boolean) {
  return new Elysia()
    .get('/health/live', () => ({ status: 'live' }))
    .get('/health/ready', async ({ set }) => {
      const [redis, sql] = await Promise.all([
        answers(services.redis.ping()),
        answers(statement(services.mysql, (db) => db.execute(raw`select 1`))),
      ]);
      const isReady = redis && sql && !isStopping();
      set.status = isReady ? 200 : 503;
      return { status: isReady ? 'ready' : 'not_ready', redis, sql, stopping: isStopping() };
    })
    .get('/metrics', async ({ set }) => {
      set.headers['content-type'] = services.metrics.registry.contentType;
      return services.metrics.registry.metrics();
    });
}

async function answers(question: Promise<unknown>): Promise<boolean> {
  try {
    await question;
    return true;
  } catch {
    return false;
  }
}
