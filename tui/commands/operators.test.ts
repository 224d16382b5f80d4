import { afterAll, beforeAll, expect, test } from 'bun:test';
import { statement } from '@flash-sale/api/mysql/transaction.ts';
import { hold } from '@flash-sale/api/test/client.ts';
import { until } from '@flash-sale/api/test/until.ts';
import { createWorld, type World } from '@flash-sale/api/test/world.ts';
import { commandsOf, type Run } from '../test/run-command.ts';

let world: World;
let run: Run;
beforeAll(async () => {
  world = await createWorld();
  run = commandsOf(world);
});
afterAll(() => world.close());

test('operators add: the token is on stdout alone, and works until it is revoked', async () => {
  const added = await run('operators add ann --role viewer --expires-in-days 30 --quiet');
  expect(added).toEqual({
    code: 0,
    out: expect.stringMatching(/^fsop_\S+\n$/),
    err: 'Keep the token: it is not shown again.\n',
  });
  const environment = { OPERATOR_TOKEN: added.out.trim() };
  expect(await run('sales list', { environment })).toMatchObject({ code: 0 });
  const refused = await run('products create Lamp --price 1 --currency EUR', { environment });
  expect(refused).toMatchObject({ code: 4, err: expect.stringContaining('ann is viewer') });
  expect(await run('operators list', { environment })).toMatchObject({ code: 4, out: '' });
  expect(await run('operators revoke ann')).toMatchObject({ code: 2, out: '' });
  expect(await run('operators revoke ann --yes')).toMatchObject({ code: 0, out: '' });
  expect(await run('sales list', { environment })).toMatchObject({ code: 4, out: '' });
});

/** In the table: expires, since, last used. */
const USED_BY_BEN = /ben +admin +active +- +\S+ \S+ +\d{4}/;

test('operators list: a table and JSON; what is refused', async () => {
  const added = await run('operators add ben --role admin');
  expect(added.code).toBe(0);
  expect(added.out).toMatch(/^token +fsop_/m);
  expect((await run('operators list')).out).toMatch(/ben +admin +active +- +\d{4}/);
  const environment = { OPERATOR_TOKEN: /fsop_\S+/.exec(added.out)?.[0] ?? '' };
  await until(async () => (await run('operators list', { environment })).out.match(USED_BY_BEN));
  expect(await run.json('operators list --fields name,state')).toContainEqual({
    name: 'ben',
    state: 'active',
  });
  expect(await run('operators add ben --role admin')).toMatchObject({ code: 5, out: '' });
  expect(await run('operators add eve --role queen')).toMatchObject({ code: 2, out: '' });
  expect(await run('operators add eve')).toMatchObject({ code: 2, out: '' });
  expect(await run('operators revoke nobody --yes')).toMatchObject({ code: 3, out: '' });
});

test('products create and list', async () => {
  const line = ['products', 'create', 'Desk lamp', '--price', '19.99', '--currency', 'EUR', '--json'];
  const { code, out } = await run(line);
  expect([code, JSON.parse(out)]).toMatchObject([0, [{ name: 'Desk lamp', price: 19.99, description: '' }]]);
  expect((await run('products list')).out).toMatch(/Desk lamp +19\.99 EUR/);
  expect(await run('products create Lamp --price 1,5 --currency EUR')).toMatchObject({ code: 2, out: '' });
  const refused = await run('products create Lamp --price 1.005 --currency EUR');
  expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('price is finer') });
});

test('--reason: why, in the audit log; what is no reason is found before anything is asked', async () => {
  const line = ['operators', 'add', 'cleo', '--role', 'viewer', '--reason', ' 100 % Vertretung für Ben 🌴 '];
  expect(await run(line)).toMatchObject({ code: 0 });
  const why = '100 % Vertretung für Ben 🌴';
  expect(await run.json('audit list --actor bootstrap --limit 1')).toMatchObject([{ reason: why }]);
  expect((await run('audit list --limit 1')).out).toMatch(/^Row +When +Who +Did +To +Change +Why/);
  expect((await run('audit list --limit 1', { columns: 200 })).out).toContain('100 % Vertretung für Ben');
  for (const reason of ['', ' ', 'two\nlines', 'x'.repeat(201)]) {
    const refused = await run(['operators', 'revoke', 'cleo', '--reason', reason]);
    expect([reason, refused]).toMatchObject([reason, { code: 2, err: expect.stringContaining('--reason') }]);
  }
  expect(await run('operators revoke cleo --yes')).toMatchObject({ code: 0 });
  expect(await run.json('audit list --limit 1 --fields action,reason')).toEqual([
    { action: 'operator.revoke', reason: null },
  ]);
});

test('--reason goes with every change of one command, and with none that is not written down', async () => {
  const { productId } = await world.sale();
  const holds = [await hold(world, productId), await hold(world, productId)];
  const ids = holds.map(({ body }) => body.data.hold_id);
  const released = await run(['holds', 'release', ...ids, '--yes', '--reason', 'Never answered']);
  expect(released).toMatchObject({ code: 0 });
  const row = { action: 'hold.release', reason: 'Never answered' };
  expect(await run.json('audit list --limit 2 --fields action,reason')).toEqual([row, row]);
  for (const line of ['rehearse', 'pay --intent pi_1', 'webhooks send -', 'sales list']) {
    expect([line, await run(`${line} --reason Why`)]).toMatchObject([
      line,
      { code: 2, err: expect.stringContaining("'--reason'") },
    ]);
  }
});

test('audit list: who changed what; audit verify: 1 when a row is not as it was written', async () => {
  const line = ['audit', 'list', '--target', 'operator ben', '--limit', '1'];
  expect((await run(line)).out).toMatch(/bootstrap +operator\.add +operator ben +role admin/);
  expect(await run.json('audit list --actor nobody')).toEqual([]);
  const intact = await run('audit verify --json');
  expect([intact.code, JSON.parse(intact.out)]).toMatchObject([0, { intact: true, broken_at: null }]);
  await statement(world.services.mysql, (sql) =>
    sql.execute("UPDATE audit_log SET actor = 'eve' WHERE id = 2"),
  );
  const broken = await run('audit verify --json');
  expect([broken.code, JSON.parse(broken.out)]).toMatchObject([1, { intact: false, broken_at: 2 }]);
  expect(broken.err).toContain('BROKEN');
});
