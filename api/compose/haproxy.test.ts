// The proxy's own configuration, run by a real HAProxy in front of real API processes: only addresses are replaced.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EVENTS_HEARTBEAT_MS,
  IDLE_TIMEOUT_S,
  RATE_WINDOW_MS,
  STREAM_HEARTBEAT_MS,
} from '@flash-sale/shared/limits.ts';
import { findBinaries } from '../embedded/binaries.ts';
import { startApi, type ApiProcess } from '../test/api-process.ts';
import { availableStock, hold, ops } from '../test/client.ts';
import { EventClient } from '../test/event-client.ts';
import { installed } from '../test/installed.ts';
import { freePort } from '../test/matrix/replica.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

const FILE = join(import.meta.dir, 'haproxy.cfg');
const CONFIGURATION = readFileSync(FILE, 'utf8');
const { setpriv } = findBinaries();

let haproxy: string;
let world: World;
let folder: string;
beforeAll(async () => {
  haproxy = await installed('haproxy', 'haproxy');
  world = await createWorld();
  folder = mkdtempSync(join(tmpdir(), 'flash-sale-proxy-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.close();
});

const portOf = (url: string) => new URL(url).port;

interface Proxy {
  readonly listening: { readonly url: string; readonly opsUrl: string; stop(): Promise<void> };
  readonly healthUrl: string;
}

/** Every line that names an address is replaced, and how many files may be open. @throws where there is no such line */
function withAddresses(apis: readonly ApiProcess[], ports: { public: number; ops: number; health: number }) {
  const servers = (url: (api: ApiProcess) => string) =>
    apis
      .map(
        (api, at) => `server api${at} ${new URL(url(api)).host} check port ${portOf(api.listening.opsUrl)}`,
      )
      .join('\n  ');
  const lines: [string, string][] = [
    ['maxconn 20000', 'maxconn 400'],
    ['bind :8000', `bind 127.0.0.1:${ports.public}`],
    ['bind :8001', `bind 127.0.0.1:${ports.ops}`],
    ['bind 127.0.0.1:8404', `bind 127.0.0.1:${ports.health}`],
    [
      'server-template api 16 api:8000 resolvers docker init-addr none',
      servers(({ listening }) => listening.url),
    ],
    [
      'server-template api 16 api:8001 resolvers docker init-addr none',
      servers(({ listening }) => listening.opsUrl),
    ],
  ];
  return lines.reduce((text, [line, here]) => {
    const parts = text.split(`  ${line}\n`);
    if (parts.length !== 2) throw new Error(`haproxy.cfg: expected one line "${line}"`);
    return parts.join(`  ${here}\n`);
  }, CONFIGURATION);
}

async function startProxy(apis: readonly ApiProcess[]): Promise<Proxy> {
  const ports = { public: freePort(), ops: freePort(), health: freePort() };
  const file = join(folder, `${ports.public}.cfg`);
  writeFileSync(file, withAddresses(apis, ports));
  const command = [haproxy, '-q', '-db', '-f', file];
  const child = Bun.spawn(setpriv ? [setpriv, '--pdeathsig', 'KILL', '--', ...command] : command, {
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const healthUrl = `http://127.0.0.1:${ports.health}/health`;
  await until(async () => (await fetch(healthUrl)).status === 200);
  return {
    listening: {
      url: `http://127.0.0.1:${ports.public}`,
      opsUrl: `http://127.0.0.1:${ports.ops}`,
      async stop() {
        child.kill('SIGKILL');
        await child.exited;
      },
    },
    healthUrl,
  };
}

test('HAProxy finds nothing to complain of', async () => {
  const check = Bun.spawn([haproxy, '-c', '-f', FILE], { stdout: 'pipe', stderr: 'pipe' });
  const said = (await check.stdout.text()) + (await check.stderr.text());
  expect([await check.exited, said]).toEqual([0, 'Configuration file is valid\n']);
});

test('the times of the proxy fit those of the API', () => {
  const seconds = (name: string) =>
    Number(new RegExp(`^  ${name} (\\d+)s$`, 'm').exec(CONFIGURATION)?.[1] ?? Number.NaN);
  for (const side of ['timeout client', 'timeout server']) {
    expect(seconds(side) * 1_000).toBeGreaterThanOrEqual(
      2 * Math.max(STREAM_HEARTBEAT_MS, EVENTS_HEARTBEAT_MS),
    );
  }
  expect(seconds('timeout http-keep-alive')).toBeLessThan(IDLE_TIMEOUT_S);
});

describe('behind the proxy', () => {
  let apis: [ApiProcess, ApiProcess];
  let proxy: Proxy;
  let sale: OneSale;
  let oneAnAddress: OneSale;
  beforeEach(async () => {
    sale = await world.sale({ allotment: 500 });
    oneAnAddress = await world.sale({ addressRate: 1 });
    const options = { workers: 'inline', env: { TRUSTED_PROXIES: '127.0.0.1' } } as const;
    apis = await Promise.all([startApi(world, options), startApi(world, options)]);
    proxy = await startProxy(apis);
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

  const look = async () => (await fetch(`${proxy.listening.url}/api/products/${sale.productId}`)).status;

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
    const statuses = await Promise.all(Array.from({ length: 200 }, look));
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (const api of apis) expect(await served(api)).toBeGreaterThan(20);
    expect((await ops(proxy, 'GET', '/ops/overview')).status).toBe(200);
  });

  test('nobody who looks notices that a replica is killed, and a hold that is asked for again is the same (I3)', async () => {
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
    process.kill(apis[0].pid, 'SIGSTOP');
    await until(() => [...waitingSince.values()].some((sinceMs) => performance.now() - sinceMs > 500));
    await apis[0].kill();
    await Promise.all(crowd);
    expect(seen.looks.length).toBeGreaterThan(100);
    expect(new Set(seen.looks)).toEqual(new Set([200]));
    expect(seen.notHeld.filter((status) => status !== 502 && status !== 0)).toEqual([]);
    expect(await availableStock(proxy, sale.productId)).toBe(500 - seen.held);
  });

  test('a proxy without replicas says so, and finds one that is back by itself', async () => {
    const { port } = new URL(apis[0].listening.url);
    const opsPort = portOf(apis[0].listening.opsUrl);
    await Promise.all(apis.map((api) => api.kill()));
    await until(async () => (await fetch(proxy.healthUrl)).status === 503);
    expect(await look()).toBe(503);
    apis[0] = await startApi(world, { env: { PORT: port, OPS_PORT: opsPort } });
    await until(async () => (await fetch(proxy.healthUrl)).status === 200);
    expect(await look()).toBe(200);
  });

  test('buyers are told apart by their addresses, whatever they say of themselves', async () => {
    // Not across the end of a window.
    await until(() => Date.now() % RATE_WINDOW_MS < RATE_WINDOW_MS - 3_000);
    expect(await holdFrom('127.0.0.2')).toBe(201);
    expect(await holdFrom('127.0.0.2', '203.0.113.9')).toBe(429);
    expect(await holdFrom('127.0.0.3')).toBe(201);
  });

  async function holdFrom(address: string, claimed?: string): Promise<number> {
    const body = JSON.stringify({ product_id: oneAnAddress.productId, quantity: 1 });
    const request = [
      'POST /api/holds HTTP/1.1',
      'host: shop',
      'connection: close',
      'content-type: application/json',
      `content-length: ${body.length}`,
      ...(claimed === undefined ? [] : [`x-forwarded-for: ${claimed}`]),
    ].join('\r\n');
    const port = Number(portOf(proxy.listening.url));
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
