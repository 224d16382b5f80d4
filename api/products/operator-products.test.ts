import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { ops, send } from '../test/client.ts';
import { allPages, faultsIn, judgedOps, type JudgedOps } from '../test/judged-ops.ts';
import { createWorld, type World } from '../test/world.ts';

let world: World;
let ask: JudgedOps;
beforeAll(async () => {
  world = await createWorld();
  ask = await judgedOps(world, ['/ops/products']);
});
afterAll(() => world.close());

interface Product {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly price: number;
  readonly currency: string;
}

const LAMP = { name: 'Lamp', price: 19.99, currency: 'EUR' };

async function added(fields: object = {}): Promise<Product> {
  const reply = await ask<Product>('POST', '/ops/products', { ...LAMP, ...fields });
  expect(reply.status).toBe(201);
  expect(reply.headers.get('location')).toBe(`/ops/products/${reply.body.data.id}`);
  return reply.body.data;
}

async function audited({ id }: Product) {
  const query = new URLSearchParams({ target: `product ${id}` }).toString();
  const { body } = await ops<{ items: { action: string; before: unknown; after: unknown }[] }>(
    world,
    'GET',
    `/ops/audit?${query}`,
  );
  return body.data.items;
}

describe('a product', () => {
  test('is added, and buyers see it at once', async () => {
    const product = await added({ name: '✨ Lamp – “größe” 1', description: 'Two\nlines.' });
    expect(product).toMatchObject({ name: '✨ Lamp – “größe” 1', description: 'Two\nlines.', price: 19.99 });
    const seen = await send(world, 'GET', `/api/products/${product.id}`);
    expect(seen.body.data).toMatchObject({ name: product.name, price: 19.99, currency: 'EUR', sale: null });
    expect(await audited(product)).toMatchObject([
      { action: 'product.create', after: { name: product.name, priceMinor: 1_999, currency: 'EUR' } },
    ]);
  });

  test('costs what was written, in the minor unit of its currency', async () => {
    const prices: [number, string][] = [
      [0, 'EUR'],
      [0.01, 'USD'],
      [1_999, 'JPY'],
      [12.345, 'KWD'],
      [1_000_000, 'EUR'],
      [100_000_000, 'JPY'],
    ];
    for (const [price, currency] of prices) {
      const { id } = await added({ price, currency });
      expect((await ask('GET', `/ops/products/${id}`)).body.data).toMatchObject({ price, currency });
    }
  });

  test('is refused with what is wrong, by field', async () => {
    const refused: [object, string[]][] = [
      [{ name: '' }, ['name']],
      [{ name: 'x'.repeat(201) }, ['name']],
      [{ name: 'two\nlines' }, ['name']],
      [{ name: ' ' }, ['name']],
      [{ name: 'ends with a space ' }, ['name']],
      [{ name: 7 }, ['name']],
      [{ description: 'x'.repeat(5_001) }, ['description']],
      [{ description: null }, ['description']],
      [{ price: -1 }, ['price']],
      [{ price: '19.99' }, ['price']],
      [{ price: 19.999 }, ['price']],
      [{ price: 1.5, currency: 'JPY' }, ['price']],
      [{ price: 1_000_001 }, ['price']],
      [{ price: 1e300 }, ['price']],
      [{ currency: 'eur' }, ['currency']],
      [{ currency: 'EURO' }, ['currency']],
      [{ currency: 'ABC' }, ['currency']],
      [{ stock: 5 }, ['stock']],
      [{ name: '', price: -1 }, ['name', 'price']],
    ];
    for (const [fields, faults] of refused) {
      const reply = await ask('POST', '/ops/products', { ...LAMP, ...fields });
      expect([fields, reply.status, faultsIn(reply)]).toEqual([fields, 400, faults]);
    }
    const said = await ask('POST', '/ops/products', { ...LAMP, name: '', price: 19.999 });
    expect(said.body.errors).toEqual({ name: ['must be a line of text of 1 to 200 characters'] });
  });

  test('takes every field at its longest, and the audit log too', async () => {
    const longest = { name: '🙂'.repeat(100), description: '\n'.repeat(5_000) };
    const product = await added(longest);
    expect(product).toMatchObject(longest);
    const edited = await ask('PATCH', `/ops/products/${product.id}`, { price: 1 });
    expect(edited.body.data).toMatchObject({ ...longest, price: 1 });
  });

  test('has no text that a terminal would take for a command', async () => {
    for (const description of ['\u001b]0;owned\u0007', '\u009b2J', '\u0000', '\u007f']) {
      const refused = await ask('POST', '/ops/products', {
        name: 'Lamp',
        description,
        price: 1,
        currency: 'EUR',
      });
      expect([refused.status, Object.keys(refused.body.errors ?? {})]).toEqual([400, ['description']]);
    }
  });

  test('is edited, field by field, and the log knows what it was', async () => {
    const product = await added();
    const edit = (changes: object) => ask<Product>('PATCH', `/ops/products/${product.id}`, changes);
    expect((await edit({ name: 'Lantern' })).body.data).toEqual({ ...product, name: 'Lantern' });
    expect((await edit({ price: 25 })).body.data).toMatchObject({ price: 25, currency: 'EUR' });
    expect((await edit({ price: 2_500, currency: 'JPY' })).body.data).toMatchObject({ price: 2_500 });
    expect(faultsIn(await edit({ currency: 'USD' }))).toEqual(['price']);
    expect(faultsIn(await edit({ price: 2.5 }))).toEqual(['price']);
    expect((await edit({})).body.errors).toEqual({ body: ['must have a field that is to be changed'] });
    expect((await edit({ currency: 'JPY' })).body.data).toMatchObject({ price: 2_500, currency: 'JPY' });
    const [last] = await audited(product);
    expect(last).toMatchObject({ action: 'product.edit', before: { priceMinor: 2_500 } });
    const seen = await send(world, 'GET', `/api/products/${product.id}`);
    expect(seen.body.data).toMatchObject({ name: 'Lantern', price: 2_500, currency: 'JPY' });
  });

  test('that costs something else now leaves the price of its sales alone', async () => {
    const { productId } = await world.sale();
    await ask('PATCH', `/ops/products/${productId}`, { price: 99, currency: 'USD' });
    const seen = await send(world, 'GET', `/api/products/${productId}`);
    expect(seen.body.data).toMatchObject({ price: 19.99, currency: 'EUR' });
  });

  test('that nobody knows is 404', async () => {
    for (const id of ['4000000000', '0', 'lamp', '-1', '1e3', '99999999999']) {
      const [read, edit] = [
        await ask('GET', `/ops/products/${id}`),
        await ask('PATCH', `/ops/products/${id}`, { price: 1 }),
      ];
      expect([id, read.body.code, edit.body.code]).toEqual([id, 'product_not_found', 'product_not_found']);
    }
  });

  test('is added once under one Idempotency-Key, by however many at once (I6)', async () => {
    const key = { 'idempotency-key': 'one-lamp' };
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => ops<Product>(world, 'POST', '/ops/products', LAMP, key)),
    );
    expect(new Set(replies.map(({ status }) => status >= 300)).has(true)).toBe(false);
    const again = await ops<Product>(world, 'POST', '/ops/products', LAMP, key);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(await audited(again.body.data)).toHaveLength(1);
    const other = await ask('POST', '/ops/products', { ...LAMP, price: 1 }, key);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });
});

test('products are listed newest first, in pages that lose and repeat nothing', async () => {
  for (let i = 0; i < 7; i += 1) await added();
  const ids = (await allPages<Product>(ask, '/ops/products', 3)).map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(new Set(ids).size).toBe(ids.length);
  expect(faultsIn(await ask('GET', '/ops/products?limit=0'))).toEqual(['limit']);
  expect(faultsIn(await ask('GET', '/ops/products?cursor=x'))).toEqual(['cursor']);
});
