/** The proxy's own configuration, run by a real HAProxy in front of real API processes: only addresses are replaced. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import {
  EVENTS_HEARTBEAT_MS,
  IDLE_TIMEOUT_S,
  RATE_WINDOW_MS,
  STREAM_HEARTBEAT_MS,
} from '@flash-sale/shared/limits.ts';
import { startApi, type ApiProcess } from '../test/api-process.ts';
import { availableStock, hold, ops } from '../test/client.ts';
import { demandingCrowd } from '../test/demanding-crowd.ts';
import { EventClient } from '../test/event-client.ts';
import { installed } from '../test/installed.ts';
import { freePort } from '../test/free-port.ts';
import { PROXY_CONFIGURATION, PROXY_FILE, startProxy, type Proxy, type ReplicaPorts } from '../test/proxy.ts';
import { scrape } from '../test/scrape.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let haproxy: string;
let world: World;
beforeAll(async () => {
  haproxy = await installed('haproxy', 'haproxy');
  world = await createWorld();
  // With time to get what a bare machine lacks.
}, 300_000);
afterAll(() => world.close());

const portOf = (url: string) => Number(new URL(url).port);

function startReplica(address: string, ports: ReplicaPorts): Promise<ApiProcess> {
  return startApi(world, {
    workers: 'inline',
    env: {
      HOST: address,
      PORT: String(ports.public),
      OPS_HOST: address,
      OPS_PORT: String(ports.ops),
      TRUSTED_PROXIES: '127.0.0.1',
    },
  });
}

test('HAProxy finds nothing to complain of', async () => {
  const check = Bun.spawn([haproxy, '-c', '-f', PROXY_FILE], { stdout: 'pipe', stderr: 'pipe' });
  const said = (await check.stdout.text()) + (await check.stderr.text());
  expect([await check.exited, said]).toEqual([0, expect.not.stringMatching(/WARNING|ALERT/)]);
});

test('the times of the proxy fit those of the API', () => {
  const seconds = (name: string) =>
    Number(new RegExp(`^  ${name} (\\d+)s$`, 'm').exec(PROXY_CONFIGURATION)?.[1] ?? Number.NaN);
  for (const side of ['timeout client', 'timeout server']) {
    expect(seconds(side) * 1_000).toBeGreaterThanOrEqual(
      2 * Math.max(STREAM_HEARTBEAT_MS, EVENTS_HEARTBEAT_MS),
    );
  }
  expect(seconds('timeout http-keep-alive')).toBeLessThan(IDLE_TIMEOUT_S);
});

describe('behind the proxy', () => {
  const [first, second, third] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;
  let ports: ReplicaPorts;
  let apis: ApiProcess[];
  let proxy: Proxy;
  let sale: OneSale;
  let oneAnAddress: OneSale;
  beforeEach(async () => {
    sale = await world.sale({ allotment: 500 });
    oneAnAddress = await world.sale({ addressRate: 1 });
    ports = { public: freePort(), ops: freePort() };
    apis = await Promise.all([startReplica(first, ports), startReplica(second, ports)]);
    proxy = await startProxy([first, second], ports);
    // Its first answer may have named one of them only.
    await until(async () => (await look()) === 200 && (await servedAll()).every((count) => count > 0));
  });
  afterEach(async () => {
    await proxy.listening.stop();
    await Promise.all(apis.map((api) => api.kill()));
  });

  /** What this process counts of requests of buyers. */
  async function served({ listening }: ApiProcess): Promise<number> {
    const text = await (await fetch(`${listening.opsUrl}/metrics`)).text();
    const counts = text.matchAll(/^http_request_duration_seconds_count\{listener="public".*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }

  const servedAll = () => Promise.all(apis.map(served));

  const look = async () => (await fetch(`${proxy.listening.url}/api/products/${sale.productId}`)).status;

  /** Over a connection of its own. */
  const come = async () => {
    const url = `${proxy.listening.url}/api/products/${sale.productId}`;
    return (await fetch(url, { keepalive: false })).status;
  };

  /** 201: held. 200: held before, under this key. 0: the connection was closed without an answer. */
  function holdUnder(key: string): Promise<number> {
    return fetch(`${proxy.listening.url}/api/holds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({ product_id: sale.productId, quantity: 1 }),
    }).then(
      ({ status }) => status,
      () => 0,
    );
  }

  test('requests go to all replicas, and so do those of operators', async () => {
    const before = await servedAll();
    const statuses = await Promise.all(Array.from({ length: 200 }, look));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const after = await servedAll();
    for (const [at, count] of after.entries()) expect(count - (before[at] ?? 0)).toBeGreaterThan(20);
    expect((await ops(proxy, 'GET', '/ops/overview')).status).toBe(200);
  });

  test('nobody who looks notices that a replica is killed, and a hold that is asked for again is the same (I3)', async () => {
    const victim = apis[0];
    if (victim === undefined) throw new Error('no replica');
    const seen = { looks: [] as number[], held: 0, notHeld: [] as number[] };
    const isOver = () => seen.held >= 400;
    const waitingSince = new Map<number, number>();
    const watch = async (watcher: number) => {
      while (!isOver()) {
        waitingSince.set(watcher, performance.now());
        seen.looks.push(await look().catch(() => 0));
      }
    };
    const buy = async () => {
      while (!isOver()) {
        const key = crypto.randomUUID();
        let status = await holdUnder(key);
        while (status !== 201 && status !== 200) {
          seen.notHeld.push(status);
          status = await holdUnder(key);
        }
        seen.held += 1;
      }
    };
    const crowd = [...Array.from({ length: 16 }, (_, at) => watch(at)), ...Array.from({ length: 8 }, buy)];
    await until(() => seen.held > 100);
    // Frozen before it is killed, so that somebody waits for it when it dies.
    process.kill(victim.pid, 'SIGSTOP');
    await until(() => [...waitingSince.values()].some((sinceMs) => performance.now() - sinceMs > 500));
    await victim.kill();
    await Promise.all(crowd);
    expect(seen.looks.length).toBeGreaterThan(100);
    expect(new Set(seen.looks)).toEqual(new Set([200]));
    expect(seen.notHeld.filter((status) => status !== 502 && status !== 0)).toEqual([]);
    expect(await availableStock(proxy, sale.productId)).toBe(500 - seen.held);
  });

  test('replicas are replaced one by one under load, and no request fails', async () => {
    const before = await availableStock(proxy, sale.productId);
    const crowd = demandingCrowd(proxy.listening.url, sale.productId, 24);
    for (const [at, address] of [first, second].entries()) {
      await apis[at]?.listening.stop();
      apis[at] = await startReplica(address, ports);
      await until(async () => (await served(apis[at] as ApiProcess)) > 0);
    }
    const held = await crowd.leave();
    expect(crowd.failures).toEqual([]);
    expect(await availableStock(proxy, sale.productId)).toBe(before - held);
  }, 60_000);

  test('buyers who come find a replica that is added, and none that is taken away', async () => {
    apis.push(await startReplica(third, ports));
    proxy.names.addresses = [second, third];
    const statuses: number[] = [];
    await until(async () => {
      const before = await servedAll();
      statuses.push(...(await Promise.all(Array.from({ length: 30 }, come))));
      const after = await servedAll();
      return after.map((count, at) => count > (before[at] ?? 0)).join() === 'false,true,true';
    });
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('a proxy without replicas says so, and finds one that is back by itself', async () => {
    const replicas = async () =>
      (await scrape(`http://${proxy.metrics}`)).value('haproxy_backend_active_servers', { proxy: 'public' });
    expect(await replicas()).toBe(2);
    await Promise.all(apis.map((api) => api.kill()));
    await until(async () => (await fetch(proxy.healthUrl)).status === 503);
    expect(await replicas()).toBe(0);
    expect(await look()).toBe(503);
    apis.push(await startReplica(first, ports));
    await until(async () => (await fetch(proxy.healthUrl)).status === 200);
    expect(await look()).toBe(200);
  });

  test('buyers are told apart by their addresses, whatever they say of themselves', async () => {
    // Not across the end of a window.
    await until(() => Date.now() % RATE_WINDOW_MS < RATE_WINDOW_MS - 3_000);
    expect(await holdFrom('127.0.0.8')).toBe(201);
    expect(await holdFrom('127.0.0.8', '203.0.113.9')).toBe(429);
    expect(await holdFrom('127.0.0.9')).toBe(201);
  });

  async function holdFrom(address: string, said?: string): Promise<number> {
    const body = JSON.stringify({ product_id: oneAnAddress.productId, quantity: 1 });
    const request = [
      'POST /api/holds HTTP/1.1',
      'host: shop',
      'connection: close',
      'content-type: application/json',
      `content-length: ${body.length}`,
      ...(said === undefined ? [] : [`x-forwarded-for: ${said}`]),
    ].join('\r\n');
    const port = portOf(proxy.listening.url);
    const socket = connect({ port, host: '127.0.0.1', localAddress: address });
    socket.write(`${request}\r\n\r\n${body}`);
    let answer = '';
    for await (const piece of socket) answer += String(piece);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
  }

  test('streams begin at once, tell as it happens, and are not cut where nothing does', async () => {
    const stock = await fetch(`${proxy.listening.url}/api/products/${sale.productId}/stock`);
    const lines = textOf(stock);
    await until(() => lines.text.includes('"available_stock":500'), 1_000);
    const events = await EventClient.open(proxy);
    const { body } = await hold(proxy, sale.productId, { quantity: 2 });
    await until(() => events.seen.some(({ data }) => data.hold_id === body.data.hold_id), 1_000);
    await until(() => lines.text.includes('"available_stock":498'), 1_000);
    const told = lines.text.length;
    await until(() => lines.text.length > told, STREAM_HEARTBEAT_MS + 2_000);
    expect([lines.hasEnded, await isOpen(events)]).toEqual([false, true]);
    await events.cut();
  }, 30_000);
});

function textOf(response: Response): { text: string; hasEnded: boolean } {
  const seen = { text: '', hasEnded: false };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) seen.text += decoder.decode(bytes, { stream: true });
  })()
    .catch(() => {})
    .then(() => {
      seen.hasEnded = true;
    });
  return seen;
}

const isOpen = (events: EventClient) =>
  Promise.race([events.ended.then(() => false), Promise.resolve().then(() => true)]);
