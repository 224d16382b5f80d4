import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, like, sql as raw } from 'drizzle-orm';
import { auditLog, deliveries } from '@flash-sale/drizzle/schema.ts';
import type { ReplayView } from '@flash-sale/shared/contracts/webhook.ts';
import { REPLAY_DELIVERIES_MAX } from '@flash-sale/shared/limits.ts';
import { statement } from '../mysql/transaction.ts';
import { verifyChain } from '../operators/audit-log.ts';
import { placeOrder } from '../orders/orders.ts';
import { hold, ops, order, pay } from '../test/client.ts';
import { held, look, newIntent, ordered } from '../test/matrix/buyer.ts';
import { expire, settle } from '../test/settling.ts';
import { intentObject, stripeEvent, tellStripe } from '../test/stripe-events.ts';
import {
  auditedReplaysOf,
  carriedOut,
  deliveryIdsOf,
  everythingOf,
  itemsOf,
  recorded,
  replay,
  type Page,
} from '../test/replays.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { processDelivery } from './payments.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Parked, and then left alone by the workers. */
async function parkedForOrder(sale: OneSale) {
  const [holdId, intentId] = [await held(world, sale), newIntent()];
  expect((await pay(world, holdId, intentId)).body.code).toBe('payment_intent_unknown');
  await placeOrder(world.services, { holdId, paymentIntentId: intentId });
  return { holdId, intentId };
}

