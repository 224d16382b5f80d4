import { afterAll, beforeAll, expect, test } from 'bun:test';
import { hold } from '@flash-sale/api/test/client.ts';
import { createWorld, type OneSale, type World } from '@flash-sale/api/test/world.ts';
import { commandsOf, type Run } from '../test/run-command.ts';

let world: World;
let run: Run;
let sale: OneSale;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
  sale = await world.sale({ allotment: 1_000, buyerLimit: null });
});
afterAll(() => world.close());

const held = async (fields: Parameters<typeof hold>[2] = {}) =>
  (await hold(world, sale.productId, fields)).body.data.hold_id;

test('holds list: a table, JSON, by state and by buyer, and more than a page', async () => {
  const [ann] = await Promise.all([held({ buyer_id: 'ann', quantity: 2 }), held()]);
  const list = `holds list ${sale.saleId}`;
  expect((await run(list)).out).toMatch(new RegExp(`${ann} +held +2 +\\d{4}-\\d\\d-\\d\\d \\S+ +ann`));
  expect(await run.json(`${list} --buyer ann`)).toMatchObject([{ hold_id: ann, state: 'held', quantity: 2 }]);
  expect(await run.json(`${list} --state released`)).toEqual([]);
  expect(await run('holds list 999')).toMatchObject({ code: 3, out: '' });
  for (let made = 0; made < 230; made += 1) await held({ buyer_id: `many_${made}` });
  const all = await run(`${list} --all --quiet`);
  expect([new Set(all.out.trim().split('\n')).size, all.err]).toEqual([232, '']);
});

test('a buyer cannot write on the terminal of an operator', async () => {
  await hold(world, sale.productId, { buyer_id: '\u202eevil' });
  const { out } = await run(`holds list ${sale.saleId} --all`, { isTty: true });
  expect(out).not.toContain('\u202e');
});

test('holds extend and release: each that can be is, each that cannot is told, and the first says the exit code', async () => {
  const [one, other] = await Promise.all([held(), held()]);
  expect(await run(`holds extend ${one} ${other}`)).toMatchObject({ code: 2, out: '' });
  const extended = await run.json(`holds extend ${one} ${other} --seconds 60`);
  expect(extended).toMatchObject([{ hold_id: one }, { hold_id: other }]);
  expect(await run(`holds release ${one}`)).toMatchObject({ code: 2, out: '' });
  const unknown = '00000001-0000-8000-8000-000000000000';
  const released = await run(`holds release ${one} ${unknown} ${other} --yes --quiet`);
  expect(released).toEqual({
    code: 3,
    out: `${one}\n${other}\n`,
    err: expect.stringContaining(`${unknown}: There is no such hold`),
  });
  expect(await run(`holds extend ${one} --seconds 60`)).toMatchObject({ code: 5 });
});

test('holds watch: a line whenever one begins or ends, of this sale alone', async () => {
  const other = await world.sale();
  const watch = run.start(`holds watch ${sale.saleId} --ndjson`);
  const table = run.start(`holds watch ${sale.saleId}`);
  // What began before the link was ready is not told.
  const begun = async () => `"hold_id":"${await held()}"`;
  await watch.waitFor(new RegExp(await untilSeen(watch, begun)));
  await hold(world, other.productId, { buyer_id: 'elsewhere' });
  const mine = await held({ buyer_id: 'here' });
  await run(`holds release ${mine} --yes`);
  await Promise.all([watch.waitFor(/hold\.released/), table.waitFor(/hold\.released +\d+ +hold_id/)]);
  watch.interrupt();
  table.interrupt();
  const { code, out } = await watch.ended;
  expect([code, out.includes('elsewhere')]).toEqual([130, false]);
  expect(await table.ended).toMatchObject({ code: 130, err: '' });
});

/** Does it again until it is seen. */
async function untilSeen(watch: { waitFor(pattern: RegExp): Promise<unknown> }, act: () => Promise<string>) {
  for (let tries = 0; tries < 50; tries += 1) {
    const what = await act();
    const isSeen = await Promise.race([watch.waitFor(new RegExp(what)).then(() => true), Bun.sleep(300)]);
    if (isSeen === true) return what;
  }
  throw new Error('it was never seen');
}
