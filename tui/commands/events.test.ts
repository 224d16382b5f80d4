import { afterAll, beforeAll, expect, test } from 'bun:test';
import { hold } from '@flash-sale/api/test/client.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { commandsOf, type Run } from '../test/run-command.ts';
import { openTcpLink } from '../test/tcp-link.ts';

let world: World;
let run: Run;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
});
afterAll(() => world.close());

const linesOf = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });

/** What is heard of what is done again and again, until the command has ended. */
async function untilEnded<Ended>(ended: Promise<Ended>, act: () => Promise<unknown>): Promise<Ended> {
  let isOver = false;
  const over = ended.finally(() => (isOver = true));
  while (!isOver) {
    await act();
    await Promise.race([over, Bun.sleep(50)]);
  }
  return over;
}

test('events tail: of these types and sales alone, until one is of the type that ends it', async () => {
  const [mine, other] = [await world.sale({ allotment: 1_000 }), await world.sale()];
  const tail = run.start(
    `events tail --ndjson --types hold,sale.moved --sale ${mine.saleId} --exit-on sale.moved`,
  );
  const begun = run.start('events tail --exit-on hold.placed');
  const first = await untilEnded(begun.ended, () => hold(world, mine.productId));
  expect([first.code, first.out]).toEqual([
    0,
    expect.stringMatching(/hold\.placed +\d+ +hold_id \S+, quantity 1/),
  ]);
  await hold(world, other.productId);
  await run(`sales restock ${mine.saleId} --add 1`);
  await run(`sales pause ${mine.saleId}`);
  const { code, out } = await tail.ended;
  expect([code, new Set(linesOf(out).map(({ type }) => type))]).toEqual([
    0,
    new Set(['hold.placed', 'sale.moved']),
  ]);
  expect(out).not.toContain(`"sale_id":${other.saleId}`);
});

test('events tail: fields, and what is no type', async () => {
  const { productId } = await world.sale({ allotment: 1_000 });
  const tail = run.start('events tail --fields type,quantity --ndjson --exit-on hold');
  const { out } = await untilEnded(tail.ended, () => hold(world, productId));
  expect(out.trim().split('\n').at(-1)).toBe('{"type":"hold.placed","quantity":1}');
  expect(await run('events tail --types holds')).toMatchObject({ code: 2, out: '' });
  expect(await run('events tail --json')).toMatchObject({ code: 2, out: '' });
});

test('events tail goes on where it was after a cut, and misses nothing', async () => {
  const { saleId } = await world.sale();
  const link = await openTcpLink(world.listening.opsUrl);
  const line = `events tail --fields change --ndjson --types stock.changed --sale ${saleId}`;
  const tail = run.start(line, { environment: { FLASHSALE_URL: link.url } });
  const restock = (units: number) => run(`sales restock ${saleId} --add ${units}`);
  const heard = tail.waitFor(/"change":1\b/);
  await untilEnded(heard, () => restock(1));
  link.setAway(true);
  await tail.waitFor(/The link is down: .*Trying again/);
  await restock(2);
  link.setAway(false);
  await restock(3);
  await tail.waitFor(/"change":2\}\n\{"change":3/);
  tail.interrupt();
  expect(await tail.ended).toMatchObject({ code: 130 });
  link.close();
});

test('a change whose answer is lost is sent again under its key, and made once', async () => {
  const { saleId } = await world.sale({ allotment: 10 });
  const link = await openTcpLink(world.listening.opsUrl);
  link.loseAnswer();
  const environment = { FLASHSALE_URL: link.url };
  const { code, out, err } = await run(`sales restock ${saleId} --add 5 --json`, { environment });
  expect([code, JSON.parse(out)]).toEqual([0, [{ sale_id: saleId, allotment: 15 }]]);
  expect(err).toBe('Nobody answered. It is sent again, under the same key.\nThe sale has 15 units.\n');
  link.close();
});