describe('a replay', () => {
  test('of 1,000 processed deliveries changes nothing, and says so for each (I4, I5)', async () => {
    const sale = await world.sale({ allotment: 1_000 });
    const intents = await Promise.all(Array.from({ length: 200 }, () => ordered(world, sale)));
    for (const { holdId, intentId } of intents) {
      const tell = async (event: 'payment_success' | 'payment_failed') =>
        processDelivery(world.services, await recorded(world, { holdId, intentId }, event), 'arrival');
      await tell('payment_success');
      const succeeded = intentObject(intentId, { amount_received: 3_998 });
      await Promise.all([
        tell('payment_success'),
        tell('payment_failed'),
        tellStripe(world, stripeEvent('payment_intent.succeeded', succeeded)),
        tellStripe(world, stripeEvent('payment_intent.created', intentObject(intentId))),
      ]);
    }
    await settle(world.services, sale.saleId);
    const before = await everythingOf(world, sale);
    const ids = await deliveryIdsOf(world, ...intents.map(({ intentId }) => intentId));
    expect(ids).toHaveLength(1_000);

    const asked = await replay(world, { ids, per_second: 500 });
    expect(asked).toMatchObject({ state: 'running', total: 1_000, done: 0, dry_run: false });
    const others = await Promise.all([world.another(), world.another()]);
    const done = (
      await Promise.all([world.services, ...others].map((services) => carriedOut(world, asked, services)))
    )[0];
    expect(done).toMatchObject({ state: 'done', done: 1_000, changed: 0, failed: 0 });
    const items = await itemsOf(world, asked.id);
    expect(items.map(({ delivery_id }) => delivery_id)).toEqual(ids);
    for (const item of items) {
      expect(item).toMatchObject({ state: 'done', changed: false, fault: null });
      expect(item.says).toMatch(/^Nothing changed: (already applied|its order is paid|it says nothing)/);
    }
    expect(await everythingOf(world, sale)).toEqual(before);
    const audited = await statement(world.services.mysql, (sql) =>
      sql
        .select()
        .from(auditLog)
        .where(eq(auditLog.requestId, `replay.${asked.id}`)),
    );
    expect(new Set(audited.map(({ target }) => target))).toEqual(new Set(ids.map((id) => `delivery ${id}`)));
    expect(audited).toHaveLength(1_000);
    expect(await verifyChain(world.services.mysql)).toMatchObject({ kind: 'intact' });
    expect(await look(world.services, sale)).toMatchObject({ committed: 400, available: 600 });
  }, 120_000);

  test('applies what is parked and what failed before, and each replay is audited (I5)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const parked = await parkedForOrder(sale);
    const failed = await ordered(world, sale);
    await recorded(world, failed);
    const late = await ordered(world, sale);
    await expire(world.services, sale.saleId, [late.orderId]);
    await recorded(world, late);
    const ids = await deliveryIdsOf(world, parked.intentId, failed.intentId, late.intentId);
    const token = await ops<{ token: string }>(world, 'POST', '/ops/operators', {
      name: 'ann',
      role: 'operator',
    });
    const as = { authorization: `Bearer ${token.body.data.token}` };
    const asked = await ops<ReplayView>(world, 'POST', '/ops/webhooks/replay', { ids }, as);
    expect(await carriedOut(world, asked.body.data)).toMatchObject({
      state: 'done',
      done: 3,
      changed: 3,
      actor: 'ann',
    });
    expect((await itemsOf(world, asked.body.data.id)).map(({ says }) => says)).toEqual([
      'It is applied now.',
      'It is applied now.',
      'It is late_applied now.',
    ]);
    for (const { holdId, intentId } of [parked, failed, late]) {
      expect((await order(world, holdId, intentId)).body.data.status).toBe('paid');
    }
    const [firstId = 0] = ids;
    const [row] = await auditedReplaysOf(world, firstId);
    expect(row).toMatchObject({ actor: 'ann', requestId: `replay.${asked.body.data.id}` });
    expect([JSON.parse(row?.before ?? ''), JSON.parse(row?.after ?? '')]).toEqual([
      { state: 'parked', outcome: 'parked' },
      { replay: asked.body.data.id, outcome: 'applied', changed: true },
    ]);
    const ordering = await ops<Page<{ action: string; actor: string }>>(
      world,
      'GET',
      `/ops/audit?target=replay%20${asked.body.data.id}`,
    );
    expect(ordering.body.data.items).toMatchObject([{ action: 'replay.order', actor: 'ann' }]);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 6, pinned: 0, owed: 0 });
  });

  test('of one delivery is a replay like any other, and is asked for once under its key', async () => {
    const { intentId } = await parkedForOrder(await world.sale());
    const [id = 0] = await deliveryIdsOf(world, intentId);
    const key = { 'idempotency-key': `replay-${id}` };
    const ask = () => ops<ReplayView>(world, 'POST', `/ops/webhooks/${id}/replay`, undefined, key);
    const [first, again] = [await ask(), await ask()];
    expect([first.status, again.status, again.body.data.id]).toEqual([201, 201, first.body.data.id]);
    expect(await carriedOut(world, first.body.data)).toMatchObject({ total: 1, changed: 1 });
    const other = await ops(world, 'POST', `/ops/webhooks/${id}/replay`, { dry_run: true }, key);
    expect(other.body.code).toBe('idempotency_key_reused');
    for (const unknown of ['0', '4000000000', 'x']) {
      const answer = await ops(world, 'POST', `/ops/webhooks/${unknown}/replay`);
      expect([answer.status, answer.body.code]).toEqual([404, 'delivery_not_found']);
    }
  });

  test('by filter is of what matches when it is ordered', async () => {
    const sale = await world.sale();
    const prefix = newIntent().slice(0, 20);
    for (const nth of [1, 2]) await pay(world, await held(world, sale), `${prefix}_${nth}`);
    const filter = {
      q: prefix,
      state: 'parked',
      event: 'payment_success',
      provider: 'native',
      outcome: 'parked',
    };
    const asked = await replay(world, { filter });
    expect(asked).toMatchObject({ total: 2, asked: { filter } });
    await pay(world, await held(world, sale), `${prefix}_3`);
    expect(await carriedOut(world, asked)).toMatchObject({ done: 2, changed: 0 });
    expect((await itemsOf(world, asked.id)).map(({ says }) => says)).toEqual(
      Array.from({ length: 2 }, () => 'Nothing changed: it still waits for its order or its payment.'),
    );
    expect(await replay(world, { filter: { ...filter, q: 'matches_nothing' } })).toMatchObject({
      state: 'done',
      total: 0,
    });
  });

  test('is refused with what is wrong', async () => {
    const refused: [object, number, string][] = [
      [{}, 400, 'ids'],
      [{ ids: [1], filter: {} }, 400, 'ids'],
      [{ ids: [] }, 400, 'ids'],
      [{ ids: [0] }, 400, 'ids.0'],
      [{ ids: ['1'] }, 400, 'ids.0'],
      [{ filter: { state: 'gone' } }, 400, 'filter.state'],
      [{ filter: { amount: 1 } }, 400, 'filter.amount'],
      [{ filter: { q: 'ü' } }, 400, 'filter.q'],
      [{ ids: [1], per_second: 0 }, 400, 'per_second'],
      [{ ids: [1], per_second: 501 }, 400, 'per_second'],
      [{ ids: [1], dry_run: 'yes' }, 400, 'dry_run'],
    ];
    for (const [body, status, field] of refused) {
      const answer = await ops(world, 'POST', '/ops/webhooks/replay', body);
      expect([status, field, answer.status, Object.keys(answer.body.errors ?? {})]).toEqual([
        status,
        field,
        status,
        [field],
      ]);
    }
    const missing = await ops(world, 'POST', '/ops/webhooks/replay', { ids: [4_000_000_000, 4_000_000_001] });
    expect([missing.status, missing.body.code]).toEqual([404, 'delivery_not_found']);
    expect((await ops(world, 'GET', '/ops/webhooks/replays/4000000000')).body.code).toBe('replay_not_found');
    expect((await ops(world, 'GET', '/ops/webhooks/replays/x/items')).body.code).toBe('replay_not_found');
    expect((await ops(world, 'POST', '/ops/webhooks/replays/0/stop')).body.code).toBe('replay_not_found');
  });

  test('of more deliveries than are replayed at once is refused', async () => {
    const rows = Array.from({ length: REPLAY_DELIVERIES_MAX + 1 }, (_, nth) => ({
      provider: 'stripe',
      dedupeKey: `many_${nth}`,
      senderKey: 'many',
      event: 'payout.paid',
      intentId: '',
      signed: 1,
      headers: '{}',
      body: stripeEvent('payout.paid', {}),
    }));
    await statement(world.services.mysql, async (sql) => {
      for (let at = 0; at < rows.length; at += 1_000) {
        await sql.insert(deliveries).values(rows.slice(at, at + 1_000));
      }
    });
    const many = { filter: { q: 'many' } };
    const refused = await ops(world, 'POST', '/ops/webhooks/replay', many);
    expect([refused.status, refused.body.code]).toEqual([409, 'impossible_now']);
    await statement(world.services.mysql, (sql) =>
      sql.execute(raw`DELETE FROM deliveries WHERE sender_key = 'many' LIMIT 1`),
    );
    const asked = await replay(world, many);
    expect(asked.total).toBe(REPLAY_DELIVERIES_MAX);
    await ops(world, 'POST', `/ops/webhooks/replays/${asked.id}/stop`);
    await statement(world.services.mysql, (sql) =>
      sql.delete(deliveries).where(like(deliveries.senderKey, 'many%')),
    );
  });
});

