import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, sql as raw } from 'drizzle-orm';
import { sales } from '@flash-sale/drizzle/schema.ts';
import type { OperatedSale } from '@flash-sale/shared/contracts/sale.ts';
import { statement } from '../mysql/transaction.ts';
import { audit } from '../test/audit.ts';
import { hold, ops, order, send } from '../test/client.ts';
import { allPages, faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { until } from '../test/until.ts';
import { createWorld, type World } from '../test/world.ts';
import { keepSalesArmed } from './arming.ts';
import { createSales } from './create-sales.ts';
import { editSale } from './edit-sale.ts';
import { moveSale } from './sales.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/sales']);
});
afterAll(() => world.close());

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000).toISOString();

async function product(fields: object = {}): Promise<number> {
  const body = { name: 'Lamp', price: 19.99, currency: 'EUR', ...fields };
  return (await ops<{ id: number }>(world, 'POST', '/ops/products', body)).body.data.id;
}

async function draft(fields: object = {}): Promise<OperatedSale> {
  const body = { product_id: await product(), allotment: 10, ...fields };
  const created = await ask<OperatedSale>('POST', '/ops/sales', body);
  expect(created.status).toBe(201);
  return created.body.data;
}

const edit = (id: number, changes: object) => ask<OperatedSale>('PATCH', `/ops/sales/${id}`, changes);
const batch = (list: object[], headers?: Record<string, string>) =>
  ask<OperatedSale[]>('POST', '/ops/sales/batch', { sales: list }, headers);

async function audited(saleId: number) {
  const reply = await ops<{ items: { action: string; before: unknown; after: unknown }[] }>(
    world,
    'GET',
    `/ops/audit?target=sale%20${saleId}`,
  );
  return reply.body.data.items;
}

async function salesOf(productId: number) {
  return statement(world.services.mysql, (sql) =>
    sql.select().from(sales).where(eq(sales.productId, productId)),
  );
}

const FULL = {
  allotment: 50,
  opens_at: '2035-01-31T19:00:00+01:00',
  closes_at: '2035-02-01T18:00:00.123Z',
  price: 2_500,
  currency: 'JPY',
  hold_ttl: 60,
  pay_window: 900,
  buyer_limit: 2,
  buyer_rate: 5,
  address_rate: 500,
};

const FULL_SHOWN = {
  ...FULL,
  opens_at: '2035-01-31T18:00:00.000Z',
  state: 'draft',
  possible: ['schedule', 'launch'],
  units: { available: 50, held: 0, ordered: 0, paid: 0, returning: 0 },
  armed: false,
  ended_at: null,
};

const REFUSED: [object, string[]][] = [
  [{ product_id: 'x' }, ['product_id']],
  [{ allotment: 0 }, ['allotment']],
  [{ allotment: 10_000_001 }, ['allotment']],
  [{ allotment: 1.5 }, ['allotment']],
  [{ opens_at: '2035-01-31' }, ['opens_at']],
  [{ opens_at: '2035-01-31T18:00:00' }, ['opens_at']],
  [{ opens_at: '2035-02-30T18:00:00Z' }, ['opens_at']],
  [{ opens_at: '2035-01-31T25:00:00Z' }, ['opens_at']],
  [{ opens_at: '9999-01-31T18:00:00Z' }, ['opens_at']],
  [{ opens_at: 1_900_000_000 }, ['opens_at']],
  [{ opens_at: null }, ['opens_at']],
  [{ closes_at: 'soon' }, ['closes_at']],
  [{ opens_at: '2035-01-31T18:00:00Z', closes_at: '2035-01-31T18:00:00Z' }, ['closes_at']],
  [{ price: -0.01 }, ['price']],
  [{ price: 0.001 }, ['price']],
  [{ price: 1_000_001 }, ['price']],
  [{ currency: 'JPY' }, ['price']],
  [{ currency: 'XXX', price: 1 }, ['currency']],
  [{ currency: 'usd', price: 1 }, ['currency']],
  [{ hold_ttl: 2 }, ['hold_ttl']],
  [{ hold_ttl: 301 }, ['hold_ttl']],
  [{ pay_window: 2 }, ['pay_window']],
  [{ pay_window: 86_401 }, ['pay_window']],
  [{ buyer_limit: 0 }, ['buyer_limit']],
  [{ buyer_rate: 0 }, ['buyer_rate']],
  [{ address_rate: 100_001 }, ['address_rate']],
  [{ state: 'live' }, ['state']],
  [{ allotment: 0, hold_ttl: 0 }, ['allotment', 'hold_ttl']],
];

