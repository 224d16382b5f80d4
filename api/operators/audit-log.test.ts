import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { auditChain, auditLog, products } from '@flash-sale/drizzle/schema.ts';
import { statement, transaction } from '../mysql/transaction.ts';
import { ops } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';
import { record, verifyChain, type Act } from './audit-log.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(() =>
  statement(world.services.mysql, async (sql) => {
    await sql.delete(auditLog);
    await sql.delete(auditChain);
  }),
);

const act = (key?: string, reason: string | null = null): Act => ({
  actor: 'ann',
  requestId: 'r1',
  once: key === undefined ? null : { key, fingerprint: 'f'.repeat(64) },
  reason,
});

const write = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      transaction(world.services.mysql, (sql) =>
        record(sql, act(undefined, 'why'), {
          action: 'test',
          target: `thing ${n}`,
          before: { n: n - 1 },
          after: { n },
        }),
      ),
    ),
  );

const verified = async () => (await ops(world, 'GET', '/ops/audit/verify')).body.data;

test('many who write at once make one chain', async () => {
  await write(40);
  expect(await verified()).toEqual({ intact: true, rows: 40, broken_at: null });
});

test('a change that is undone is not written down, and one that stands is', async () => {
  await transaction(world.services.mysql, async (sql) => {
    await sql.insert(products).values({ name: 'x', description: '', priceMinor: 1, currency: 'EUR' });
    await record(sql, act(), { action: 'test', target: 'x' });
    throw new Error('no');
  }).catch(() => {});
  expect(await verified()).toMatchObject({ rows: 0, intact: true });
});

test('rows from before there were reasons are still right, those after them too, and no reason can be slipped in', async () => {
  const { mysql } = world.services;
  const before = [
    {
      actor: 'ann',
      action: 'sale.launch',
      target: 'sale 1',
      before: '{"state":"draft"}',
      after: '{"state":"live"}',
      requestId: 'r1',
      previousHash: '0'.repeat(64),
      hash: '52039eac3747dec5f7347a0567231d14b45c84acd3db1d0e82b63574c5eb68c5',
      createdAt: new Date('2026-11-27T03:36:48.295Z'),
      idempotencyKey: 'k1',
      fingerprint: 'f'.repeat(64),
    },
    {
      actor: 'system:auditor',
      action: 'sale.pause',
      target: 'sale 1',
      after: '{"drift":3}',
      requestId: 'r2',
      previousHash: '52039eac3747dec5f7347a0567231d14b45c84acd3db1d0e82b63574c5eb68c5',
      hash: 'deee0cdab6579d9ad62e5bf397f63f3125f8b8dd69e08b6c985c41f45b99bd86',
      createdAt: new Date('2026-11-27T03:36:48.301Z'),
    },
  ];
  await statement(mysql, async (sql) => {
    await sql.insert(auditLog).values(before);
    await sql.insert(auditChain).values({ id: 1, hash: before[1]?.hash ?? '' });
  });
  expect(await verified()).toEqual({ intact: true, rows: 2, broken_at: null });
  await transaction(mysql, (sql) => record(sql, act('k2', 'Why not'), { action: 'test', target: 'x' }));
  expect(await verified()).toEqual({ intact: true, rows: 3, broken_at: null });
  for (const reason of ['', 'slipped in']) {
    await statement(mysql, (sql) => sql.update(auditLog).set({ reason }).where(eq(auditLog.requestId, 'r2')));
    expect([reason, (await verifyChain(mysql)).kind]).toEqual([reason, 'broken']);
  }
});

test('a row that was changed, taken out, put in or cut off is noticed', async () => {
  const tampering: [string, ReturnType<typeof raw>][] = [
    ['changed', raw`UPDATE audit_log SET after = '{"n":9}' WHERE target = 'thing 2'`],
    ['explained', raw`UPDATE audit_log SET reason = 'better' WHERE target = 'thing 2'`],
    ['unexplained', raw`UPDATE audit_log SET reason = null WHERE target = 'thing 2'`],
    ['renamed', raw`UPDATE audit_log SET actor = 'bob' WHERE target = 'thing 2'`],
    [
      'redated',
      raw`UPDATE audit_log SET created_at = created_at - interval 1 second WHERE target = 'thing 2'`,
    ],
    [
      'put in',
      raw`INSERT INTO audit_log (actor, action, target, request_id, previous_hash, hash)
        SELECT 'eve', 'test', 'thing', 'r', hash, repeat('a', 64) FROM audit_log ORDER BY id DESC LIMIT 1`,
    ],
    ['taken out', raw`DELETE FROM audit_log WHERE target = 'thing 2'`],
    ['cut off', raw`DELETE FROM audit_log ORDER BY id DESC LIMIT 1`],
  ];
  for (const [how, statementOfThief] of tampering) {
    await statement(world.services.mysql, async (sql) => {
      await sql.delete(auditLog);
      await sql.delete(auditChain);
    });
    await write(5);
    expect((await verifyChain(world.services.mysql)).kind).toBe('intact');
    await statement(world.services.mysql, (sql) => sql.execute(statementOfThief));
    expect([how, (await verifyChain(world.services.mysql)).kind]).toEqual([how, 'broken']);
  }
});

test('the list is newest first, in pages that lose and repeat nothing, filtered by actor and target', async () => {
  await write(25);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const page = await ops<{ items: { target: string; id: number }[]; next_cursor: string | null }>(
      world,
      'GET',
      `/ops/audit?limit=10${from}`,
    );
    seen.push(...page.body.data.items.map(({ target }) => target));
    cursor = page.body.data.next_cursor;
  }
  expect(new Set(seen).size).toBe(25);
  const of = await ops<{ items: unknown[] }>(world, 'GET', '/ops/audit?target=thing%207&actor=ann');
  expect(of.body.data.items).toMatchObject([{ target: 'thing 7', before: { n: 6 }, after: { n: 7 } }]);
  const wrong = await ops(world, 'GET', '/ops/audit?cursor=nonsense');
  expect([wrong.status, Object.keys(wrong.body.errors ?? {})]).toEqual([400, ['cursor']]);
  const many = await ops(world, 'GET', '/ops/audit?limit=5000');
  expect([many.status, Object.keys(many.body.errors ?? {})]).toEqual([400, ['limit']]);
});

test('a key is of one change and one actor', async () => {
  const { mysql } = world.services;
  const change = { action: 'test', target: 'x' };
  await transaction(mysql, (sql) => record(sql, act('k'), change));
  const again = transaction(mysql, (sql) => record(sql, act('k'), change));
  expect(await again.catch((error: Error) => error.constructor.name)).not.toBeUndefined();
  await transaction(mysql, (sql) => record(sql, { ...act('k'), actor: 'bob' }, change));
  const rows = await statement(mysql, (sql) =>
    sql.select().from(auditLog).where(eq(auditLog.idempotencyKey, 'k')),
  );
  expect(rows.map(({ actor }) => actor).sort()).toEqual(['ann', 'bob']);
  expect((await verifyChain(mysql)).kind).toBe('intact');
});

test('looks that are made while others write find nothing wrong', async () => {
  let isOver = false;
  const writing = Promise.all(
    [0, 1, 2].map(async () => {
      while (!isOver) await write(1);
    }),
  );
  for (let looks = 0; looks < 30; looks += 1) {
    expect((await verifyChain(world.services.mysql)).kind).toBe('intact');
  }
  isOver = true;
  await writing;
});
