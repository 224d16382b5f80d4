import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { commandsOf } from '../test/run-command.ts';

let world: World;
let run: ReturnType<typeof commandsOf>;
let saleId: number;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
  ({ saleId } = await world.sale({ allotment: 40 }));
  await world.sale({}, 'draft');
});
afterAll(() => world.close());

describe('sales list', () => {
  test('is a table for people', async () => {
    const { code, out, err } = await run('sales list');
    expect([code, err]).toEqual([0, '']);
    const [titles, , older] = out.split('\n');
    expect(titles).toMatch(/Sale +Product +State +Price +Units +Paid +Ordered +Held +Left +Opens +Closes/);
    expect(older).toMatch(/Lamp +live +19\.99 EUR +40 +0 +0 +0 +40 /);
  });

  test('is what the API tells for programs, and only the fields that are asked for', async () => {
    const whole: unknown = JSON.parse((await run('sales list --json --state live')).out);
    expect(whole).toMatchObject([{ id: saleId, state: 'live', units: { available: 40 } }]);
    const { out } = await run('sales list --ndjson --fields units.available,id');
    expect(out.trim().split('\n')).toContain(`{"units.available":40,"id":${saleId}}`);
    expect((await run('sales list --state live --quiet')).out).toBe(`${saleId}\n`);
  });

  test('says what is wrong with what was asked, and ends with 2', async () => {
    expect(await run('sales list --fields price,prize')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('there is no prize; there are id, product_id'),
    });
    expect(await run('sales list --state sold')).toMatchObject({ code: 2, out: '' });
    expect(await run('sales list --json --quiet')).toMatchObject({ code: 2, out: '' });
    expect(await run('sales lst')).toMatchObject({ code: 2, err: expect.stringContaining('sales list') });
  });

  test('says when there are more rows than it shows', async () => {
    const { out, err } = await run('sales list --limit 1 --quiet');
    expect([out.trim().split('\n').length, err]).toEqual([1, expect.stringContaining('--all')]);
    expect((await run('sales list --all --quiet')).out.trim().split('\n').length).toBe(2);
  });
});

test('sales show: all fields, one under the other; 3 when it is not there', async () => {
  expect((await run(`sales show ${saleId}`)).out).toMatch(/^allotment +40$/m);
  expect(await run('sales show 999')).toMatchObject({ code: 3, out: '', err: 'There is no sale 999.\n' });
});

test('status: the overview', async () => {
  const { code, out } = await run('status --json');
  expect([code, JSON.parse(out)]).toMatchObject([
    0,
    { sales: [{ sale_id: saleId }], stores: { faults: [] } },
  ]);
});

test('who may not ends with 4, and when nobody answers with 6', async () => {
  const OPERATOR_TOKEN = 'fsop_of_nobody_that_is_long_enough_to_be_a_token';
  expect(await run('sales list', { environment: { OPERATOR_TOKEN } })).toMatchObject({ code: 4, out: '' });
  const FLASHSALE_URL = 'http://127.0.0.1:1';
  expect(await run('sales list', { environment: { FLASHSALE_URL } })).toMatchObject({ code: 6, out: '' });
});
