import { afterAll, beforeAll, expect, test } from 'bun:test';
import { hold, pay } from '@flash-sale/api/test/client.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { placeOrder } from '../test/buyer.ts';
import { commandsOf, type Run } from '../test/run-command.ts';

let world: World;
let run: Run;
let sale: OneSale;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
  sale = await world.sale();
});
afterAll(() => world.close());

const ordered = (intent: string, fields: Parameters<typeof hold>[2] = {}) =>
  placeOrder(world, sale, intent, fields);

test('orders list: a table, JSON, and what is looked for', async () => {
  const { orderId } = await ordered('pi_list', { buyer_id: 'ann', quantity: 2 });
  await ordered('pi_other');
  expect((await run('orders list')).out).toMatch(
    new RegExp(`${orderId} +○ pending +1 +2 +39.98 EUR +pi_list +ann`),
  );
  const finds = ['--find pi_li', '--buyer ann', `--find ${orderId}`];
  for (const find of finds) expect((await run(`orders list ${find} --quiet`)).out).toBe(`${orderId}\n`);
  expect(await run.json(`orders list --sale ${sale.saleId} --state paid`)).toEqual([]);
});

test('orders show: its fields and what happened to it; 3 when it is not there', async () => {
  const { holdId, orderId } = await ordered('pi_show');
  await pay(world, holdId, 'pi_show', { amount: 19.99, currency: 'EUR' });
  const { out } = await run(`orders show ${orderId}`);
  expect(out).toMatch(/^state +✓ paid$/m);
  expect(out).toMatch(/● payment +19\.99 EUR: applied/);
  expect(await run.json(`orders show ${orderId} --fields state,timeline`)).toMatchObject({
    state: 'paid',
    timeline: [{ event: 'ordered' }, {}, {}],
  });
  expect(await run('orders show 00000000-0000-7000-8000-000000000000')).toMatchObject({
    code: 3,
    out: '',
  });
});

test('orders cancel: of those that wait for their payment, after a question', async () => {
  const [one, other] = [await ordered('pi_cancel_1'), await ordered('pi_cancel_2')];
  const line = `orders cancel ${one.orderId} ${other.orderId}`;
  expect(await run(line, { isTty: true, types: ['no'] })).toMatchObject({ code: 1, out: '' });
  const done = await run(line, { isTty: true, types: ['yes'] });
  expect([done.code, done.out.match(/cancelled/g)?.length]).toEqual([0, 2]);
  await pay(world, (await ordered('pi_kept')).holdId, 'pi_kept');
  const [{ order_id: paid = '' } = {}] = (await run.json('orders list --find pi_kept')) as {
    order_id?: string;
  }[];
  expect(await run(`orders cancel ${paid} --yes`)).toMatchObject({ code: 5, out: '' });
});

test('orders refunded: writes down what the provider calls it', async () => {
  const { holdId, orderId } = await ordered('pi_refund');
  await pay(world, holdId, 'pi_refund');
  expect(await run(`orders refunded ${orderId}`)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--reference ID is missing'),
  });
  const line = `orders refunded ${orderId} --reference re_1`;
  expect(await run(line)).toMatchObject({
    code: 2,
    err: expect.stringContaining('19.99 EUR went back, as re_1'),
  });
  expect(await run.json(`${line} --yes`)).toMatchObject([{ state: 'refunded', refund_reference: 're_1' }]);
  expect(await run(`orders refunded ${orderId} --reference re_2 --yes`)).toMatchObject({ code: 5 });
});

test('refunds list and refunded: payments that are owed back', async () => {
  const { holdId } = await ordered('pi_right');
  await pay(world, holdId, 'pi_right', { amount: 1, currency: 'EUR' });
  const owed = await run('refunds list');
  expect(owed.out).toMatch(/native +pi_right +1\.00 EUR +wrong amount/);
  expect(await run.json('refunds list')).toMatchObject([
    { payment_intent_id: 'pi_right', refund_reference: null },
  ]);
  const line = 'refunds refunded native pi_right --reference re_9';
  expect(await run(line)).toMatchObject({ code: 2, out: '' });
  expect(await run(`${line} --yes`)).toMatchObject({ code: 0 });
  expect(await run.json('refunds list')).toEqual([]);
  expect(await run('refunds refunded native pi_none --reference re_9 --yes')).toMatchObject({ code: 3 });
  expect(await run('refunds refunded paypal pi_none --reference re_9 --yes')).toMatchObject({ code: 2 });
});

test('an id that looks like a path is an id: a buyer chooses the intent, and an operator pays it back', async () => {
  const intent = '../../../sales/1/pause?';
  const { holdId } = await ordered(intent);
  await pay(world, holdId, intent, { amount: 1, currency: 'EUR' });
  expect(await run(['refunds', 'refunded', 'native', intent, '--reference', 're_9', '--yes'])).toMatchObject({
    code: 0,
    out: expect.stringContaining(intent),
  });
  const elsewhere = `../sales/${sale.saleId}/pause?`;
  expect(await run(['orders', 'cancel', elsewhere, '--yes'])).toMatchObject({ out: '' });
  expect(await run(['holds', 'release', elsewhere, '--yes'])).toMatchObject({ out: '' });
  expect(await run.json(`sales show ${sale.saleId}`)).toMatchObject({ state: 'live' });
});
