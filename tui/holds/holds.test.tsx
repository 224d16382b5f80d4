/** The holds of a sale on the real screen, at a real API: they come, tick, end and are changed by keys. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { hold, order, send } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
let desk: MountedDesk | undefined;
beforeAll(async () => {
  world = await createWorld({ workers: true });
});
afterAll(() => world.close());
afterEach(() => {
  desk?.close();
  desk = undefined;
});

/** At the holds of a new sale. */
async function openAt(sale: OneSale, options: Partial<Parameters<typeof mountDesk>[1]> = {}) {
  const opened = (desk = mountDesk(world, { columns: 120, rows: 30, ...options }));
  opened.desk.store.set((state) => ({ ...state, saleId: sale.saleId }));
  await opened.waitFor(/live.*Redis/);
  await opened.press('2');
  await opened.waitFor(`#${sale.saleId}  live`);
  return opened;
}

async function placed(
  { productId }: OneSale,
  buyer_id: string,
  more: { ttl?: number; quantity?: number } = {},
) {
  const { body } = await hold(world, productId, { buyer_id, ttl: 120, ...more });
  return body.data.hold_id;
}

async function stateOf(holdId: string) {
  const { body } = await send<{ state: string; expires_in_seconds: number }>(
    world,
    'GET',
    `/api/holds/${holdId}`,
  );
  return body.data;
}

const rowOf = (screen: string, buyer: string) =>
  screen.split('\n').find((line) => line.includes(` ${buyer} `)) ?? '';
const says = (buyer: string, word: string) => (screen: string) => rowOf(screen, buyer).includes(word);

test('those that were there are read, those that come appear, and each says how it ended before it goes', async () => {
  const sale = await world.sale();
  await placed(sale, 'early', { quantity: 3 });
  const { waitFor } = await openAt(sale);
  await waitFor(says('early', 'held'));
  await waitFor('1 held, 3 units');

  await placed(sale, 'short', { ttl: 3 });
  await waitFor(says('short', 'expiring'));
  const screen = await waitFor((text) => /\d\.\d s/.test(rowOf(text, 'short')));
  expect(screen.indexOf(' short ')).toBeLessThan(screen.indexOf(' early '));
  const released = await placed(sale, 'giver');
  const ordered = await placed(sale, 'payer');
  await waitFor(says('payer', 'held'));
  await Promise.all([
    send(world, 'DELETE', `/api/holds/${released}`),
    order(world, ordered, `pi_${ordered}`),
  ]);
  await waitFor((text) => says('giver', 'released')(text) && says('payer', 'ordered')(text));
  await waitFor(says('short', 'expired'));
  await waitFor((text) => !/giver|payer|short/.test(text) && says('early', 'held')(text));
});

test('5,000 holds of which each is counted once, and none of another sale', async () => {
  const [sale, other] = [await world.sale({ allotment: 10_000 }), await world.sale()];
  await placed(other, 'stranger');
  const requests = Array.from({ length: 5_000 }, (_, index) => `b${index}`);
  for (let at = 0; at < requests.length; at += 500) {
    await Promise.all(requests.slice(at, at + 500).map((buyer) => placed(sale, buyer)));
  }
  const { waitFor, press, screen } = await openAt(sale);
  await waitFor('5,000 held, 5,000 units');
  expect(screen()).not.toContain('stranger');
  await press('/', 'buyer:b4999', 'enter');
  await waitFor(/1\/1 .*filter buyer:b4999/);
  await press('escape', 'w');
  await waitFor('Holds of which sale?');
  await press('escape');
});

test('a released hold is released, once it was said yes to, and not before', async () => {
  const sale = await world.sale();
  const id = await placed(sale, 'ann', { quantity: 2 });
  const { waitFor, press } = await openAt(sale);
  await waitFor(says('ann', 'held'));
  await press('X');
  await waitFor('2 units return to stock at once');
  await press('enter');
  await waitFor((text) => !text.includes('Release 1 hold?'));
  expect((await stateOf(id)).state).toBe('held');
  await press('X', 'y');
  await waitFor('The hold is released.');
  expect((await stateOf(id)).state).toBe('released');
});

