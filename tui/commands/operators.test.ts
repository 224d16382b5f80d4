import { afterAll, beforeAll, expect, test } from 'bun:test';
import { statement } from '@flash-sale/api/mysql/transaction.ts';
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

test('operators list: a table and JSON; what is refused', async () => {
  expect(await run('operators add ben --role admin')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^token +fsop_/m),
  });
  expect((await run('operators list')).out).toMatch(/ben +admin +active +- +\d{4}/);
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
