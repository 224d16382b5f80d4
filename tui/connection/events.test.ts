import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { listen, type Listening } from '@flash-sale/api/server.ts';
import { hold, ops } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { EVENTS_HEARTBEAT_MS } from '@flash-sale/shared/limits.ts';
import { openTcpLink, type TcpLink } from '../test/tcp-link.ts';
import { followEvents, type FollowedEvent, type FollowOptions, type FollowState } from './events.ts';

let world: World;
let link: TcpLink;
beforeAll(async () => {
  world = await createWorld();
  link = await openTcpLink(world.listening.opsUrl);
});
afterAll(async () => {
  link.close();
  await world.close();
});

interface Watched extends Disposable {
  readonly events: FollowedEvent[];
  readonly states: FollowState[];
  readonly unknown: string[];
  readonly isLive: () => boolean;
  /** Of all `hold.placed` so far. */
  readonly placed: () => string[];
  readonly retryNow: () => void;
}

function watch(options: Partial<FollowOptions> = {}): Watched {
  const events: FollowedEvent[] = [];
  const states: FollowState[] = [];
  const unknown: string[] = [];
  const following = followEvents({
    url: link.url,
    token: BOOTSTRAP_TOKEN,
    onEvent: (event) => void events.push(event),
    onState: (state) => void states.push(state),
    onUnknown: (type, count) => void unknown.push(`${count} ${type}`),
    ...options,
  });
  return {
    events,
    states,
    unknown,
    isLive: () => states.at(-1)?.kind === 'live',
    placed: () => events.flatMap((event) => (event.type === 'hold.placed' ? [event.hold_id] : [])),
    retryNow: following.retryNow,
    [Symbol.dispose]: following.close,
  };
}

const typesOf = ({ events }: Watched) => events.map(({ type }) => type);
const reasonsOf = ({ states }: Watched) =>
  states.flatMap((state) => ('reason' in state ? [state.reason] : []));

async function place(api: Pick<World, 'listening'>, productId: number): Promise<string> {
  return (await hold(api, productId)).body.data.hold_id;
}

