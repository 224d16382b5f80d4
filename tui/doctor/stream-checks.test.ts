/** What may happen to a stream on its way. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { BOOTSTRAP_TOKEN, createWorld, type World } from '@flash-sale/api/test/world.ts';
import { whileSomethingHappens } from '../test/doctor.ts';
import { streamChecks } from './stream-checks.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const told = async (place: Parameters<typeof streamChecks>[0]) =>
  (await streamChecks(place)).map(({ name, verdict, says }) => [name, verdict, says]);

/** Something that answers with these words, and then with nothing. */
function server(words: () => string) {
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () =>
      new Response(new ReadableStream({ start: (stream) => stream.enqueue(words()) }), {
        headers: { 'content-type': 'text/event-stream' },
      }),
  });
}

const event = (type: string, ageMs = 0) =>
  `data: ${JSON.stringify({ type, at: new Date(Date.now() - ageMs).toISOString() })}\n\n`;

const url = (port: number | undefined) => `http://127.0.0.1:${port}`;

test('a clock of this machine that is ahead', async () => {
  const place = { url: new URL(world.listening.opsUrl).origin, token: BOOTSTRAP_TOKEN };
  const [events, heartbeat, clock] = await whileSomethingHappens(world, () =>
    told({ ...place, now: () => Date.now() + 5_000 }),
  );
  expect([events?.[1], heartbeat?.[1]]).toEqual(['ok', 'ok']);
  expect(clock).toEqual(['own clock', 'warn', expect.stringMatching(/^[45],\d{3} ms ahead of Redis/)]);
});

test('a stream that is refused, does not begin, or is not one', async () => {
  const place = {
    url: new URL(world.listening.opsUrl).origin,
    token: 'fsop_that_nobody_ever_made_for_anybody',
  };
  expect(await told(place)).toEqual([['events', 'no', expect.stringContaining('revoked or expired')]]);
  using silent = server(() => ': nothing\n\n');
  expect(await told({ ...place, url: url(silent.port) })).toEqual([
    ['events', 'no', 'the stream does not begin within 2 s'],
  ]);
  using page = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
  expect(await told({ ...place, url: url(page.port) })).toEqual([
    ['events', 'no', expect.stringContaining("not the operators' listener")],
  ]);
});

test('a stream that goes silent, or tells late', async () => {
  const token = BOOTSTRAP_TOKEN;
  using silent = server(() => event('ready'));
  using late = server(() => event('ready') + event('heartbeat', 1_500));
  const [ofSilent, ofLate] = await Promise.all([
    told({ url: url(silent.port), token }),
    told({ url: url(late.port), token }),
  ]);
  expect(ofSilent[1]).toEqual(['heartbeat', 'no', 'none came']);
  expect(ofLate[1]).toEqual([
    'heartbeat',
    'warn',
    expect.stringMatching(/^what happens arrives 1,\d{3} ms late$/),
  ]);
});
