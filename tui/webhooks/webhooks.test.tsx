/** The room on the real screen, at a real API: what it shows, and what its keys do there. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { order, ops, pay, send } from '@flash-sale/api/test/client.ts';
import { recorded } from '@flash-sale/api/test/replays.ts';
import { stripeEvent, tellStripe } from '@flash-sale/api/test/stripe-events.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { carryOutReplays } from '@flash-sale/api/payments/replay-worker.ts';
import { startLoop, type Loop } from '@flash-sale/api/workers/loop.ts';
import type { AuditRow } from '@flash-sale/shared/contracts/operator.ts';
import type { DeliveryView, ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { placeOrder } from '../test/buyer.ts';
import { mountDesk, type MountedDesk } from '../test/desk.tsx';

let world: World;
let sale: OneSale;
/** Without the other workers a delivery that was only recorded stays so until it is replayed. */
let worker: Loop;
let desk: MountedDesk;
beforeAll(async () => {
  world = await createWorld();
  sale = await world.sale({ allotment: 1_000 });
  worker = startReplaying();
});
afterEach(() => desk.close());
afterAll(async () => {
  await worker.stop();
  await world.close();
});

const startReplaying = () =>
  startLoop(world.services.log, 'replays', 20, () => carryOutReplays(world.services));

async function open(options: Partial<Parameters<typeof mountDesk>[1]> = {}): Promise<void> {
  desk = mountDesk(world, { columns: 120, rows: 40, ...options });
  await desk.waitFor(/live.*Redis/);
  await desk.press('4');
}

const ordered = (name: string) => placeOrder(world, sale, `pi_${name}`);

async function paid(name: string) {
  const made = await ordered(name);
  await pay(world, made.holdId, made.intentId);
  return made;
}

const statusOf = async ({ holdId, intentId }: { holdId: string; intentId: string }) =>
  (await order(world, holdId, intentId)).body.data.status;

const replays = async () =>
  (await ops<{ items: ReplayView[] }>(world, 'GET', '/ops/webhooks/replays')).body.data.items;

const deliveryOf = async (id: number) =>
  (await ops<DeliveryView>(world, 'GET', `/ops/webhooks/${id}`)).body.data;

/** Only the rows that are looked for: the inbox of a test has those of others. */
async function filter(text: string): Promise<void> {
  await desk.press('/', text, 'enter');
}

describe('the inbox', () => {
  test('has a line for each delivery, and new ones appear by themselves', async () => {
    await paid('before');
    await open();
    await desk.waitFor(/native +payment_success +✓ applied +pi_before /);
    await paid('after');
    await desk.waitFor(/✓ applied +pi_after .*\n.*pi_before/);
    // Nobody is told of events that are only recorded.
    await tellStripe(world, stripeEvent('charge.updated', { id: 'ch_1', object: 'charge' }));
    await desk.waitFor(/stripe +charge.updated +· recorded/);
  });

  test('asks the API for what was not read, and says when nothing matches', async () => {
    const buried = await paid('Buried');
    for (let rest = 0; rest < 110; rest += 1) {
      await tellStripe(world, stripeEvent('charge.updated', { id: `ch_${rest}`, object: 'charge' }));
    }
    await open({ rows: 20 });
    await desk.waitFor('1/100');
    expect(desk.screen()).not.toContain('pi_Buried');
    await filter('pi_Bur');
    await desk.waitFor('pi_Buried');
    // Found by its hold, too.
    await desk.press('escape');
    await filter(buried.holdId.slice(0, -4));
    await desk.waitFor(/pi_Buried(.|\n)*1\/1/);
    await desk.press('escape');
    await filter('pi_nowhere');
    await desk.waitFor(/None of \d+ rows matches/);
  });

  test('goes on at its end', async () => {
    await open({ rows: 20 });
    await desk.waitFor('1/100');
    await desk.press('G');
    await desk.waitFor(/100\/1\d\d/);
  });

  test('tells of a delivery what came, whether it was signed, what was tried, and what it led to', async () => {
    const made = await ordered('told');
    const body = `{"hold_id": "${made.holdId}", "payment_intent_id": "pi_told", "amount": 19.99, "currency": "EUR"}`;
    await send(world, 'POST', '/api/webhook/payment-success', body, { 'webhook-id': 'msg_told' });
    await open();
    await filter('pi_told');
    await desk.waitFor('pi_told');
    await desk.press('d', 'f');
    const page = await desk.waitFor(/Headers/);
    for (const said of [
      'msg_told',
      '! unsigned',
      '✓ applied, 19.99 EUR, made of this delivery',
      made.orderId,
      'Attempts (1)',
      '"amount": 19.99,',
      'webhook-id: msg_told',
    ]) {
      expect(page).toContain(said);
    }
    await desk.press('v');
    await desk.waitFor(`{"hold_id": "${made.holdId.slice(0, 8)}`);
    await desk.press('v', 'o');
    await desk.waitFor(/Ordered(.|\n)*pi_told/);
    expect(desk.desk.store.get().room).toBe('orders');
    await desk.press('-');
    await desk.waitFor('Attempts (1)');
  });

  test('goes on telling what became of the order while a delivery is looked at', async () => {
    const made = await paid('followed');
    await open();
    await desk.waitFor(/pi_followed +0/);
    await desk.press('g', 'd');
    await desk.waitFor('paid, 1 unit of sale');
    await ops(world, 'POST', `/ops/orders/${made.orderId}/refunded`, { reference: 're_1' });
    await desk.waitFor('refunded, 1 unit of sale');
  });

  test('copies commands without the token', async () => {
    await paid('copied');
    await open();
    await filter('pi_copied');
    await desk.waitFor(/pi_copied +0/);
    await desk.press('d');
    await desk.waitFor('Headers');
    await desk.press('y');
    await desk.waitFor('curl send');
    await desk.press('up', 'enter');
    await desk.press('y', 'up', 'up', 'enter');
    const [again = '', replay = ''] = desk.copied;
    expect(again).toContain('/api/webhook/payment-success');
    expect(again).toContain('"payment_intent_id":"pi_copied"');
    expect(replay).toContain('$OPERATOR_TOKEN');
    expect(replay).toMatch(/\/ops\/webhooks\/\d+\/replay/);
  });
});

