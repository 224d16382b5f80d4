import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { AuditRow } from '@flash-sale/shared/contracts/operator.ts';
import { CHANGE_REASON_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import { ops } from '../test/client.ts';
import { documentOf } from '../test/fuzz/document.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Of what was done like this to that, newest first. */
async function reasonsOf(action: string, target: string): Promise<(string | null)[]> {
  const path = `/ops/audit?target=${encodeURIComponent(target)}`;
  const { body } = await ops<{ items: AuditRow[] }>(world, 'GET', path);
  return body.data.items.filter((row) => row.action === action).map(({ reason }) => reason);
}

const because = (reason: string, key?: string) => ({
  'change-reason': reason,
  ...(key === undefined ? {} : { 'idempotency-key': key }),
});

test('a reason is in the row of its change as it was meant, and percent-encoding is undone', async () => {
  const emoji = '🔥'.repeat(CHANGE_REASON_LENGTH_MAX);
  const sent: [string, string][] = [
    ['Broken packages, see INC-12', 'Broken packages, see INC-12'],
    ['100%25 sure', '100% sure'],
    ['a+b', 'a+b'],
    [encodeURIComponent('Kartons beschädigt – Rückruf'), 'Kartons beschädigt – Rückruf'],
    [encodeURIComponent(emoji), emoji],
    ['%20 inside %20', 'inside'],
    ["'); DROP TABLE audit_log;--", "'); DROP TABLE audit_log;--"],
  ];
  for (const [header, meant] of sent) {
    const { saleId } = await world.sale();
    const paused = await ops(world, 'POST', `/ops/sales/${saleId}/pause`, undefined, because(header));
    expect([header, paused.status, await reasonsOf('sale.pause', `sale ${saleId}`)]).toEqual([
      header,
      200,
      [meant],
    ]);
  }
  expect((await ops(world, 'GET', '/ops/audit/verify')).body.data).toMatchObject({ intact: true });
});

test('each row of a change that makes several has it', async () => {
  const { productId } = await world.sale();
  const sales = [1, 2].map((allotment) => ({ product_id: productId, allotment }));
  const made = await ops<{ id: number }[]>(world, 'POST', '/ops/sales/batch', { sales }, because('Spring'));
  expect(made.status).toBe(201);
  for (const { id } of made.body.data) {
    expect(await reasonsOf('sale.create', `sale ${id}`)).toEqual(['Spring']);
  }
});

test('an emergency stop waits for no reason', async () => {
  const { saleId } = await world.sale();
  expect((await ops(world, 'POST', `/ops/sales/${saleId}/halt`)).status).toBe(200);
  expect(await reasonsOf('sale.halt', `sale ${saleId}`)).toEqual([null]);
});

test('one that cannot be read is refused by its name, changes nothing and leaves its key free', async () => {
  const { saleId } = await world.sale();
  const wrong = [
    '',
    '%20',
    '%0A',
    'two%0Alines',
    'a%00b',
    'a%E2%80%A8b',
    '%',
    '100% sure',
    '%ff',
    '%ed%a0%80',
    'ä',
    'x'.repeat(CHANGE_REASON_LENGTH_MAX + 1),
  ];
  for (const reason of wrong) {
    const path = `/ops/sales/${saleId}/pause`;
    const { status, body } = await ops(world, 'POST', path, undefined, because(reason, 'pause'));
    expect([reason, status, Object.keys(body.errors ?? {})]).toEqual([reason, 400, ['Change-Reason']]);
  }
  expect(await reasonsOf('sale.pause', `sale ${saleId}`)).toEqual([]);
  const right = await ops(world, 'POST', `/ops/sales/${saleId}/pause`, undefined, because('Now', 'pause'));
  expect([right.status, right.body.data['state']]).toEqual([200, 'paused']);
  expect(right.headers.get('idempotency-replayed')).toBeNull();
});

test('every route that changes something reads it, before it changes anything', async () => {
  const { paths } = await documentOf(world.listening.opsUrl);
  const before = (await ops<{ items: AuditRow[] }>(world, 'GET', '/ops/audit?limit=1')).body.data.items;
  const seen: string[] = [];
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries(operations)) {
      if (!parameters.some(({ name }) => name === 'Change-Reason')) continue;
      const examples = new Map(parameters.map(({ name, example }) => [name, String(example)]));
      const at = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => examples.get(name) ?? '');
      const body = requestBody?.content['application/json']?.example;
      const refused = await ops(world, method.toUpperCase(), at, body, because('%0A'));
      expect([method, at, refused.status, Object.keys(refused.body.errors ?? {})]).toEqual([
        method,
        at,
        400,
        ['Change-Reason'],
      ]);
      seen.push(at);
    }
  }
  expect(seen.length).toBeGreaterThan(15);
  const after = (await ops<{ items: AuditRow[] }>(world, 'GET', '/ops/audit?limit=1')).body.data.items;
  expect(after).toEqual(before);
});

test('the same change with another reason is the same change: the first reason stays', async () => {
  const { saleId } = await world.sale();
  const path = `/ops/sales/${saleId}/pause`;
  const first = await ops(world, 'POST', path, undefined, because('First', 'why'));
  for (const headers of [because('Second', 'why'), { 'idempotency-key': 'why' }]) {
    const again = await ops(world, 'POST', path, undefined, headers);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.body.data).toEqual(first.body.data);
  }
  expect(await reasonsOf('sale.pause', `sale ${saleId}`)).toEqual(['First']);
});

test('of what was so already, the reason is kept with the key', async () => {
  const { saleId } = await world.sale({}, 'paused');
  const path = `/ops/sales/${saleId}/pause`;
  const asked = await ops(world, 'POST', path, undefined, because('Sure is sure', 'already'));
  expect(asked.status).toBe(200);
  expect(await reasonsOf('unchanged', `POST ${path}`)).toEqual(['Sure is sure']);
});
