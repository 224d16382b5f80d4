import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold, ops, order, pay } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { slugOf } from '../sales/sale-row.ts';
import { commandsOf, type Run } from '../test/run-command.ts';

let world: World;
let run: Run;
let sale: OneSale;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sales-'));
  world = await createWorld({ workers: true });
  run = commandsOf(world);
  sale = await world.sale({ allotment: 40 });
  await world.sale({}, 'draft');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.close();
});

const stateOf = async (id: number) => ((await run.json(`sales show ${id}`)) as { state: string }).state;
const countSales = async () => ((await run.json('sales list --all')) as unknown[]).length;

describe('sales list', () => {
  test('is a table for people', async () => {
    const { code, out, err } = await run('sales list');
    expect([code, err]).toEqual([0, '']);
    const [titles, , older] = out.split('\n');
    expect(titles).toMatch(/Sale +Product +State +Price +Units +Paid +Ordered +Held +Left +Opens +Closes/);
    expect(older).toMatch(/Lamp +live +19\.99 EUR +40 +0 +0 +0 +40 /);
  });

  test('is what the API tells for programs, and only the fields that are asked for', async () => {
    const whole = await run.json('sales list --state live');
    expect(whole).toMatchObject([{ id: sale.saleId, state: 'live', units: { available: 40 } }]);
    const { out } = await run('sales list --ndjson --fields units.available,id');
    expect(out.trim().split('\n')).toContain(`{"units.available":40,"id":${sale.saleId}}`);
    expect((await run('sales list --state live --quiet')).out).toBe(`${sale.saleId}\n`);
    expect((await run(`sales list --product ${sale.productId} --quiet`)).out).toBe(`${sale.saleId}\n`);
  });

  test('says what is wrong with what was asked, and ends with 2', async () => {
    const refusals = [
      ['sales list --fields price,prize', 'there is no prize; there are id, product_id'],
      ['sales list --state sold', '--state: expected one of draft'],
      ['sales list --json --quiet', '--json and --quiet exclude each other'],
      ['sales list 7', '"7" is more than it takes'],
      ['sales list --limit 0', '--limit: expected a number from 1'],
      ['sales list --colour', "'--colour'"],
      ['sales show', 'SALE is missing: the id of the sale'],
      ['sales show x', 'SALE: expected a number'],
      ['sales lst', 'sales list'],
      ['sale list', 'There is no command "sale list"'],
    ] as const;
    for (const [line, says] of refusals) {
      expect([line, await run(line)]).toEqual([
        line,
        { code: 2, out: '', err: expect.stringContaining(says) },
      ]);
    }
  });

  test('says when there are more rows than it shows', async () => {
    const { out, err } = await run('sales list --limit 1 --quiet');
    expect([out.trim().split('\n').length, err]).toEqual([1, expect.stringContaining('--all')]);
    const all = await run('sales list --all --quiet');
    expect([all.out.trim().split('\n').length > 1, all.err]).toEqual([true, '']);
  });
});

test('sales show: all fields, one under the other; 3 when it is not there', async () => {
  expect((await run(`sales show ${sale.saleId}`)).out).toMatch(/^allotment +40$/m);
  expect(await run('sales show 999')).toEqual({ code: 3, out: '', err: 'There is no sale 999.\n' });
});

test('status: for people the sales and the stores, for programs the overview', async () => {
  expect((await run('status')).out).toMatch(/Lamp +live +0 % +0 +0 +0 +40 *\n[^]*✓ Redis [\d.]+ ms +✓ SQL/);
  expect(await run.json('status')).toMatchObject({
    sales: [{ sale_id: sale.saleId }],
    stores: { faults: [] },
  });
});

test('status: books that are wrong are an alarm, with a drift and without', async () => {
  const lamp = async () => /^.*Lamp.*$/m.exec((await run('status')).out)?.[0]?.trimEnd();
  // Again and again, because the auditor writes what is true every few seconds.
  const saysAfterAudit = async (drift: number, words: string) => {
    await world.services.mysql.execute(
      `REPLACE INTO sale_audits (sale_id, audited_at, is_right, drift) VALUES (${sale.saleId}, utc_timestamp(3), 0, ${drift})`,
    );
    return (await lamp())?.endsWith(words) === true;
  };
  await until(() => saysAfterAudit(0, '! the books do not add up'));
  await until(() => saysAfterAudit(3, '! DRIFT of 3 units: the auditor pauses and rebuilds'));
  await world.services.mysql.execute(`DELETE FROM sale_audits WHERE sale_id = ${sale.saleId}`);
  await until(async () => (await lamp())?.endsWith('40') === true);
});