describe('a replay', () => {
  test('of one delivery is looked at, asked for, made, and its result told', async () => {
    const made = await ordered('one');
    const id = await recorded(world, made);
    await open();
    await filter('pi_one');
    await desk.waitFor(/○ received +pi_one/);
    await desk.press('r');
    await desk.waitFor(/1 of 1 delivery would change(.|\n)*It would be applied/);
    expect(await statusOf(made)).toBe('pending');
    await desk.press('y');
    await desk.waitFor('It is applied now.');
    expect(await statusOf(made)).toBe('paid');
    await desk.waitFor(/✓ applied +pi_one/);
    expect((await deliveryOf(id)).latest_attempts.map(({ cause }) => cause)).toEqual(['replay']);
  });

  test('is not made when the answer is no, and enter says no', async () => {
    const made = await ordered('no');
    await recorded(world, made);
    await open();
    await filter('pi_no');
    await desk.waitFor(/○ received +pi_no /);
    await desk.press('r');
    await desk.waitFor('No, cancel');
    const before = await replays();
    await desk.press('enter');
    await desk.waitFor((screen) => !screen.includes('No, cancel'));
    expect((await replays()).length).toBe(before.length);
    expect(before[0]).toMatchObject({ dry_run: true, state: 'done' });
    expect(await statusOf(made)).toBe('pending');
  });

  test('of all that match takes a word, and is of what was looked at', async () => {
    const many = await Promise.all(['a', 'b', 'c'].map((name) => ordered(`all_${name}`)));
    for (const made of many) await recorded(world, made);
    await open();
    await filter('pi_all_ !nothing');
    await desk.press('A');
    await desk.waitFor('not for the rest of the filter');
    await desk.press('escape');
    await filter('state:received pi_all_');
    await desk.waitFor((screen) => screen.match(/received +pi_all_/g)?.length === 3);
    await desk.press('A');
    await desk.waitFor('Type replay 3 to go on');
    await desk.press('replay 2', 'enter');
    expect(desk.screen()).toContain('Type replay 3');
    await desk.press('tab', 'Late mail', 'enter', 'backspace', '3', 'enter');
    await desk.waitFor('3 of 3 deliveries, 3 changed something, 0 failed');
    expect(await Promise.all(many.map(statusOf))).toEqual(['paid', 'paid', 'paid']);
    const [replay] = await replays();
    const target = encodeURIComponent(`replay ${replay?.id}`);
    const { body } = await ops<{ items: AuditRow[] }>(world, 'GET', `/ops/audit?target=${target}`);
    expect(body.data.items).toMatchObject([{ action: 'replay.order', reason: 'Late mail' }]);
  });

  test('of many marked ones is as fast as was chosen, is seen to go on, and is stopped', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, (_, index) => paid(`slow_${index}`)));
    await open();
    await filter('pi_slow_');
    await desk.waitFor(`1/${many.length}`);
    await desk.press('*', 'r');
    await desk.waitFor('How fast, for 20 deliveries?');
    await desk.press('down', 'enter');
    await desk.waitFor('20 x Nothing would change: already applied.');
    await desk.press('y');
    await desk.waitFor(/replay \d+ .* \d+\/20 .*x stops it/);
    await desk.press('tab', 'd');
    await desk.waitFor('What became of each delivery');
    await desk.press('x');
    await desk.waitFor('Yes, stop it');
    await desk.press('y');
    await desk.waitFor(/is stopped: \d+ of 20 deliveries/);
    await desk.waitFor('It was not replayed.');
    expect((await replays())[0]).toMatchObject({
      state: 'stopped',
      total: 20,
      dry_run: false,
      per_second: 5,
    });
  });

  test('is called off while the dry run goes on', async () => {
    const made = await ordered('off');
    await recorded(world, made);
    // Nobody carries it out.
    await worker.stop();
    await open();
    await filter('pi_off');
    await desk.waitFor(/○ received +pi_off /);
    await desk.press('r');
    await desk.waitFor(/0 of 1(.|\n)*Call it off/);
    await desk.press('enter');
    await desk.waitFor('stopped after 0 of 1 delivery');
    expect((await replays())[0]).toMatchObject({ dry_run: true, state: 'stopped' });
    worker = startReplaying();
  });

  test('is not for viewers, who are told what to do', async () => {
    const name = 'vera';
    const made = await ops<{ token: string }>(world, 'POST', '/ops/operators', { name, role: 'viewer' });
    await open({ token: made.body.data.token });
    await until(() => desk.desk.store.get().me?.name === name);
    const before = await replays();
    await desk.press('r');
    await desk.waitFor('This needs the role operator; vera is viewer.');
    expect(await replays()).toEqual(before);
  });
});
