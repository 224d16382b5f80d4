/** API processes that are stopped, killed or replaced in the middle of something. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../log.ts';
import { openProcesses } from '../processes.ts';
import { childrenOf, isAlive } from './family.ts';
import { freePort, freePortsInARow } from './free-port.ts';
import { scrape } from './scrape.ts';
import { until } from './until.ts';
import { createWorld, testConfig, type OneSale, type World } from './world.ts';

let world: World;
let sale: OneSale;
const folder = mkdtempSync(join(tmpdir(), 'flash-sale-process-ends-'));
const started = new Set<Supervisor>();
beforeAll(async () => {
  world = await createWorld();
  sale = await world.sale({ allotment: 1_000 });
});
afterEach(async () => {
  for (const { pid, ended } of started) {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await ended;
  }
  started.clear();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await world.close();
});

interface Supervisor {
  readonly pid: number;
  readonly url: string;
  readonly ended: Promise<string>;
  /** All that it and its processes logged so far. */
  said(): string;
}

/** The leader of its group, as whatever a terminal starts is. */
function supervise(env: Record<string, string> = {}): Supervisor {
  const port = env['PORT'] ?? String(freePort());
  const log = join(folder, `${crypto.randomUUID()}.log`);
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '../server.ts')], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      PORT: port,
      OPS_PORT: '0',
      REDIS_URL: world.redisUrl,
      DATABASE_URL: world.databaseUrl,
      API_PROCESSES: '2',
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'ignore', Bun.file(log)],
    detached: true,
  });
  const ended = child.exited.then((code) => String(child.signalCode ?? `exit code ${code}`));
  const url = `http://127.0.0.1:${port}`;
  const supervisor = { pid: child.pid, url, ended, said: () => readFileSync(log, 'utf8') };
  started.add(supervisor);
  return supervisor;
}

const isSaying = (supervisor: Supervisor, words: string) => supervisor.said().includes(words);
const untilServing = (supervisor: Supervisor) => until(() => isSaying(supervisor, '"processes":'));

/** A request for a hold whose last byte does not come before it is told to. */
async function slowHold(url: string) {
  const body = JSON.stringify({ product_id: sale.productId, quantity: 1 });
  const { hostname, port } = new URL(url);
  const answer = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, bytes) => answer.resolve(bytes.toString()),
      close: () => answer.resolve('closed without an answer'),
      error: () => answer.resolve('reset'),
    },
  });
  const head = `POST /api/holds HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(head + body.slice(0, -1));
  return {
    answer: answer.promise,
    finish: () => socket.write(body.slice(-1)),
    leave: () => socket.end(),
  };
}

/** Of two processes, at the first: the kernel chooses, so it is tried until it did. */
async function slowHoldAtFirst(url: string, opsUrls: readonly string[]) {
  const waiting = async (opsUrl: string) =>
    (await scrape(opsUrl)).value('http_requests_in_flight', { listener: 'public' }) ?? 0;
  for (;;) {
    const slow = await slowHold(url);
    const counts = await until(async () => {
      const found = await Promise.all(opsUrls.map(waiting));
      return found.some((count) => count > 0) && found;
    });
    if ((counts[0] ?? 0) > 0) return slow;
    slow.leave();
    await until(async () => (await Promise.all(opsUrls.map(waiting))).every((count) => count === 0));
  }
}

async function twoWithASlowHold() {
  const first = freePortsInARow(2);
  const supervisor = supervise({ OPS_PORT: String(first) });
  await untilServing(supervisor);
  const slow = await slowHoldAtFirst(
    supervisor.url,
    [first, first + 1].map((port) => `http://127.0.0.1:${port}`),
  );
  return { supervisor, slow };
}

describe('a signal to the whole group, as ctrl+c is', () => {
  for (const [when, isThen] of [
    ['before any of them serves', ({ pid }: Supervisor) => childrenOf(pid).length === 1],
    ['while the others start', ({ pid }: Supervisor) => childrenOf(pid).length === 3],
    ['when all serve', (supervisor: Supervisor) => isSaying(supervisor, '"processes":4')],
  ] as const) {
    test(`${when} ends them at once, and no fault is told`, async () => {
      const supervisor = supervise({ API_PROCESSES: '4' });
      await until(() => isThen(supervisor));
      const children = childrenOf(supervisor.pid);
      const askedAtMs = performance.now();
      process.kill(-supervisor.pid, 'SIGINT');
      expect(await supervisor.ended).toBe('exit code 0');
      expect(performance.now() - askedAtMs).toBeLessThan(2_000);
      expect(supervisor.said()).not.toContain('error');
      expect(children.filter(isAlive)).toEqual([]);
    });
  }
});

