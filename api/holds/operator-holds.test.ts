import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { HoldPage, ListedHold } from '@flash-sale/shared/contracts/operator-hold.ts';
import { HOLD_LOOKS_MAX, HOLDS_LOOKED_AT_MAX } from '@flash-sale/shared/limits.ts';
import { pinHold, readHold } from '../redis/hold-scripts.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, order, send } from '../test/client.ts';
import { allPages, faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { holdRequest } from '../test/script-sales.ts';
import { passDeadline, settle, shortHold } from '../test/settling.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { newHoldId } from './hold-id.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/sales/{id}/holds', '/ops/holds']);
});
afterAll(() => world.close());

async function held({ productId }: OneSale, fields: Parameters<typeof hold>[2] = {}): Promise<string> {
  return (await hold(world, productId, fields)).body.data.hold_id;
}

const page = ({ saleId }: OneSale, query = '') => ask<HoldPage>('GET', `/ops/sales/${saleId}/holds${query}`);
const listed = ({ saleId }: OneSale, query = '', limit = 200) =>
  allPages<ListedHold>(ask, `/ops/sales/${saleId}/holds${query}`, limit);
const ids = (holds: readonly ListedHold[]) => holds.map(({ hold_id: id }) => id);

const release = (holdId: string, headers = {}) =>
  ask('POST', `/ops/holds/${holdId}/release`, undefined, headers);
const extend = (holdId: string, seconds: unknown, headers = {}) =>
  ask<{ expires_in_seconds: number; expires_at: string }>(
    'POST',
    `/ops/holds/${holdId}/extend`,
    { seconds },
    headers,
  );

async function audited(holdId: string) {
  const path = `/ops/audit?target=hold%20${holdId}`;
  const reply = await ops<{ items: { action: string; actor: string; before: unknown; after: unknown }[] }>(
    world,
    'GET',
    path,
  );
  return reply.body.data.items;
}

describe('the holds of a sale', () => {
  test('are listed as they are now: the next to expire first, on the clock that decides', async () => {
    const sale = await world.sale();
    const late = await held(sale, { ttl: 200, quantity: 2, buyer_id: 'ann' });
    const soon = await held(sale, { ttl: 60 });
    const pinned = await held(sale, { ttl: 10 });
    await pinHold(world.services.redis, sale.saleId, pinned);
    const { body } = await page(sale);
    expect(ids(body.data.items)).toEqual([soon, late, pinned]);
    expect(body.data.items.map(({ state }) => state)).toEqual(['held', 'held', 'pinned']);
    expect(body.data.items[1]).toMatchObject({ quantity: 2, buyer_id: 'ann', ended_at: null });
    expect(body.data.next_cursor).toBeNull();
    const left = Date.parse(body.data.items[0]?.expires_at ?? '') - Date.parse(body.data.now);
    expect(left).toBeWithin(55_000, 60_001);
  });

  test('are found by state and buyer, ended ones too, the newest first', async () => {
    const sale = await world.sale();
    const [a, b, c] = [await held(sale, { buyer_id: 'ann' }), await held(sale), await held(sale)];
    const expired = await shortHold(world.services, sale.saleId, 5);
    await passDeadline(world.services, sale.saleId, expired);
    await order(world, b, `pi_${b}`);
    await until(async () => (await listed(sale, '?state=ordered')).length === 1);
    await send(world, 'DELETE', `/api/holds/${c}`);
    expect(ids(await listed(sale, '?state=held'))).toEqual([a]);
    expect(ids(await listed(sale, '?state=ordered'))).toEqual([b]);
    expect(ids(await listed(sale, '?state=released'))).toEqual([c]);
    expect(ids(await listed(sale, '?state=expired'))).toEqual([expired]);
    expect(await listed(sale, '?state=pinned')).toEqual([]);
    expect(await listed(sale, '?state=lost')).toEqual([]);
    expect(ids(await listed(sale, '?buyer=ann'))).toEqual([a]);
    expect(await listed(sale, '?buyer=bob')).toEqual([]);
    const [released] = await listed(sale, '?state=released');
    expect(Date.parse(released?.ended_at ?? '')).toBeWithin(Date.now() - 5_000, Date.now() + 1_000);
  });

  test('come in pages that lose and repeat nothing, from the held ones to the pinned', async () => {
    const sale = await world.sale();
    const holdIds = await Promise.all(Array.from({ length: 12 }, () => held(sale)));
    for (const holdId of holdIds.slice(0, 5)) {
      await pinHold(world.services.redis, sale.saleId, holdId);
    }
    for (const limit of [1, 3, 7, 12, 200]) {
      const seen = await listed(sale, '', limit);
      expect([limit, ids(seen).toSorted()]).toEqual([limit, holdIds.toSorted()]);
      expect(seen.map(({ state }) => state)).toEqual([
        ...Array<'held'>(7).fill('held'),
        ...Array<'pinned'>(5).fill('pinned'),
      ]);
    }
  });

  test('are looked through in bounded bites: a rare buyer is found on a later page', async () => {
    const count = HOLDS_LOOKED_AT_MAX * HOLD_LOOKS_MAX + 200;
    const sale = await world.sale({ allotment: count + 1 });
    const { redis } = world.services;
    for (let placed = 0; placed < count; placed += 200) {
      const crowd = Array.from({ length: 200 }, () => holdRequest(sale.saleId, { ttlMs: 100_000 }));
      await placeHolds(redis, sale.saleId, crowd);
    }
    const holdId = await held(sale, { buyer_id: 'rare', ttl: 300 });
    const first = await page(sale, '?buyer=rare');
    expect(first.body.data.items).toEqual([]);
    expect(first.body.data.next_cursor).not.toBeNull();
    expect(ids(await listed(sale, '?buyer=rare'))).toEqual([holdId]);
    expect(await listed(sale)).toHaveLength(count + 1);
  }, 60_000);

  test('are none in a draft; a sale that nobody knows is 404, and what is asked wrongly is 400', async () => {
    const draft = await world.sale({}, 'draft');
    expect((await page(draft)).body.data).toMatchObject({ items: [], next_cursor: null });
    expect((await page({ ...draft, saleId: 4_000_000_000 })).body.code).toBe('sale_not_found');
    expect((await ask('GET', '/ops/sales/lamp/holds')).body.code).toBe('sale_not_found');
    const sale = await world.sale();
    for (let i = 0; i < 3; i += 1) await held(sale);
    const { next_cursor: cursor } = (await page(sale, '?limit=1')).body.data;
    expect(faultsIn(await page(sale, '?state=gone'))).toEqual(['state']);
    expect(faultsIn(await page(sale, `?state=expired&cursor=${cursor}`))).toEqual(['cursor']);
    expect(faultsIn(await page(sale, '?cursor=W10'))).toEqual(['cursor']);
    expect(faultsIn(await page(sale, '?limit=201'))).toEqual(['limit']);
    const forged = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const bad of [
      { list: 'all', score: 1, holdId: 'x' },
      { list: 'held', score: 'x', holdId: 'x' },
      { list: 'held', score: 1 },
      { list: 'held', score: 1, holdId: 'x'.repeat(99) },
    ]) {
      expect(faultsIn(await page(sale, `?cursor=${forged(bad)}`))).toEqual(['cursor']);
    }
    const odd = await page(sale, `?cursor=${forged({ list: 'held', score: 2 ** 53 - 1, holdId: '' })}`);
    expect(odd.body.data.items).toEqual([]);
  });
});

