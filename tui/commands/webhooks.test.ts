import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { statement } from '@flash-sale/api/mysql/transaction.ts';
import { carryOutReplays } from '@flash-sale/api/payments/replay-worker.ts';
import { hold, order, pay } from '@flash-sale/api/test/client.ts';
import { recorded } from '@flash-sale/api/test/replays.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { startLoop, type Loop } from '@flash-sale/api/workers/loop.ts';
import type { DeliveryRow, ReplayItemView } from '@flash-sale/shared/contracts/webhook.ts';
import { placeOrder } from '../test/buyer.ts';
import { commandsOf, type Run } from '../test/run-command.ts';

let world: World;
let run: Run;
let sale: OneSale;
/** Without the other workers a delivery that was only recorded stays so until it is replayed. */
let worker: Loop;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
  sale = await world.sale({ allotment: 1_000 });
  worker = startLoop(world.services.log, 'replays', 20, () => carryOutReplays(world.services));
});
afterAll(async () => {
  await worker.stop();
  await world.close();
});

async function paid(intent: string): Promise<DeliveryRow> {
  const { holdId } = await placeOrder(world, sale, intent);
  await pay(world, holdId, intent);
  const [delivery] = (await run.json(`webhooks list --find ${intent}`)) as DeliveryRow[];
  if (delivery === undefined) throw new Error(`no delivery of ${intent}`);
  return delivery;
}

test('webhooks list and show: a table, JSON, and one as it was received', async () => {
  const { id } = await paid('pi_listed');
  expect((await run('webhooks list --find pi_listed')).out).toMatch(
    new RegExp(`${id} +native +payment_success +✓ applied +pi_listed +1 +1 `),
  );
  expect(await run.json('webhooks list --outcome mismatch')).toEqual([]);
  const shown = await run(`webhooks show ${id}`);
  expect(shown.out).toMatch(/arrival +✓ applied/);
  expect(shown.out).toContain('"payment_intent_id":"pi_listed"');
  expect(await run.json(`webhooks show ${id}`)).toMatchObject({ id, order: { state: 'paid' } });
  expect(await run('webhooks show 999999')).toMatchObject({ code: 3, out: '' });
});

describe('webhooks replay', () => {
  test('of one needs no question, and tells what became of it', async () => {
    const { id } = await paid('pi_again');
    const { code, out, err } = await run(`webhooks replay ${id}`);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(new RegExp(`${id} +done +✓ applied +no +Nothing changed`)),
    ]);
    expect(err).toMatch(
      /1 delivery will be processed again\.\nReplay \d+ is done: 1 of 1 delivery, 0 changed, 0 failed/,
    );
  });

  test('of many asks before, by what they match; a dry run does not, and changes nothing', async () => {
    const many = await Promise.all(['pi_many_1', 'pi_many_2'].map(paid));
    const line = 'webhooks replay --find pi_many_';
    expect(await run(line)).toMatchObject({ code: 2, out: '' });
    const dry = JSON.parse((await run(`${line} --dry-run --json`)).out) as ReplayItemView[];
    expect(dry.map(({ delivery_id: id }) => id)).toEqual(many.map(({ id }) => id).toSorted((a, b) => a - b));
    const { code, err } = await run(`${line} --rate 100`, { isTty: true, types: ['yes'] });
    expect([code, err]).toEqual([0, expect.stringContaining('2 of 2 deliveries, 0 changed, 0 failed')]);
    const ids = many.map(({ id }) => id).join(' ');
    expect(await run(`webhooks replay ${ids}`)).toMatchObject({ code: 2, out: '' });
    expect(await run(`webhooks replay ${ids} --yes --quiet`)).toMatchObject({ code: 0 });
  });

  test('says what is wrong with what was asked', async () => {
    expect(await run('webhooks replay')).toMatchObject({ code: 2, out: '' });
    expect(await run('webhooks replay 1 --matching')).toMatchObject({ code: 2, out: '' });
    expect(await run('webhooks replay 999999')).toMatchObject({ code: 3, out: '' });
  });

  test('goes on after ctrl+c, which says how it is stopped; a stopped one ends with 1', async () => {
    for (let made = 0; made < 5; made += 1) await paid(`pi_slow_${made}`);
    const line = 'webhooks replay --find pi_slow_ --rate 1 --yes';
    const left = run.start(line);
    await left.waitFor(/5 deliveries will be/);
    left.interrupt();
    const { code, err } = await left.ended;
    expect([code, err]).toEqual([
      130,
      expect.stringMatching(/goes on\. To stop it: flashsale replays stop (\d+)/),
    ]);
    const id = /stop (\d+)/.exec(err)?.[1] ?? '';
    expect(await run(`replays stop ${id}`)).toMatchObject({ code: 0 });
    expect((await run('replays list')).out).toMatch(new RegExp(`${id} +stopped +no +\\d +5`));
    const followed = run.start(line);
    await followed.waitFor(/5 deliveries will be/);
    const [newest] = (await run.json('replays list --limit 1')) as { id: number }[];
    await run(`replays stop ${newest?.id}`);
    expect(await followed.ended).toMatchObject({ code: 1 });
  });

  test('can be left alone, and looked at later', async () => {
    const { id } = await paid('pi_detached');
    const { out } = await run(`webhooks replay ${id} --detach`);
    expect(out).toMatch(/^\d+\n$/);
    expect(await run.json(`replays show ${out.trim()}`)).toMatchObject([{ delivery_id: id }]);
    expect(await run('replays show 999999')).toMatchObject({ code: 3 });
  });
});

test('webhooks watch: a line for each that arrives, and one when something else becomes of it', async () => {
  const before = await paid('pi_before');
  const watch = run.start('webhooks watch --quiet');
  const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
  await pay(world, holdId, 'pi_parked');
  const [parked] = (await run.json('webhooks list --find pi_parked')) as DeliveryRow[];
  await watch.waitFor(new RegExp(`^${parked?.id}$`, 'm'));
  await order(world, holdId, 'pi_parked');
  await watch.waitFor(new RegExp(`^${parked?.id}\n${parked?.id}$`, 'm'));
  watch.interrupt();
  const { code, out } = await watch.ended;
  expect([code, out.includes(`${before.id}\n`)]).toEqual([130, false]);
});

test('webhooks watch --exit-status ends with 1 at the first that is wrong', async () => {
  const watch = run.start('webhooks watch --exit-status');
  const { holdId } = await placeOrder(world, sale, 'pi_wrong');
  await pay(world, holdId, 'pi_wrong', { amount: 1, currency: 'EUR' });
  expect(await watch.ended).toMatchObject({ code: 1, out: expect.stringContaining('mismatch') });
});

test('a replay in which one fails ends with 1, and says why; one that is over cannot be stopped', async () => {
  const { hold_id: holdId } = (await hold(world, sale.productId)).body.data;
  const id = await recorded(world, { holdId, intentId: 'pi_broken' });
  await statement(world.services.mysql, (sql) =>
    sql.execute(`UPDATE deliveries SET body = 'no JSON' WHERE id = ${id}`),
  );
  const { code, out, err } = await run(`webhooks replay ${id}`);
  expect([code, out]).toEqual([1, expect.stringMatching(/failed +failed +- +It failed: /)]);
  const replay = /Replay (\d+)/.exec(err)?.[1] ?? '';
  expect(await run(`replays stop ${replay}`)).toMatchObject({ code: 5, out: '' });
});