describe('sales create', () => {
  test('makes a draft of flags, with times as people say them', async () => {
    const line = `sales create --product ${sale.productId} --allotment 7 --opens 2h --price 5.50 --buyer-limit 2 --json`;
    const { code, out, err } = await run(line);
    expect([code, err]).toEqual([0, '1 sale is created.\n']);
    expect(JSON.parse(out)).toMatchObject([{ state: 'draft', allotment: 7, price: 5.5, buyer_limit: 2 }]);
    const [{ opens_at: opensAt }] = JSON.parse(out) as [{ opens_at: string }];
    expect(Math.abs(Date.parse(opensAt) - Date.now() - 7_200_000)).toBeLessThan(60_000);
  });

  test('makes all of a file or none, and finds faults before anything is sent', async () => {
    const before = await countSales();
    const file = join(folder, 'sales.json');
    const write = (...sales: object[]) => writeFileSync(file, JSON.stringify({ sales }));
    const good = { product_id: sale.productId, allotment: 5 };
    write(good, { ...good, allotment: 0 }, { ...good, open_at: '2030-01-01T00:00:00Z' });
    expect(await run(`sales create --file ${file}`)).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/Nothing was sent.*sales\.1\.allotment must be.*sales\.2\.open_at is not/),
    });
    // What only the API knows: nothing of it is created either.
    write(good, { ...good, product_id: 999 });
    expect(await run(`sales create --file ${file}`)).toMatchObject({ code: 3, out: '' });
    expect(await countSales()).toBe(before);
    const stdin = JSON.stringify({ sales: [good, good] });
    const made = await run('sales create --file - --quiet', { stdin });
    expect([made.code, made.out.trim().split('\n').length]).toEqual([0, 2]);
    const list = await run('sales create --file -', { stdin: JSON.stringify([good, good]) });
    expect(list).toMatchObject({ code: 0, err: '2 sales are created.\n' });
    expect(await countSales()).toBe(before + 4);
  });

  test('asks before sales open with it, and refuses what does not go together', async () => {
    const draft = `sales create --product ${sale.productId} --allotment 5`;
    expect(await run(`${draft} --state scheduled`)).toMatchObject({ code: 2, out: '' });
    expect(await run('sales create --allotment 5')).toMatchObject({ code: 2, out: '' });
    expect(await run('sales create --file x --allotment 5')).toMatchObject({ code: 2, out: '' });
    expect(await run(`sales create --file ${folder}/none`)).toMatchObject({ code: 1, out: '' });
  });
});

describe('what moves a sale', () => {
  test('is asked for by the name of the sale for launch and end, by yes for halt', async () => {
    const { saleId } = await world.sale({}, 'draft');
    const slug = slugOf({ id: saleId, product_name: 'Lamp' });
    const no = await run(`sales launch ${saleId}`, { isTty: true, types: ['yes'] });
    expect(no).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/100 units of Lamp at 19\.99 EUR\.[^]*Nothing was done/),
    });
    expect(await stateOf(saleId)).toBe('draft');
    const yes = await run(`sales launch ${saleId}`, { isTty: true, types: [slug] });
    expect([yes.code, await stateOf(saleId)]).toEqual([0, 'live']);
    expect(await run(`sales halt ${saleId}`)).toMatchObject({ code: 2, out: '' });
    expect(await run(`sales halt ${saleId}`, { isTty: true, types: ['yes'] })).toMatchObject({ code: 0 });
    expect(await stateOf(saleId)).toBe('halted');
    expect(await run(`sales end ${saleId} --yes`)).toMatchObject({ code: 0 });
  });

  test('is not launched as what it was when somebody else edited it while its name was typed', async () => {
    const { saleId } = await world.sale({}, 'draft');
    const edited = async () => {
      await ops(world, 'PATCH', `/ops/sales/${saleId}`, { allotment: 1_000 });
      return slugOf({ id: saleId, product_name: 'Lamp' });
    };
    const refused = await run(`sales launch ${saleId}`, { isTty: true, types: [edited] });
    expect(refused).toMatchObject({ code: 5, err: expect.stringContaining('It was edited meanwhile') });
    expect(await stateOf(saleId)).toBe('draft');
  });

  test('is done at once where it can be taken back; 5 when it is impossible', async () => {
    const { saleId } = await world.sale({}, 'draft');
    expect(await run(`sales schedule ${saleId}`)).toMatchObject({ code: 0 });
    expect(await run(`sales launch ${saleId} --yes`)).toMatchObject({ code: 0 });
    const paused = await run(`sales pause ${saleId} --quiet`);
    expect(paused).toEqual({ code: 0, out: `${saleId}\n`, err: 'The sale is paused.\n' });
    expect((await run(`sales resume ${saleId}`)).out).toMatch(/Lamp +live/);
    expect(await run(`sales schedule ${saleId}`)).toMatchObject({ code: 5, out: '' });
    expect(await run('sales pause 999')).toMatchObject({ code: 3, out: '' });
  });

  test('is made once under a key that was chosen', async () => {
    const { saleId } = await world.sale();
    const line = `sales restock ${saleId} --add 10 --idempotency-key twice --json`;
    expect(JSON.parse((await run(line)).out)).toEqual([{ sale_id: saleId, allotment: 110 }]);
    expect(JSON.parse((await run(line)).out)).toEqual([{ sale_id: saleId, allotment: 110 }]);
    expect(await run(`sales pause ${saleId} --idempotency-key twice`)).toMatchObject({ code: 5 });
  });

  test('is refused to who only looks', async () => {
    const environment = { FLASHSALE_READ_ONLY: 'true' };
    const line = `sales pause ${sale.saleId}`;
    expect(await run(line, { environment })).toMatchObject({
      code: 5,
      err: expect.stringContaining('--write'),
    });
    expect(await run(`${line} --read-only`)).toMatchObject({ code: 5, out: '' });
    expect(await stateOf(sale.saleId)).toBe('live');
  });
});