describe('a replacement', () => {
  test('that is stopped waits for whom a process still answers', async () => {
    const { supervisor, slow } = await twoWithASlowHold();
    const [old = 0] = childrenOf(supervisor.pid);
    process.kill(supervisor.pid, 'SIGUSR2');
    await until(() => childrenOf(supervisor.pid).length === 3);
    await until(() => supervisor.said().split('"message":"listening"').length === 5);
    process.kill(supervisor.pid, 'SIGTERM');
    await until(() => childrenOf(supervisor.pid).join() === String(old));
    slow.finish();
    expect(await slow.answer).toContain('201');
    expect(await supervisor.ended).toBe('exit code 0');
    expect(isAlive(old)).toBe(false);
  });

  test('that is asked for again meanwhile, however often, follows once', async () => {
    const { supervisor, slow } = await twoWithASlowHold();
    const ask = () => process.kill(supervisor.pid, 'SIGUSR2');
    ask();
    await until(() => childrenOf(supervisor.pid).length === 3);
    ask();
    ask();
    // Each place has one that goes and one that comes at most, and one place has its turn.
    let most = 0;
    const count = setInterval(() => {
      most = Math.max(most, childrenOf(supervisor.pid).length);
    }, 20);
    // The signals have been heard when whoever was told to stop has let its health go.
    await until(() => isSaying(supervisor, 'listening'));
    slow.finish();
    const rounds = () => supervisor.said().split('API processes were replaced').length - 1;
    await until(() => rounds() === 2);
    clearInterval(count);
    expect(most).toBeLessThanOrEqual(3);
    process.kill(supervisor.pid, 'SIGTERM');
    expect(await supervisor.ended).toBe('exit code 0');
    expect(rounds()).toBe(2);
  });

  test('reads the files of secrets as they are then', async () => {
    const [before, after] = ['one that everybody knows by now', 'one that nobody knows but us two'];
    const file = join(folder, 'webhook-secret');
    writeFileSync(file, before);
    const supervisor = supervise({ WEBHOOK_SECRET_FILE: file });
    await untilServing(supervisor);
    const isBelieved = async (secret: string) => (await payment(supervisor.url, secret)) !== 401;
    expect(await isBelieved(before)).toBe(true);
    writeFileSync(file, after);
    expect(await isBelieved(after)).toBe(false);
    process.kill(supervisor.pid, 'SIGUSR2');
    await until(() => isSaying(supervisor, 'API processes were replaced'));
    expect(await isBelieved(after)).toBe(true);
    expect(await isBelieved(before)).toBe(false);
  });

  test('whose successor hangs is given up, and the one before it goes on', async () => {
    let said = '';
    const log = createLog('info', (line) => (said += line));
    const processes = openProcesses(testConfig({ API_PROCESSES: '2' }), log, {
      environment: {
        NODE_ENV: 'test',
        OPS_PORT: '0',
        REDIS_URL: world.redisUrl,
        DATABASE_URL: world.databaseUrl,
        LOG_LEVEL: 'silent',
      },
      write: () => {},
      startMaxMs: 5_000,
    });
    const [first] = await processes.serving;
    const before = childrenOf(process.pid);
    process.kill(process.pid, 'SIGUSR2');
    const successor = await until(() => childrenOf(process.pid).find((pid) => !before.includes(pid)));
    process.kill(successor, 'SIGSTOP');
    await until(() => said.includes('did not serve within 5000 ms'));
    await until(() => said.includes('API processes were replaced'));
    expect(said).toContain('"replaced":1');
    expect((await fetch(`${first?.url}/api/products/${sale.productId}`)).status).toBe(200);
    await processes.stop();
    expect(isAlive(successor)).toBe(false);
  });
});

test('when their parent is killed -9 in the middle of a request, all are gone and the next one has the port', async () => {
  const { supervisor, slow } = await twoWithASlowHold();
  const children = childrenOf(supervisor.pid);
  process.kill(supervisor.pid, 'SIGKILL');
  const next = supervise({ PORT: new URL(supervisor.url).port });
  await untilServing(next);
  expect(children.filter(isAlive)).toEqual([]);
  expect(await slow.answer).not.toContain('201');
});

test('a stop does not wait for a connection on which no request comes', async () => {
  const supervisor = supervise({ API_PROCESSES: '1' });
  await until(() => isSaying(supervisor, 'listening'));
  const { hostname, port } = new URL(supervisor.url);
  const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
  socket.write('GET /api/products/1 HTTP/1.1\r\nhost:');
  expect((await fetch(`${supervisor.url}/api/products/${sale.productId}`)).status).toBe(200);
  const askedAtMs = performance.now();
  process.kill(supervisor.pid, 'SIGTERM');
  expect(await supervisor.ended).toBe('exit code 0');
  expect(performance.now() - askedAtMs).toBeLessThan(3_000);
});

/** @returns the status of the answer to a webhook that is signed with the secret */
async function payment(url: string, secret: string): Promise<number> {
  const body = JSON.stringify({
    hold_id: crypto.randomUUID(),
    payment_intent_id: `pi_${crypto.randomUUID()}`,
    amount: 1,
    currency: 'USD',
  });
  const [id, timestamp] = [`msg_${crypto.randomUUID()}`, String(Math.floor(Date.now() / 1_000))];
  const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  const { status } = await fetch(`${url}/api/webhook/payment-success`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  });
  return status;
}