describe('a sale', () => {
  test('is created as a draft with every term, and read as it was written', async () => {
    const created = await draft(FULL);
    expect(created).toMatchObject(FULL_SHOWN);
    expect((await ask('GET', `/ops/sales/${created.id}`)).body.data).toEqual({ ...created });
    expect(await audited(created.id)).toMatchObject([
      { action: 'sale.create', after: { priceMinor: 2_500, currency: 'JPY', buyerLimit: 2, state: 'draft' } },
    ]);
    expect((await send(world, 'GET', `/api/products/${created.product_id}`)).body.data['sale']).toBeNull();
  });

  test('has the price of its product and the usual terms when nothing is said', async () => {
    const created = await draft();
    expect(created).toMatchObject({ price: 19.99, currency: 'EUR', hold_ttl: 120, pay_window: 300 });
    expect(created).toMatchObject({
      closes_at: null,
      buyer_limit: null,
      buyer_rate: null,
      address_rate: null,
    });
    expect(Date.parse(created.opens_at)).toBeWithin(Date.now() - 5_000, Date.now() + 1_000);
  });

  test('is refused with what is wrong, by field, and nothing is created', async () => {
    const productId = await product();
    for (const [fields, faults] of REFUSED) {
      const reply = await ask('POST', '/ops/sales', { product_id: productId, allotment: 1, ...fields });
      expect([fields, reply.status, faultsIn(reply)]).toEqual([fields, 400, faults]);
    }
    const unknown = await ask('POST', '/ops/sales', { product_id: 4_000_000_000, allotment: 1 });
    expect([unknown.status, unknown.body.code, faultsIn(unknown)]).toEqual([
      404,
      'product_not_found',
      ['product_id'],
    ]);
    expect(await salesOf(productId)).toEqual([]);
  });
});

describe('a draft', () => {
  test('is edited in every term', async () => {
    const { id } = await draft();
    const other = await product();
    const edited = await edit(id, { ...FULL, product_id: other });
    expect(edited.body.data).toMatchObject({ ...FULL_SHOWN, product_id: other });
    const [entry] = await audited(id);
    expect(entry).toMatchObject({
      action: 'sale.edit',
      before: { allotment: 10, priceMinor: 1_999, currency: 'EUR', closesAt: null },
      after: { allotment: 50, currency: 'JPY', closesAt: '2035-02-01T18:00:00.123Z' },
    });
    const open = await edit(id, { closes_at: null, buyer_limit: null });
    expect(open.body.data).toMatchObject({ ...FULL_SHOWN, closes_at: null, buyer_limit: null });
  });

  test('is edited to nothing that could not be created', async () => {
    const { id } = await draft(FULL);
    for (const [fields, faults] of REFUSED) {
      if ('price' in fields || 'currency' in fields) continue;
      const reply = await edit(id, fields);
      expect([fields, reply.status, faultsIn(reply)]).toEqual([fields, 400, faults]);
    }
    expect(faultsIn(await edit(id, { closes_at: '2034-01-01T00:00:00Z' }))).toEqual(['closes_at']);
    expect(faultsIn(await edit(id, { opens_at: '2036-01-01T00:00:00Z' }))).toEqual(['closes_at']);
    expect(faultsIn(await edit(id, { price: 19.99 }))).toEqual(['price']);
    expect(faultsIn(await edit(id, { currency: 'EUR' }))).toEqual(['price']);
    expect((await edit(id, { product_id: 4_000_000_000 })).body.code).toBe('product_not_found');
    expect((await edit(4_000_000_000, { allotment: 1 })).body.code).toBe('sale_not_found');
    expect((await ask('GET', `/ops/sales/${id}`)).body.data).toMatchObject(FULL_SHOWN);
  });
});