test('marked holds are released together; what became an order meanwhile is refused and told', async () => {
  const sale = await world.sale();
  const ids = [await placed(sale, 'ann'), await placed(sale, 'bob'), await placed(sale, 'cid')];
  const { waitFor, press } = await openAt(sale);
  await waitFor(says('cid', 'held'));
  await press('*', 'X');
  await waitFor('Release 3 holds?');
  await order(world, ids[1] ?? '', 'pi_meanwhile');
  await press('y');
  await waitFor('2 of 3 holds released; 1 refused');
  expect(await Promise.all(ids.map(async (id) => (await stateOf(id)).state))).toEqual([
    'released',
    'ordered',
    'released',
  ]);
});

test('a buyer is given time: a choice, a number, and never more than the longest hold', async () => {
  const sale = await world.sale();
  const id = await placed(sale, 'ann', { ttl: 100 });
  const { waitFor, press, desk: its } = await openAt(sale);
  await waitFor(says('ann', '1:3'));
  await press('e');
  await waitFor('More time for ann');
  await press('6', 'enter');
  await waitFor(says('ann', '2:3'));
  expect((await stateOf(id)).expires_in_seconds).toBeGreaterThan(150);
  await press('e', 'o', 'enter');
  await waitFor('1 to 300');
  await press('900', 'enter');
  await waitFor('from 1 to 300');
  await press('backspace', 'backspace', 'backspace', '300', 'enter');
  await waitFor('The hold has 300 s now.');
  await press(':', 'hold extend soon', 'enter');
  await waitFor('Nothing was done: seconds are a whole number');
  expect(its.store.get().dialog).toBeNull();
});

test('where nothing can be done it is said why', async () => {
  const sale = await world.sale();
  const { waitFor, press, desk: its } = await openAt(sale);
  await waitFor('Nobody holds anything of');
  await press('X');
  await waitFor('No hold is selected.');
  await placed(sale, 'ann');
  await waitFor(says('ann', 'held'));
  its.store.set((state) => ({ ...state, context: { ...state.context, isReadOnly: true } }));
  await press('X');
  await waitFor('read-only here');
});

test('a frozen list keeps its rows and says how many are new', async () => {
  const sale = await world.sale();
  const id = await placed(sale, 'ann');
  const { waitFor, press } = await openAt(sale);
  await waitFor(says('ann', 'held'));
  await press('p');
  await placed(sale, 'bob');
  await send(world, 'DELETE', `/api/holds/${id}`);
  await waitFor((text) => says('ann', 'released')(text) && text.includes('frozen'));
  await press('p');
  await waitFor((text) => says('bob', 'held')(text) && !text.includes(' ann '));
});

test('it fits on a small screen, and shows more on a large one', async () => {
  const sale = await world.sale();
  const id = await placed(sale, 'a-buyer-of-many-letters');
  const { waitFor, resize } = await openAt(sale, { columns: 60, rows: 12 });
  await waitFor(/a-buyer-.* 1 {4}held +\d:\d\d/);
  resize({ columns: 200, rows: 50 });
  await waitFor(id);
});

test('the holds come again by themselves after Redis lost its data', async () => {
  const sale = await world.sale();
  await placed(sale, 'ann');
  const { waitFor } = await openAt(sale);
  await waitFor(says('ann', 'held'));
  await world.services.redis.flushall();
  await waitFor(/gone|lost|Nobody holds anything/);
  const late = await until(async () => {
    const { status, body } = await hold(world, sale.productId, { buyer_id: 'bob' });
    return status === 201 && body.data.hold_id;
  });
  expect(late).toBeString();
  await waitFor(says('bob', 'held'));
});