describe('an operator releases a hold', () => {
  test('and its units are back at once, and the audit log says who did it (I4)', async () => {
    const sale = await world.sale({ allotment: 4 });
    const holdId = await held(sale, { quantity: 4 });
    const released = await release(holdId.toUpperCase());
    expect(released.body.data).toEqual({ hold_id: holdId, state: 'released' });
    expect(await audited(holdId)).toMatchObject([{ action: 'hold.release', actor: 'bootstrap' }]);
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 4, held: 0, drift: 0 });
    expect((await release(holdId)).status).toBe(200);
  });

  test('unless it ended otherwise: each refusal has its code, and nothing is written', async () => {
    const sale = await world.sale();
    const ordered = await held(sale);
    await order(world, ordered, `pi_${ordered}`);
    const expired = await shortHold(world.services, sale.saleId, 5);
    await passDeadline(world.services, sale.saleId, expired);
    expect([(await release(ordered)).body.code, (await extend(ordered, 9)).body.code]).toEqual([
      'hold_ordered',
      'hold_ordered',
    ]);
    expect((await release(expired)).body.data).toMatchObject({ state: 'expired' });
    for (const holdId of [newHoldId(sale.saleId), newHoldId(4_000_000_000), 'nothing', crypto.randomUUID()]) {
      expect((await release(holdId)).body.code).toBe('hold_not_found');
      expect((await extend(holdId, 9)).body.code).toBe('hold_not_found');
    }
    for (const holdId of [ordered, expired]) expect(await audited(holdId)).toEqual([]);
  });

  test('while it is ordered: it is an order or it is released, never both (I3)', async () => {
    const sale = await world.sale({ allotment: 40 });
    const holdIds = await Promise.all(Array.from({ length: 20 }, () => held(sale)));
    const pairs = await Promise.all(
      holdIds.map((holdId) => Promise.all([release(holdId), order(world, holdId, `pi_${holdId}`)])),
    );
    const made = pairs.filter(([, ordered]) => ordered.status === 201).length;
    for (const [released, ordered] of pairs) {
      const outcome = [released.body.code ?? 'released', ordered.body.code ?? 'ordered'];
      expect([
        ['hold_ordered', 'ordered'],
        ['released', 'hold_released'],
      ]).toContainEqual(outcome);
    }
    await settle(world.services, sale.saleId);
    expect(await audit(world.services, sale.saleId)).toMatchObject({
      committed: made,
      available: 40 - made,
      held: 0,
      pinned: 0,
      drift: 0,
    });
  });
});