describe('following the events', () => {
  test('tells what happens, once it is live', async () => {
    const { productId } = await world.sale();
    using watched = watch();
    await until(watched.isLive);
    expect(watched.states.map(({ kind }) => kind)).toEqual(['connecting', 'live']);
    const id = await place(world, productId);
    await until(() => watched.placed().length === 1);
    expect(watched.placed()).toEqual([id]);
    expect(watched.events[0]).toMatchObject({ type: 'ready', at: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test('goes on after every cut without telling anything twice', async () => {
    const { productId } = await world.sale();
    using watched = watch();
    await until(watched.isLive);
    const ids: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      ids.push(await place(world, productId));
      link.cut();
      ids.push(await place(world, productId));
      await until(() => watched.states.at(-1)?.kind === 'connecting');
      watched.retryNow();
      await until(watched.isLive);
    }
    await until(() => watched.placed().length >= ids.length);
    expect(watched.placed()).toEqual(ids);
    expect(typesOf(watched)).not.toContain('gap');
    expect(reasonsOf(watched)).toContain('the connection was cut');
  });

  test('misses nothing while the API is stopped and started again', async () => {
    const { productId } = await world.sale();
    const first = listen(await world.another());
    const port = new URL(first.opsUrl).port;
    using watched = watch({ url: first.opsUrl });
    await until(watched.isLive);
    const ids = [await place(world, productId)];
    await until(() => watched.placed().length === 1);
    await first.stop();
    ids.push(await place(world, productId));
    await until(() => reasonsOf(watched).some((reason) => reason?.startsWith('nothing listens')));
    const services = await world.another();
    const second: Listening = listen({ ...services, config: { ...services.config, OPS_PORT: Number(port) } });
    try {
      await until(watched.isLive);
      ids.push(await place(world, productId));
      await until(() => watched.placed().length >= 3);
      expect(watched.placed()).toEqual(ids);
      expect(typesOf(watched)).not.toContain('gap');
    } finally {
      await second.stop();
    }
  });

  test('notices a link that is silent, and comes back with what happened since', async () => {
    const { productId } = await world.sale();
    using watched = watch({ silenceMs: 600 });
    await until(watched.isLive);
    link.goSilent();
    const id = await place(world, productId);
    await until(() => watched.placed().length === 1, 3_000);
    expect(watched.placed()).toEqual([id]);
    expect(reasonsOf(watched)).toContain('nothing was heard for 0.6 s');
  });

  test('holds on to a link on which nothing but heartbeats come', async () => {
    using watched = watch({ silenceMs: EVENTS_HEARTBEAT_MS + 1_000 });
    await until(() => typesOf(watched).filter((type) => type === 'heartbeat').length === 2, 15_000);
    expect(watched.states.map(({ kind }) => kind)).toEqual(['connecting', 'live']);
  });

  test('stops when its token was revoked, says what to do, and tries again only when told to', async () => {
    const { body } = await ops<{ token: string }>(world, 'POST', '/ops/operators', {
      name: 'rob',
      role: 'viewer',
    });
    using watched = watch({ token: body.data.token });
    await until(watched.isLive);
    await ops(world, 'POST', '/ops/operators/rob/revoke');
    link.cut();
    await until(() => watched.states.at(-1)?.kind === 'refused');
    expect(watched.states.at(-1)).toMatchObject({ reason: expect.stringContaining('Ask an admin') });
    const told = watched.states.length;
    watched.retryNow();
    await until(() => watched.states.length === told + 2);
    expect(watched.states.slice(told).map(({ kind }) => kind)).toEqual(['connecting', 'refused']);
  });
});

/** Another program, or another version of the API, at the address. */
describe('following what is not this API', () => {
  const answering = (answer: (request: Request) => Response) => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: answer });
    return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: () => server.stop(true) };
  };
  const stream = (...lines: string[]) =>
    new Response(`${lines.join('\n\n')}\n\n`, { headers: { 'content-type': 'text/event-stream' } });
  const at = '"at":"2026-11-26T00:00:00.000Z"';
  const ready = `id: 1\ndata: {"type":"ready",${at}}`;

  test('counts what it cannot read and goes on', async () => {
    await using server = answering(() =>
      stream(
        ready,
        'event: hold.sung\ndata: {"type":"hold.sung"}',
        'event: odd\ndata: {',
        `data: {"type":"dropped",${at}}`,
      ),
    );
    using watched = watch({ url: server.url });
    await until(() => typesOf(watched).includes('dropped'));
    expect(typesOf(watched).slice(0, 2)).toEqual(['ready', 'dropped']);
    expect(watched.unknown.slice(0, 2)).toEqual(['1 hold.sung', '2 odd']);
  });

  test('begins anew, with a gap, where its place in the stream is unknown', async () => {
    const asked: (string | null)[] = [];
    await using server = answering(({ headers }) => {
      asked.push(headers.get('last-event-id'));
      return asked.length === 2 ? Response.json({ code: 'bad_request' }, { status: 400 }) : stream(ready);
    });
    using watched = watch({ url: server.url });
    await until(() => typesOf(watched).includes('gap'));
    expect(asked.slice(0, 3)).toEqual([null, '1', null]);
    expect(typesOf(watched)).toEqual(['ready', 'ready', 'gap']);
  });

  test('takes its token nowhere else, and says what is wrong', async () => {
    const answers = [
      () => Response.redirect(link.url),
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => new Response('', { status: 404 }),
      () => Response.json({ message: 'Too many are listening.' }, { status: 503 }),
      () => stream(`data: ${'x'.repeat(70_000)}`),
    ];
    await using server = answering(() => answers.shift()?.() ?? stream(ready));
    using watched = watch({ url: server.url });
    const { states } = watched;
    for (let i = 0; i < 5; i += 1) {
      await until(
        () => states.filter((state) => 'nextTryAtMs' in state && state.nextTryAtMs !== null).length > i,
      );
      watched.retryNow();
    }
    await until(() => typesOf(watched).includes('ready'));
    expect([...new Set(reasonsOf(watched))].slice(1, 6)).toEqual([
      'the API answers with 302',
      `${server.url} answers with text/html: that is not the operators' listener of this API`,
      `${server.url} answers with 404: that is not the operators' listener of this API`,
      'the API answers with 503 (Too many are listening.)',
      'the stream had an event of more than 65536 characters',
    ]);
  });
});