test('a viewer sees replays and orders none', async () => {
  const token = await ops<{ token: string }>(world, 'POST', '/ops/operators', {
    name: 'vic',
    role: 'viewer',
  });
  const as = { authorization: `Bearer ${token.body.data.token}` };
  expect((await ops(world, 'GET', '/ops/webhooks/replays?limit=2', undefined, as)).status).toBe(200);
  for (const path of ['/ops/webhooks/replay', '/ops/webhooks/1/replay', '/ops/webhooks/replays/1/stop']) {
    expect((await ops(world, 'POST', path, {}, as)).body.code).toBe('forbidden');
  }
});

test('replays are listed newest first, in pages', async () => {
  const { productId } = await world.sale();
  expect((await hold(world, productId)).status).toBe(201);
  const made = [
    await replay(world, { filter: { q: 'none' } }),
    await replay(world, { filter: { q: 'none' } }),
  ];
  const first = await ops<Page<ReplayView>>(world, 'GET', '/ops/webhooks/replays?limit=1');
  const { items, next_cursor: cursor } = first.body.data;
  const second = await ops<Page<ReplayView>>(world, 'GET', `/ops/webhooks/replays?limit=1&cursor=${cursor}`);
  expect([...items, ...second.body.data.items].map(({ id }) => id)).toEqual(
    made.map(({ id }) => id).toReversed(),
  );
});