describe('an operator extends a hold', () => {
  test('and its buyer has more time, which a rebuild of the sale honours (I7)', async () => {
    const sale = await world.sale();
    const { redis } = world.services;
    const holdId = await shortHold(world.services, sale.saleId, 1_500);
    const before = await readHold(redis, sale.saleId, holdId);
    const extended = await extend(holdId, 60);
    expect(extended.body.data.expires_in_seconds).toBeWithin(60, 63);
    const [entry] = await audited(holdId);
    expect(entry).toMatchObject({
      action: 'hold.extend',
      after: { expiresAt: extended.body.data.expires_at },
    });
    await rebuildSale(world.services, sale.saleId);
    await until(async () => {
      const now = await readHold(redis, sale.saleId, holdId);
      return before.kind === 'hold' && now.kind === 'hold' && now.nowMs > before.deadlineMs;
    });
    expect((await order(world, holdId, `pi_${holdId}`)).status).toBe(201);
  });

  test('never beyond the longest hold from now, and once under one Idempotency-Key', async () => {
    const sale = await world.sale();
    const holdId = await held(sale, { ttl: 100 });
    const key = { 'idempotency-key': `extend-${holdId}` };
    const first = await extend(holdId, 50, key);
    const again = await extend(holdId, 50, key);
    expect([again.headers.get('idempotency-replayed'), again.body.data]).toEqual(['true', first.body.data]);
    const seen = await send<{ expires_in_seconds: number }>(world, 'GET', `/api/holds/${holdId}`);
    expect(seen.body.data.expires_in_seconds).toBeWithin(148, 151);
    expect((await extend(holdId, 300)).body.data.expires_in_seconds).toBe(300);
    expect((await extend(holdId, 51, key)).body.code).toBe('idempotency_key_reused');
  });

  test('only while it is held', async () => {
    const sale = await world.sale();
    const [released, pinned] = [await held(sale), await held(sale)];
    await send(world, 'DELETE', `/api/holds/${released}`);
    await pinHold(world.services.redis, sale.saleId, pinned);
    const expired = await shortHold(world.services, sale.saleId, 5);
    await passDeadline(world.services, sale.saleId, expired);
    expect((await extend(released, 9)).body.code).toBe('hold_released');
    expect((await extend(pinned, 9)).body.code).toBe('hold_ordered');
    expect((await extend(expired, 9)).body.code).toBe('hold_expired');
    for (const seconds of [0, 301, -1, 1.5, '60', null, undefined]) {
      const reply = await extend(pinned, seconds);
      expect([reply.status, faultsIn(reply)]).toEqual([400, ['seconds']]);
    }
    for (const holdId of [released, pinned, expired]) expect(await audited(holdId)).toEqual([]);
  });

  test('while it is released: it is released, whoever was first, and its units are counted once (I4)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const holdIds = await Promise.all(Array.from({ length: 10 }, () => held(sale, { quantity: 2 })));
    await Promise.all(holdIds.flatMap((holdId) => [release(holdId), extend(holdId, 30)]));
    expect(await audit(world.services, sale.saleId)).toMatchObject({ available: 20, held: 0, drift: 0 });
  });
});

test('holds that Redis lost are told as lost, to operators too', async () => {
  const emptied = await createWorld();
  try {
    const sale = await emptied.sale();
    const { hold_id: holdId } = (await hold(emptied, sale.productId)).body.data;
    await emptied.services.redis.flushall();
    const askEmptied = await judgedOps(emptied, ['/ops/holds', '/ops/sales/{id}/holds']);
    const list = await askEmptied<HoldPage>('GET', `/ops/sales/${sale.saleId}/holds`);
    expect(list.body.data.items).toEqual([]);
    expect((await askEmptied('POST', `/ops/holds/${holdId}/release`)).body.code).toBe('hold_lost');
    const extended = await askEmptied('POST', `/ops/holds/${holdId}/extend`, { seconds: 9 });
    expect(extended.body.code).toBe('hold_lost');
    await emptied.redis.stop();
    for (const [method, path] of [
      ['GET', `/ops/sales/${sale.saleId}/holds`],
      ['POST', `/ops/holds/${holdId}/release`],
    ] as const) {
      const reply = await askEmptied(method, path);
      expect([path, reply.status, reply.body.code]).toEqual([path, 503, 'unavailable']);
    }
  } finally {
    await emptied.close();
  }
});
