import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { SaleState } from '@flash-sale/shared/lifecycle.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, order, pay, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';
import { moveSalesByTime } from './clock.ts';
import { createSale } from '../test/create-sale.ts';
import { moveSale } from './sales.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function stateOf({ saleId }: OneSale): Promise<SaleState | undefined> {
  const rows = await statement(world.services.mysql, (sql) =>
    sql.select().from(sales).where(eq(sales.id, saleId)),
  );
  return rows[0]?.state;
}

/** The sale's state as buyers see it. */
async function seenState({ productId }: OneSale): Promise<string | undefined> {
  const { body } = await send<{ sale: { state: string } | null }>(world, 'GET', `/api/products/${productId}`);
  return body.data.sale?.state;
}

async function heldId({ productId }: OneSale, fields: Parameters<typeof hold>[2] = {}): Promise<string> {
  return (await hold(world, productId, fields)).body.data.hold_id;
}

describe('a hold is refused, and says why, when', () => {
  test('there is no such product', async () => {
    const { status, body } = await hold(world, 4_000_000_000);
    expect([status, body.code]).toEqual([404, 'product_not_found']);
  });

  test('the product has no sale, or only a draft of one', async () => {
    const { productId, saleId } = await world.sale({}, 'draft');
    const refused = await hold(world, productId);
    expect([refused.status, refused.body.code]).toEqual([409, 'sale_not_open']);
    expect(refused.headers.get('retry-after')).toBeNull();
    await moveSale(world.services, saleId, 'live');
    expect((await hold(world, productId)).status).toBe(201);
  });

  test('the sale is not open yet: with the time until it is', async () => {
    const opensAt = new Date(Date.now() + 90_000);
    const sale = await world.sale({ opensAt }, 'scheduled');
    const { status, body, headers } = await hold(world, sale.productId);
    expect([status, body.code]).toEqual([409, 'sale_not_open']);
    expect(body.message).toContain(opensAt.toISOString());
    expect(Number(headers.get('retry-after'))).toBeWithin(85, 91);
    expect(await seenState(sale)).toBe('scheduled');
  });

  test('the sale is live but its window is ahead, or is over', async () => {
    const ahead = await world.sale({ opensAt: new Date(Date.now() + 60_000) });
    expect((await hold(world, ahead.productId)).body.code).toBe('sale_not_open');
    const over = await world.sale({
      opensAt: new Date(Date.now() - 60_000),
      closesAt: new Date(Date.now() - 1_000),
    });
    const { status, body } = await hold(world, over.productId);
    expect([status, body.code]).toEqual([409, 'sale_ended']);
  });

  const CLOSED: [SaleState, string][] = [
    ['paused', 'sale_paused'],
    ['halted', 'sale_paused'],
    ['draining', 'sale_ended'],
    ['ended', 'sale_ended'],
  ];
  test.each(CLOSED)('the sale is %s', async (state, code) => {
    const sale = await world.sale({}, state);
    const { status, body } = await hold(world, sale.productId);
    expect([status, body.code]).toEqual([409, code]);
  });
});

describe.concurrent('by the clock of Redis, exactly, with no worker running,', () => {
  test('a scheduled sale opens at opens_at', async () => {
    const opensAtMs = Date.now() + 700;
    const sale = await world.sale({ opensAt: new Date(opensAtMs) }, 'scheduled');
    await until(() => Date.now() > opensAtMs - 40);
    for (let isOpen = false; !isOpen;) {
      const askedAtMs = Date.now();
      const [{ status, body }, state] = await Promise.all([hold(world, sale.productId), seenState(sale)]);
      const answeredAtMs = Date.now();
      isOpen = status === 201;
      // Asked before and answered after the opening, either is right.
      if (answeredAtMs < opensAtMs) expect([body.code, state]).toEqual(['sale_not_open', 'scheduled']);
      if (askedAtMs >= opensAtMs) expect([status, state]).toEqual([201, 'live']);
    }
    expect(await stateOf(sale)).toBe('scheduled');
    // A hold proves that its sale was open: it may become an order before any worker has noticed.
    expect((await order(world, await heldId(sale), `pi_opened_${sale.saleId}`)).status).toBe(201);
  });

  test('a live sale closes at closes_at, and what is held may still be ordered', async () => {
    const closesAtMs = Date.now() + 700;
    const sale = await world.sale({ closesAt: new Date(closesAtMs) });
    const holdId = await heldId(sale);
    await until(() => Date.now() > closesAtMs - 40);
    for (let isOpen = true; isOpen;) {
      const askedAtMs = Date.now();
      const [{ status, body }, state] = await Promise.all([hold(world, sale.productId), seenState(sale)]);
      const answeredAtMs = Date.now();
      isOpen = status === 201;
      if (answeredAtMs < closesAtMs) expect([status, state]).toEqual([201, 'live']);
      if (askedAtMs >= closesAtMs) expect([body.code, state]).toEqual(['sale_ended', 'draining']);
    }
    expect((await order(world, holdId, `pi_closed_${sale.saleId}`)).status).toBe(201);
  });

  test('a buyer at the limit may hold again once the own hold is over', async () => {
    const sale = await world.sale({ buyerLimit: 1 });
    const { data } = (await hold(world, sale.productId, { buyer_id: 'fay', ttl: 3 })).body;
    const again = () => hold(world, sale.productId, { buyer_id: 'fay' });
    expect((await again()).body.code).toBe('buyer_limit_reached');
    await until(() => Date.now() >= Date.parse(data.expires_at));
    expect((await again()).status).toBe(201);
  });
});

