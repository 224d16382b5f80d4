/** API_PROCESSES: several processes on one port, and what buyers see of one that is replaced or dies. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { startApi, type ApiProcess } from './api-process.ts';
import { availableStock, hold } from './client.ts';
import { demandingCrowd } from './demanding-crowd.ts';
import { EventClient } from './event-client.ts';
import { childrenOf, isAlive } from './family.ts';
import { freePortsInARow } from './free-port.ts';
import { scrape } from './scrape.ts';
import { until } from './until.ts';
import { createWorld, type OneSale, type World } from './world.ts';

const ALLOTMENT = 1_000_000;

let world: World;
let sale: OneSale;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('two API processes', () => {
  let api: ApiProcess;
  let opsUrls: readonly [string, string];
  beforeEach(async () => {
    sale = await world.sale({ allotment: ALLOTMENT });
    const first = freePortsInARow(2);
    opsUrls = [`http://127.0.0.1:${first}`, `http://127.0.0.1:${first + 1}`];
    api = await startApi(world, { workers: 'inline', env: { API_PROCESSES: '2', OPS_PORT: String(first) } });
    await until(async () => (await Promise.all(opsUrls.map(startedAt))).length === 2);
  });
  afterEach(() => api.listening.stop());

  /** By its clock, of the process that is there now. */
  const startedAt = async (opsUrl: string) => (await scrape(opsUrl)).value('process_start_time_seconds') ?? 0;

  const buyers = () => ({ listening: api.listening });

  /** @returns what it tells, as it comes */
  async function watchStock(path: string, signal: AbortSignal): Promise<{ text: string }> {
    const { body } = await fetch(api.listening.url + path, { signal });
    const told = { text: '' };
    const hear = async () => {
      for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) told.text += piece;
    };
    void hear().catch(() => {});
    await until(() => told.text.includes('available_stock'));
    return told;
  }

  test('share the buyers, and each tells its own metrics', async () => {
    const crowd = demandingCrowd(api.listening.url, sale.productId, 32);
    const answered = async (opsUrl: string) =>
      (await scrape(opsUrl)).by('status', 'http_request_duration_seconds_count', { method: 'POST' })['201'] ??
      0;
    await until(async () => (await Promise.all(opsUrls.map(answered))).every((count) => count > 50));
    const held = await crowd.leave();
    expect(crowd.failures).toEqual([]);
    expect(await availableStock(buyers(), sale.productId)).toBe(ALLOTMENT - held);
  });

  test('tell every listener of events what happened at any of them', async () => {
    const consumers = await Promise.all(
      opsUrls.map((opsUrl) => EventClient.open({ listening: { ...api.listening, opsUrl } })),
    );
    const { body } = await hold(buyers(), sale.productId);
    for (const { seen } of consumers) {
      await until(() => seen.some(({ data }) => data.hold_id === body.data.hold_id));
    }
    await Promise.all(consumers.map((consumer) => consumer.cut()));
  });

  test('tell whoever watches the stock at either what was held at one of them', async () => {
    const gone = new AbortController();
    const watchers = await Promise.all(
      Array.from({ length: 16 }, () => watchStock(`/api/products/${sale.productId}/stock`, gone.signal)),
    );
    const watching = async (opsUrl: string) =>
      (await scrape(opsUrl)).value('http_requests_in_flight', { listener: 'public' }) ?? 0;
    expect(Math.min(...(await Promise.all(opsUrls.map(watching))))).toBeGreaterThan(0);
    await hold(buyers(), sale.productId, { quantity: 3 });
    for (const told of watchers) {
      await until(() => told.text.includes(`"available_stock":${ALLOTMENT - 3}`));
    }
    gone.abort();
  });

  test('are replaced one by one, and no request fails', async () => {
    const before = await Promise.all(opsUrls.map(startedAt));
    const crowd = demandingCrowd(api.listening.url, sale.productId, 32);
    process.kill(api.pid, 'SIGUSR2');
    // Old and new share a port for a moment: each has to be seen often enough to be the new one.
    await until(async () => {
      const looks = await Promise.all([...opsUrls, ...opsUrls, ...opsUrls].map(startedAt));
      return looks.every((at, index) => at > (before[index % 2] ?? 0));
    }, 25_000);
    const held = await crowd.leave();
    expect(crowd.failures).toEqual([]);
    expect(held).toBeGreaterThan(100);
    expect(await availableStock(buyers(), sale.productId)).toBe(ALLOTMENT - held);
  });

  test('one that dies is started again, and meanwhile the other serves', async () => {
    const before = await Promise.all(opsUrls.map(startedAt));
    for (const pid of childrenOf(api.pid).slice(0, 1)) process.kill(pid, 'SIGKILL');
    // What the dead one had not read is lost; whoever comes after that is served.
    await until(async () => (await hold(buyers(), sale.productId)).status === 201, 1_000);
    await until(async () => {
      const now = await Promise.all(opsUrls.map(startedAt));
      return now.filter((at, index) => at > (before[index] ?? 0)).length === 1;
    });
  });

  test('are not killed by the signal that replaces them, as early as it comes', async () => {
    // Its line comes from the first process, before its parent has all of them.
    const early = await startApi(world, { env: { API_PROCESSES: '3' } });
    process.kill(early.pid, 'SIGUSR2');
    await until(() => childrenOf(early.pid).length === 3);
    expect((await hold(early, sale.productId)).status).toBe(201);
    await early.listening.stop();
    expect(await early.ended).toBe('exit code 0');
  });

  test('keep their port: another program is told that it is taken', async () => {
    const { port } = new URL(api.listening.url);
    for (const API_PROCESSES of ['1', '2']) {
      expect(await whyNot({ API_PROCESSES, PORT: port })).toContain(`Port ${port} is taken`);
    }
  });

  test('end when their parent is killed -9', async () => {
    const pids = childrenOf(api.pid);
    expect(pids).toHaveLength(2);
    await api.kill();
    await until(() => pids.every((pid) => !isAlive(pid)));
  });
});

test('a PORT among the ports for operators is refused before anything starts', async () => {
  const why = await whyNot({ API_PROCESSES: '3', OPS_PORT: '18300', PORT: '18302' });
  expect(why).toContain('PORT: 18302 is one of the ports for operators');
});

test('API_PROCESSES that cannot each have a port for operators are refused before anything starts', async () => {
  const why = await whyNot({ API_PROCESSES: '3', OPS_PORT: '65534' });
  expect(why).toContain('OPS_PORT: there are not 2 ports after it');
});

function whyNot(env: Record<string, string>): Promise<string> {
  return startApi(world, { env }).then(
    () => 'it started',
    (error: unknown) => String(error),
  );
}