describe('a sale that is on', () => {
  test('keeps its terms, and says what can be edited (409)', async () => {
    for (const state of ['scheduled', 'live', 'paused', 'draining', 'ended', 'halted'] as const) {
      const { saleId } = await world.sale({ opensAt: new Date(Date.now() + 60_000) }, state);
      const isOn = ['scheduled', 'live', 'paused'].includes(state);
      const reply = await edit(saleId, { buyer_rate: 5, price: 1 });
      expect([reply.status, reply.body.code, reply.body.state]).toEqual([409, 'impossible_now', state]);
      expect(reply.body.possible).toEqual(isOn ? ['buyer_limit', 'buyer_rate', 'address_rate'] : []);
      const rates = await edit(saleId, { buyer_rate: 5, address_rate: null });
      expect([state, rates.status]).toEqual([state, isOn ? 200 : 409]);
    }
  });

  test('has its limits changed, and Redis holds to them at once', async () => {
    const sale = await world.sale({ buyerLimit: 2 });
    const more = (quantity: number) => hold(world, sale.productId, { quantity, buyer_id: 'ann' });
    expect((await more(3)).body.code).toBe('buyer_limit_reached');
    const edited = await edit(sale.saleId, { buyer_limit: 3, buyer_rate: 7, address_rate: 70 });
    expect(edited.body.data).toMatchObject({ buyer_limit: 3, buyer_rate: 7, address_rate: 70, armed: true });
    expect((await more(3)).status).toBe(201);
    expect((await edit(sale.saleId, { buyer_limit: null })).body.data.buyer_limit).toBeNull();
    expect((await more(5)).status).toBe(201);
    const [entry] = await audited(sale.saleId);
    expect(entry).toMatchObject({
      action: 'sale.edit',
      before: { buyerLimit: 3 },
      after: { buyerLimit: null },
    });
    expect(await audit(world.services, sale.saleId)).toMatchObject({ drift: 0, held: 8 });
  });

  test('has its limit per buyer lowered only when no hold was promised its order under the old one (I7)', async () => {
    const sale = await world.sale({ buyerLimit: 3 });
    const { hold_id: holdId } = (await hold(world, sale.productId, { quantity: 3, buyer_id: 'ann' })).body
      .data;
    const lower = () => edit(sale.saleId, { buyer_limit: 1 });
    const live = await lower();
    expect([live.status, live.body.state, live.body.possible]).toEqual([409, 'live', ['pause']]);
    await moveSale(world.services, sale.saleId, 'paused');
    expect((await lower()).body).toMatchObject({ state: 'paused', possible: [] });
    expect((await order(world, holdId, `pi_${sale.saleId}`)).status).toBe(201);
    // The hold is over when Redis was told of its order.
    const lowered = await until(async () => (await lower()).body.data);
    expect(lowered).toMatchObject({ buyer_limit: 1, state: 'paused' });
    await moveSale(world.services, sale.saleId, 'live');
    expect((await hold(world, sale.productId, { buyer_id: 'ann' })).body.code).toBe('buyer_limit_reached');
    expect((await hold(world, sale.productId, { buyer_id: 'bob' })).status).toBe(201);
    expect((await edit(sale.saleId, { buyer_limit: null })).status).toBe(200);
    expect((await edit(sale.saleId, { buyer_limit: 5 })).status).toBe(409);
  });

  test('has its limit per buyer lowered only by what Redis says at the epoch of SQL (I7)', async () => {
    const { saleId } = await world.sale({}, 'paused');
    await statement(world.services.mysql, (sql) =>
      sql
        .update(sales)
        .set({ epoch: raw`epoch + 1` })
        .where(eq(sales.id, saleId)),
    );
    expect((await edit(saleId, { buyer_limit: 1 })).status).toBe(409);
    await keepSalesArmed(world.services);
    expect((await edit(saleId, { buyer_limit: 1 })).status).toBe(200);
  });

  test('edited by a process that dies right after has its new limits as soon as a worker runs', async () => {
    const sale = await world.sale({ buyerLimit: 2 });
    const dying = await world.another((point) => {
      if (point === 'sale.changed') throw new Error('as if killed here');
    });
    const ann = { actor: 'ann', requestId: 'r', once: null, reason: null };
    await editSale(dying, sale.saleId, { buyerLimit: 5 }, ann).catch(() => {});
    await keepSalesArmed(world.services);
    expect((await hold(world, sale.productId, { quantity: 5, buyer_id: 'ann' })).status).toBe(201);
  });

  test('has its limit per buyer lowered long before it opens, but not just before', async () => {
    for (const [seconds, status] of [
      [3_600, 200],
      [30, 409],
    ] as const) {
      const { saleId } = await world.sale({ opensAt: new Date(inSeconds(seconds)) }, 'scheduled');
      expect((await edit(saleId, { buyer_limit: 1 })).status).toBe(status);
    }
  });
});

