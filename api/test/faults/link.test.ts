import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../until.ts';
import { Link } from './link.ts';

/** A store that repeats every line it hears, and remembers it. */
const folder = mkdtempSync(join(tmpdir(), 'flash-sale-link-'));
const path = join(folder, 'echo.sock');
const heard: string[] = [];
const ends: string[] = [];
let echo: Server;
beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(chunk.toString());
      socket.write(`echo ${chunk.toString()}`);
    });
    socket.on('end', () => {
      ends.push('end');
      socket.end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  echo.listen(path, resolve);
  await promise;
});
afterAll(() => {
  echo.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  heard.length = 0;
  ends.length = 0;
});

class Client {
  readonly replies: string[] = [];
  fate: 'open' | 'ended' | 'reset' = 'open';
  readonly socket: Socket;

  constructor(link: Link) {
    this.socket = connect(link.port, '127.0.0.1');
    this.socket.on('data', (chunk) => this.replies.push(chunk.toString()));
    this.socket.on('end', () => (this.fate = this.fate === 'reset' ? 'reset' : 'ended'));
    this.socket.on('error', () => (this.fate = 'reset'));
  }

  async ask(text: string): Promise<void> {
    const before = this.replies.length;
    this.socket.write(text);
    await until(() => this.replies.length > before, 2_000);
  }
}

async function connected(): Promise<{ link: Link; client: Client }> {
  const link = await Link.open(path);
  const client = new Client(link);
  await client.ask('hello');
  return { link, client };
}

describe('a link', () => {
  test('passes on what is said, in order, and the end of it', async () => {
    const { link, client } = await connected();
    for (let n = 0; n < 50; n += 1) client.socket.write(`${n} `);
    await until(() => heard.join('').endsWith('49 '));
    expect(heard.join('')).toBe(`hello${Array.from({ length: 50 }, (_, n) => `${n} `).join('')}`);
    client.socket.end();
    await until(() => link.connections === 0);
    expect(client.fate).toBe('ended');
    link.close();
  });

  test('delays each way, and keeps the order when the weather clears meanwhile', async () => {
    const { link, client } = await connected();
    link.delay(120);
    const startedAt = performance.now();
    await client.ask('slow');
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(235);
    client.socket.write('first ');
    await until(() => heard.includes('first '));
    client.socket.write('second ');
    link.clear();
    client.socket.write('third ');
    await until(() => heard.join('').includes('third '));
    expect(heard.join('')).toEndWith('first second third ');
    link.close();
  });

  test('delivers the request and swallows the reply; then the connection is reset, not repaired', async () => {
    const { link, client } = await connected();
    link.swallow();
    client.socket.write('buy');
    await until(() => heard.includes('buy'));
    link.clear();
    await until(() => client.fate === 'reset');
    expect(client.replies).toEqual(['echo hello']);
    const next = new Client(link);
    await next.ask('again');
    expect(next.replies).toEqual(['echo again']);
    link.close();
  });

  test('resets, and refuses new connections until it is clear', async () => {
    const { link, client } = await connected();
    link.reset(true);
    await until(() => client.fate === 'reset');
    const refused = new Client(link);
    await until(() => refused.fate === 'reset');
    link.clear();
    await new Client(link).ask('again');
    link.close();
  });

  test('that is half-closed to the client shows it the end, and what it says still arrives', async () => {
    const { link, client } = await connected();
    client.socket.allowHalfOpen = true;
    link.halfClose('client');
    await until(() => client.fate === 'ended');
    expect(client.replies).toEqual(['echo hello']);
    link.close();
  });

  test('that is half-closed to the store shows it the end, and it may still answer', async () => {
    const { link, client } = await connected();
    link.halfClose('store');
    await until(() => ends.length === 1);
    await until(() => client.fate === 'ended');
    link.close();
  });

  test('that is silent passes nothing and tells nobody, but takes new connections', async () => {
    const { link, client } = await connected();
    link.goSilent();
    client.socket.write('lost');
    await new Client(link).ask('heard');
    link.clear();
    expect(heard).toEqual(['hello', 'heard']);
    expect([client.fate, client.replies.length]).toEqual(['open', 1]);
    client.socket.destroy();
    link.close();
  });

  test('holds back certain bytes and what follows them, and delivers them after their sender is gone', async () => {
    const { link, client } = await connected();
    link.holdBack({ bytes: 'COMMIT', ms: 250 });
    client.socket.write('COMMIT 1');
    await Bun.sleep(20);
    link.holdBack(null);
    client.socket.write(' after');
    await Bun.sleep(20);
    client.socket.destroy();
    await Bun.sleep(20);
    expect(heard).toEqual(['hello']);
    await until(() => heard.join('') === 'helloCOMMIT 1 after');
    await until(() => link.connections === 0);
    link.close();
  });

  test('to a store that is not there ends the connection', async () => {
    const link = await Link.open(join(folder, 'nobody.sock'));
    const client = new Client(link);
    await until(() => client.fate !== 'open');
    expect(link.connections).toBe(0);
    link.close();
  });
});