test('sales restock: adds at once, asks before it takes out, and takes no more than is free', async () => {
  const { saleId } = await world.sale({ allotment: 10 });
  expect(await run(`sales restock ${saleId}`)).toMatchObject({ code: 2 });
  expect(await run(`sales restock ${saleId} --add 1 --take-out 1`)).toMatchObject({ code: 2 });
  expect(await run(`sales restock ${saleId} --take-out 4`)).toMatchObject({ code: 2, out: '' });
  expect((await run(`sales restock ${saleId} --take-out 4 --yes`)).out).toMatch(new RegExp(`${saleId} +6`));
  expect(await run(`sales restock ${saleId} --take-out 7 --yes`)).toMatchObject({
    code: 5,
    err: expect.stringContaining('At most 6 units'),
  });
});

describe('sales watch', () => {
  test('tells a line at every change, and ends when it is sold out', async () => {
    const { saleId, productId } = await world.sale({ allotment: 1 });
    const watch = run.start(`sales watch ${saleId} --until sold-out --exit-status`);
    await watch.waitFor(/Lamp +live +19\.99 EUR +1 +0 +0 +0 +1 /);
    const { hold_id: holdId } = (await hold(world, productId)).body.data;
    await watch.waitFor(/Lamp +live +19\.99 EUR +1 +0 +0 +1 +0 /);
    await order(world, holdId, 'pi_watched');
    await pay(world, holdId, 'pi_watched');
    expect(await watch.ended).toMatchObject({ code: 0, err: '' });
  });

  test('ends with 1 when it is halted and somebody cares, with 130 by ctrl+c, with 3 when it is not there', async () => {
    const { saleId } = await world.sale();
    const cares = run.start(`sales watch ${saleId} --exit-status --ndjson`);
    const looks = run.start(`sales watch ${saleId} --ndjson`);
    await Promise.all([cares.waitFor(/"live"/), looks.waitFor(/"live"/)]);
    await run(`sales halt ${saleId} --yes`);
    expect(await cares.ended).toMatchObject({ code: 1 });
    await looks.waitFor(/"halted"/);
    looks.interrupt();
    expect(await looks.ended).toMatchObject({ code: 130, err: '' });
    expect(await run('sales watch 999')).toMatchObject({ code: 3 });
    expect(await run(`sales watch ${saleId} --json`)).toMatchObject({ code: 2 });
  });
});

test('who may not ends with 4, and when nobody answers with 6', async () => {
  const nobody = { OPERATOR_TOKEN: 'fsop_of_nobody_that_is_long_enough_to_be_a_token' };
  const nowhere = { FLASHSALE_URL: 'http://127.0.0.1:1' };
  for (const line of ['sales list', `sales watch ${sale.saleId}`]) {
    expect(await run(line, { environment: nobody })).toMatchObject({ code: 4, out: '' });
    expect(await run(line, { environment: nowhere })).toMatchObject({ code: 6, out: '' });
  }
  const { code, err } = await run('sales pause 1', { environment: nowhere });
  expect([code, err]).toEqual([6, expect.stringContaining('--idempotency-key')]);
});