describe('many sales at once', () => {
  test('are created, scheduled and launched in one step, each with its own history', async () => {
    const [a, b, c] = [await product(), await product(), await product()];
    const created = await batch([
      { product_id: a, allotment: 1 },
      { product_id: b, allotment: 2, state: 'scheduled', opens_at: inSeconds(3_600) },
      { product_id: c, allotment: 3, state: 'live', opens_at: inSeconds(3_600), closes_at: inSeconds(7_200) },
    ]);
    expect(created.status).toBe(201);
    expect(created.body.data.map(({ state, armed }) => [state, armed])).toEqual([
      ['draft', false],
      ['scheduled', true],
      ['live', true],
    ]);
    expect((await hold(world, c, { quantity: 3 })).status).toBe(201);
    expect((await hold(world, b)).body.code).toBe('sale_not_open');
    for (const { id } of created.body.data) expect(await audited(id)).toHaveLength(1);
  });

  test('are all refused when one is, with everything that is wrong, by number and field', async () => {
    const busy = await world.sale();
    const productId = await product();
    const fine = { product_id: productId, allotment: 1, state: 'live' };
    const cases: [object[], number, string, string[]][] = [
      [
        [fine, { ...fine, allotment: 0 }, { ...fine, name: 'x' }],
        400,
        'bad_request',
        ['sales.1.allotment', 'sales.2.name'],
      ],
      [[fine, { ...fine, price: 0.001 }], 400, 'bad_request', ['sales.1.price']],
      [[fine, { ...fine, opens_at: '2035-02-30T00:00:00Z' }], 400, 'bad_request', ['sales.1.opens_at']],
      [
        [fine, { ...fine, opens_at: inSeconds(-9), closes_at: inSeconds(-1) }],
        400,
        'bad_request',
        ['sales.1.closes_at'],
      ],
      [[fine, { ...fine, product_id: 4_000_000_000 }], 404, 'product_not_found', ['sales.1.product_id']],
      [[fine, { ...fine, product_id: busy.productId }], 409, 'product_busy', ['sales.1.product_id']],
      [[fine, { ...fine, state: 'paused' }], 400, 'bad_request', ['sales.1.state']],
      [
        [fine, { ...fine, product_id: busy.productId, state: 'scheduled' }],
        409,
        'product_busy',
        ['sales.1.product_id'],
      ],
      [[fine, fine], 409, 'product_busy', ['sales.1.product_id']],
      [[], 400, 'bad_request', ['sales']],
      [Array.from({ length: 101 }, () => fine), 400, 'bad_request', ['sales']],
    ];
    for (const [list, status, code, faults] of cases) {
      const reply = await batch(list);
      expect([reply.status, reply.body.code, faultsIn(reply)]).toEqual([status, code, faults]);
    }
    expect(await salesOf(productId)).toEqual([]);
  });

  test('as many as allowed are created in a moment, once under one Idempotency-Key (I6)', async () => {
    const productId = await product();
    const list = Array.from({ length: 100 }, () => ({ product_id: productId, allotment: 1 }));
    const key = { 'idempotency-key': `batch-${productId}` };
    const startedAtMs = performance.now();
    const replies = await Promise.all([batch(list, key), batch(list, key)]);
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
    expect(replies.map(({ status }) => status >= 200 && status < 300)).toEqual([true, true]);
    expect((await batch(list, key)).headers.get('idempotency-replayed')).toBe('true');
    expect(await salesOf(productId)).toHaveLength(100);
  });

  test('by a process that dies right after are all there, and a worker arms them', async () => {
    const dying = await world.another((point) => {
      if (point === 'sale.changed') throw new Error('as if killed here');
    });
    const productId = await product();
    const terms = { productId, allotment: 4 };
    const act = { actor: 'ann', requestId: 'r', once: null, reason: null };
    await createSales(dying, [{ terms, state: 'live' }], act).catch(() => {});
    const [sale] = await salesOf(productId);
    expect(sale?.state).toBe('live');
    await keepSalesArmed(world.services);
    expect((await hold(world, productId, { quantity: 4 })).status).toBe(201);
  });
});

test('sales are listed newest first, by state and product, with their units', async () => {
  const sale = await world.sale({ allotment: 10 });
  const { hold_id: ordered } = (await hold(world, sale.productId, { quantity: 2 })).body.data;
  await order(world, ordered, `pi_list_${sale.saleId}`);
  await hold(world, sale.productId, { quantity: 3 });
  const [listed] = await allPages<OperatedSale>(ask, `/ops/sales?product=${sale.productId}&state=live`);
  expect(listed).toMatchObject({
    id: sale.saleId,
    product_name: 'Lamp',
    armed: true,
    possible: ['pause', 'end', 'halt'],
    units: { available: 5, held: 3, ordered: 2, paid: 0, returning: 0 },
  });
  expect(await allPages(ask, `/ops/sales?product=${sale.productId}&state=draft`)).toEqual([]);
  const all = (await allPages<OperatedSale>(ask, '/ops/sales')).map(({ id }) => id);
  expect((await allPages<OperatedSale>(ask, '/ops/sales', 7)).map(({ id }) => id)).toEqual(all);
  expect(all).toEqual(all.toSorted((a, b) => b - a));
  const wrong = await ask('GET', '/ops/sales?state=open');
  expect(wrong.body.errors?.['state']?.[0]).toStartWith('must be one of draft, ');
  expect(faultsIn(await ask('GET', '/ops/sales?product=lamp'))).toEqual(['product']);
  expect((await ask('GET', '/ops/sales/4000000000')).body.code).toBe('sale_not_found');
});
