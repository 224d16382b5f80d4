import { describe, expect, test } from 'bun:test';
import { openConnections } from './connections.ts';
import { readReply } from './http-reply.ts';

const json = (body: unknown) => Response.json(body);
const GET = { method: 'GET', path: '/' } as const;

describe('connections', () => {
  test('carry a thousand requests at the same time, and are kept', async () => {
    const CROWD = 1_000;
    const all = Promise.withResolvers<void>();
    const ports = new Set<number>();
    let waiting = 0;
    using server = Bun.serve({
      port: 0,
      async fetch(request, self) {
        ports.add(self.requestIP(request)?.port ?? 0);
        waiting += 1;
        // Nobody is answered before everybody has asked.
        if (waiting === CROWD) all.resolve();
        await all.promise;
        return json({ data: 1 });
      },
    });
    const connections = openConnections({ url: server.url.href, limit: CROWD, onWaited: () => {} });
    for (let round = 0; round < 3; round += 1) {
      const heard = await Promise.all(Array.from({ length: CROWD }, () => connections.send(GET)));
      expect(heard.filter(({ kind }) => kind === 'answered').length).toBe(CROWD);
    }
    expect(connections.most()).toBe(CROWD);
    // Kept, for three rounds; on a busy machine one or the other is made anew.
    expect(ports.size).toBeLessThan(1.1 * CROWD);
    connections.close();
  });

  test('are no more than they may be: the others wait, and that is told', async () => {
    let [now, most] = [0, 0];
    using server = Bun.serve({
      port: 0,
      async fetch() {
        now += 1;
        most = Math.max(most, now);
        await Bun.sleep(5);
        now -= 1;
        return json({});
      },
    });
    const waits: number[] = [];
    const connections = openConnections({
      url: server.url.href,
      limit: 3,
      onWaited: (ms) => void waits.push(ms),
    });
    const heard = await Promise.all(Array.from({ length: 12 }, () => connections.send(GET)));
    expect(heard.every(({ kind }) => kind === 'answered')).toBe(true);
    expect([most, waits.length]).toEqual([3, 12]);
    expect(Math.max(...waits)).toBeGreaterThan(10);
    connections.close();
  });

  test('are for those first who have begun something', async () => {
    using server = Bun.serve({ port: 0, fetch: () => json({}) });
    const connections = openConnections({ url: server.url.href, limit: 1, onWaited: () => {} });
    const order: string[] = [];
    const send = async (name: string, isBegun: boolean) => {
      await connections.send({ ...GET, isBegun });
      order.push(name);
    };
    await Promise.all([send('first', false), send('looks', false), send('orders', true)]);
    expect(order).toEqual(['first', 'orders', 'looks']);
    connections.close();
  });

  test('say when nobody answers, and whoever hangs up does not wait', async () => {
    using server = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => {}) });
    const connections = openConnections({ url: server.url.href, limit: 2, onWaited: () => {} });
    expect(await connections.send({ ...GET, hangUpAfterMs: 20 })).toMatchObject({
      kind: 'unanswered',
      why: 'no answer in time',
    });
    const nowhere = openConnections({ url: 'http://127.0.0.1:1', limit: 2, onWaited: () => {} });
    expect(await nowhere.send(GET)).toMatchObject({ kind: 'unanswered' });
    connections.close();
  });

  test('send everything of a body that is larger than a socket takes at once', async () => {
    using server = Bun.serve({
      port: 0,
      fetch: async (request) => json({ length: (await request.text()).length }),
    });
    const connections = openConnections({ url: server.url.href, limit: 1, onWaited: () => {} });
    const body = 'x'.repeat(8_000_000);
    expect(await connections.send({ method: 'POST', path: '/', body })).toMatchObject({
      status: 200,
      body: { length: body.length },
    });
    connections.close();
  });
});

describe('an answer', () => {
  const reply = (text: string) => readReply(Buffer.from(text));

  test('is read when all of it is there, with its length or in chunks', () => {
    const sized = 'HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n{"a":1}';
    const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n';
    for (const [text, status] of [
      [sized, 201],
      [chunked, 200],
    ] as const) {
      for (let end = 0; end < text.length; end += 1) expect(reply(text.slice(0, end))).toBeNull();
      expect(reply(text)).toEqual({ status, body: { a: 1 }, isLast: false });
    }
  });

  test('may be the last, or no JSON; and what is no HTTP/1.1 is refused', () => {
    const last = 'HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 3\r\n\r\n<p>';
    expect(reply(last)).toEqual({ status: 502, body: null, isLast: true });
    expect(() => reply('SSH-2.0-OpenSSH\r\n\r\n')).toThrow('not an answer');
  });
});