test('the worker writes down what the clock did: live, then draining', async () => {
  const closesAtMs = Date.now() + 600;
  const terms = { opensAt: new Date(closesAtMs - 300), closesAt: new Date(closesAtMs) };
  const sale = await world.sale(terms, 'scheduled');
  for (const state of ['live', 'draining'] as const) {
    expect(await stateOf(sale)).not.toBe(state);
    await until(async () => {
      await moveSalesByTime(world.services);
      return (await stateOf(sale)) === state;
    });
    const changedAtMs = state === 'live' ? closesAtMs - 300 : closesAtMs;
    expect(Date.now()).toBeGreaterThanOrEqual(changedAtMs);
  }
});

describe('an operator', () => {
  test('pauses a sale: holds stay, may be ordered and paid; and resumes it (I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [kept, ordered] = [await heldId(sale, { ttl: 300 }), await heldId(sale, { ttl: 300 })];
    await moveSale(world.services, sale.saleId, 'paused');
    expect((await hold(world, sale.productId)).body.code).toBe('sale_paused');
    expect((await order(world, ordered, `pi_paused_${sale.saleId}`)).status).toBe(201);
    expect((await pay(world, ordered, `pi_paused_${sale.saleId}`)).body.data.status).toBe('paid');
    await moveSale(world.services, sale.saleId, 'live');
    const seen = await send<{ state: string; expires_in_seconds: number }>(
      world,
      'GET',
      `/api/holds/${kept}`,
    );
    expect(seen.body.data.state).toBe('held');
    expect(seen.body.data.expires_in_seconds).toBeGreaterThan(290);
    expect((await hold(world, sale.productId)).status).toBe(201);
    expect(await audit(world.services, sale.saleId)).toMatchObject({
      held: 2,
      committed: 1,
      available: 7,
      drift: 0,
    });
  });

  test('drains a sale: nobody holds any more, what is held may be ordered, and it ends when all is done', async () => {
    const sale = await world.sale({ allotment: 3 });
    const [ordered, released] = [await heldId(sale), await heldId(sale)];
    await moveSale(world.services, sale.saleId, 'draining');
    expect((await hold(world, sale.productId)).body.code).toBe('sale_ended');
    expect((await order(world, ordered, `pi_draining_${sale.saleId}`)).status).toBe(201);
    await moveSalesByTime(world.services);
    expect(await stateOf(sale)).toBe('draining');

    await send(world, 'DELETE', `/api/holds/${released}`);
    await pay(world, ordered, `pi_draining_${sale.saleId}`);
    await until(async () => {
      await moveSalesByTime(world.services);
      return (await stateOf(sale)) === 'ended';
    });
    expect((await hold(world, sale.productId)).body.code).toBe('sale_ended');
    // What ended with the sale still answers.
    for (const [holdId, state] of [[ordered, 'ordered'] as const, [released, 'released'] as const]) {
      const { body } = await send<{ state: string }>(world, 'GET', `/api/holds/${holdId}`);
      expect(body.data.state).toBe(state);
    }
  });

  test('halts a sale: nothing new becomes an order, a pending order stays payable', async () => {
    const sale = await world.sale({ allotment: 5 });
    const [ordered, held] = [await heldId(sale), await heldId(sale)];
    await order(world, ordered, `pi_halted_${sale.saleId}`);
    await moveSale(world.services, sale.saleId, 'halted');
    expect((await hold(world, sale.productId)).body.code).toBe('sale_paused');
    const refused = await order(world, held, `pi_refused_${sale.saleId}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'sale_paused']);
    const paid = await pay(world, ordered, `pi_halted_${sale.saleId}`);
    expect(paid).toMatchObject({ status: 200, body: { data: { status: 'paid', payment: 'applied' } } });
    expect(await audit(world.services, sale.saleId)).toMatchObject({ held: 1, committed: 1, drift: 0 });
  });

  test('sees each state that a sale is moved to', async () => {
    const sale = await world.sale({}, 'scheduled');
    for (const state of ['live', 'paused', 'live', 'halted', 'draining', 'ended'] as const) {
      await moveSale(world.services, sale.saleId, state);
      expect(await seenState(sale)).toBe(state);
    }
  });

  test('moves a sale only by its lifecycle, and is told what is possible', async () => {
    const { saleId } = await world.sale({}, 'draining');
    expect(await moveSale(world.services, saleId, 'live')).toEqual({
      kind: 'impossible',
      from: 'draining',
      possible: ['ended', 'halted'],
    });
    expect(await moveSale(world.services, saleId, 'draining')).toMatchObject({
      kind: 'moved',
      to: 'draining',
    });
    expect(await moveSale(world.services, 4_000_000_000, 'live')).toEqual({ kind: 'sale_not_found' });
  });

  test('has one sale of a product on at a time; the next one opens when the first is over', async () => {
    const first = await world.sale();
    const opensAt = new Date(Date.now() - 1_000);
    const nextId = await createSale(world.services, { productId: first.productId, allotment: 7, opensAt });
    expect(await moveSale(world.services, nextId, 'live')).toEqual({ kind: 'product_busy' });
    expect(await seenState(first)).toBe('live');
    await moveSale(world.services, first.saleId, 'draining');
    expect(await moveSale(world.services, nextId, 'live')).toMatchObject({ kind: 'moved' });
    expect((await hold(world, first.productId, { quantity: 7 })).status).toBe(201);
    expect((await hold(world, first.productId)).body.code).toBe('insufficient_stock');
  });
});

describe('a limit of units per buyer', () => {
  test('needs to know the buyer', async () => {
    const { productId } = await world.sale({ buyerLimit: 2 });
    const { status, body } = await hold(world, productId);
    expect([status, body.code]).toEqual([400, 'bad_request']);
    expect(body.errors).toEqual({ buyer_id: [expect.stringContaining('is required')] });
  });

  test('counts what a buyer holds, and forgets what was released', async () => {
    const sale = await world.sale({ buyerLimit: 3 });
    const first = await heldId(sale, { quantity: 2, buyer_id: 'ann' });
    const refused = await hold(world, sale.productId, { quantity: 2, buyer_id: 'ann' });
    expect([refused.status, refused.body.code]).toEqual([409, 'buyer_limit_reached']);
    expect((await hold(world, sale.productId, { quantity: 1, buyer_id: 'ann' })).status).toBe(201);
    expect((await hold(world, sale.productId, { quantity: 3, buyer_id: 'Ann' })).status).toBe(201);
    await send(world, 'DELETE', `/api/holds/${first}`);
    expect((await hold(world, sale.productId, { quantity: 2, buyer_id: 'ann' })).status).toBe(201);
    expect((await hold(world, sale.productId, { quantity: 1, buyer_id: 'ann' })).status).toBe(409);
  });

  test('counts what a buyer ordered, until the order is cancelled', async () => {
    const sale = await world.sale({ buyerLimit: 2 });
    const holdId = await heldId(sale, { quantity: 2, buyer_id: 'bob' });
    await order(world, holdId, `pi_bob_${sale.saleId}`);
    const more = () => hold(world, sale.productId, { buyer_id: 'bob' });
    expect((await more()).body.code).toBe('buyer_limit_reached');
    await pay(world, holdId, `pi_bob_${sale.saleId}`, { event: 'failed' });
    await until(async () => (await more()).status === 201);
  });

  test('is survived by a rebuild of the sale', async () => {
    const sale = await world.sale({ buyerLimit: 2 });
    await order(world, await heldId(sale, { buyer_id: 'cy' }), `pi_cy_${sale.saleId}`);
    await heldId(sale, { buyer_id: 'cy' });
    await moveSale(world.services, sale.saleId, 'paused');
    await moveSale(world.services, sale.saleId, 'live');
    expect((await hold(world, sale.productId, { buyer_id: 'cy' })).body.code).toBe('buyer_limit_reached');
    expect((await hold(world, sale.productId, { buyer_id: 'dee' })).status).toBe(201);
  });

  test('holds for requests that arrive at once', async () => {
    const sale = await world.sale({ buyerLimit: 2 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => hold(world, sale.productId, { buyer_id: 'eve' })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
  });
});
