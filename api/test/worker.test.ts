/** The worker as a process of its own: what supervisors and Prometheus see of it, and how it ends. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { WORKERS } from '../workers/workers.ts';
import { startApi, type ApiProcess } from './api-process.ts';
import { until } from './until.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let worker: ApiProcess;
beforeAll(async () => {
  world = await createWorld();
  worker = await startApi(world, { script: 'worker.ts' });
});
afterAll(async () => {
  await worker.kill();
  await world.close();
});

const get = (path: string) => fetch(`${worker.listening.opsUrl}${path}`);

describe('a worker', () => {
  test('says that it lives, and that its stores answer', async () => {
    expect(await (await get('/health/live')).json()).toEqual({ status: 'live' });
    const ready = await until(async () => {
      const answer = await get('/health/ready');
      return answer.status === 200 ? answer.json() : null;
    });
    expect(ready).toEqual({ status: 'ready', redis: true, sql: true, stopping: false });
  });

  test('tells Prometheus of the turn of each of its workers', async () => {
    const turns = await until(async () => {
      const lines = (await (await get('/metrics')).text()).split('\n');
      const told = lines.filter((line) => line.startsWith('flashsale_worker_turn_timestamp_seconds{'));
      return told.length === WORKERS.length ? told : null;
    });
    for (const { name } of WORKERS) expect(turns.join()).toContain(`worker="${name}"`);
  });

  test('serves nobody else', async () => {
    for (const path of ['/api/products/1', '/ops/overview', '/docs', '/openapi.json']) {
      expect((await get(path)).status).toBe(404);
    }
  });

  test('does not start where another process listens, and says which variable to set', async () => {
    const { port } = new URL(worker.listening.opsUrl);
    const other = startApi(world, { script: 'worker.ts', env: { OPS_PORT: port } });
    const why = await other.then(
      () => 'it started',
      (error: unknown) => String(error),
    );
    expect(why).toContain(
      `Port ${port} is taken by another program. Stop that one or set OPS_PORT to another port.`,
    );
  });

  test('ends well when it is asked to, though Prometheus keeps its connection', async () => {
    const other = await startApi(world, { script: 'worker.ts' });
    expect((await fetch(`${other.listening.opsUrl}/metrics`)).status).toBe(200);
    await other.listening.stop();
    expect(await other.ended).toBe('exit code 0');
  });
});
