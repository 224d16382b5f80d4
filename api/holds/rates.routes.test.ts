import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sales } from '@flash-sale/drizzle/schema.ts';
import { BUYER_RATE_DEFAULT, RATE_WINDOW_MS } from '@flash-sale/shared/limits.ts';
import { eq } from 'drizzle-orm';
import { statement } from '../mysql/transaction.ts';
import { rebuildSale } from '../sales/rebuild.ts';
import { listen, type Listening } from '../server.ts';
import type { Services } from '../services.ts';
import { hold, order, pay, send } from '../test/client.ts';
import { until } from '../test/until.ts';
import { createWorld, type OneSale, type World } from '../test/world.ts';

let world: World;
/** A second API process on the same stores. */
let other: { listening: Listening };
let otherServices: Services;
beforeAll(async () => {
  // The tests come from this machine, so they may say where they come from.
  world = await createWorld({ env: { TRUSTED_PROXIES: '127.0.0.1' } });
  otherServices = await world.another();
  other = { listening: listen(otherServices) };
});
afterAll(async () => {
  await other.listening.stop();
  await world.close();
});

async function limited(rates: { buyerRate?: number | null; addressRate?: number }): Promise<OneSale> {
  const sale = await world.sale({ allotment: 1_000 });
  await statement(world.services.mysql, (sql) =>
    sql.update(sales).set(rates).where(eq(sales.id, sale.saleId)),
  );
  await rebuildSale(world.services, sale.saleId);
  for (const { catalog } of [world.services, otherServices]) await catalog.refresh();
  // Not across the end of a window.
  await until(() => Date.now() % RATE_WINDOW_MS < RATE_WINDOW_MS - 3_000);
  return sale;
}

const from = (address: string) => ({ 'x-forwarded-for': address });

function ask(
  sale: OneSale,
  buyer_id: string | null,
  headers: Record<string, string> = {},
  api: Pick<World, 'listening'> = world,
) {
  return hold(api as World, sale.productId, buyer_id === null ? {} : { buyer_id }, headers);
}

describe('a buyer who asks often', () => {
  test('is told how many requests are left, and then when to come back', async () => {
    const sale = await limited({ buyerRate: 3 });
    for (let left = 2; left >= 0; left -= 1) {
      const { status, headers } = await ask(sale, 'ann');
      expect([status, headers.get('ratelimit-policy')]).toEqual([201, '"buyer";q=3;w=10']);
      expect(headers.get('ratelimit')).toMatch(new RegExp(`^"buyer";r=${left};t=\\d+$`));
    }
    const refused = await ask(sale, 'ann');
    expect([refused.status, refused.body.code]).toEqual([429, 'too_many_requests']);
    const retryAfter = Number(refused.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual((2 * RATE_WINDOW_MS) / 1_000);
    expect(refused.headers.get('ratelimit')).toBe(`"buyer";r=0;t=${retryAfter}`);
    expect((await ask(sale, 'bob')).status).toBe(201);
  });

  test('has one allowance at all processes', async () => {
    const sale = await limited({ buyerRate: 6 });
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) {
      statuses.push((await ask(sale, 'ann', {}, n % 2 === 0 ? world : other)).status);
    }
    expect(statuses).toEqual([...Array<number>(6).fill(201), ...Array<number>(4).fill(429)]);
  });

  test('gets the hold that was made under the same key, above the limit too', async () => {
    const sale = await limited({ buyerRate: 1 });
    const key = { 'idempotency-key': crypto.randomUUID() };
    const made = await ask(sale, 'ann', key);
    expect((await ask(sale, 'ann')).status).toBe(429);
    const again = await ask(sale, 'ann', key);
    expect([again.status, again.body.data.hold_id]).toEqual([200, made.body.data.hold_id]);
    expect(again.headers.get('ratelimit')).toMatch(/^"buyer";r=0;/);
  });

  test('is told so when the answer is no for another reason, too', async () => {
    const sale = await limited({ buyerRate: 5 });
    for (let n = 0; n < 10; n += 1) {
      await hold(world, sale.productId, { buyer_id: `other-${n}`, quantity: 100 });
    }
    const soldOut = await ask(sale, 'ann');
    expect([soldOut.status, soldOut.headers.get('ratelimit')?.slice(0, 11)]).toEqual([409, '"buyer";r=4']);
  });

  test(`may ask ${BUYER_RATE_DEFAULT} times where the sale does not say otherwise, and once more per process`, async () => {
    const sale = await limited({ buyerRate: null });
    const first = await ask(sale, 'ann');
    expect(first.headers.get('ratelimit')).toMatch(new RegExp(`^"buyer";r=${BUYER_RATE_DEFAULT};`));
    const replies = await Promise.all(
      Array.from({ length: BUYER_RATE_DEFAULT + 20 }, () => ask(sale, 'ann')),
    );
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(BUYER_RATE_DEFAULT);
    expect((await ask(sale, 'bob')).status).toBe(201);
  });

  test("cannot use up another's allowance by naming them", async () => {
    const sale = await limited({ buyerRate: 2 });
    for (let n = 0; n < 5; n += 1) await ask(sale, 'ann', from('198.51.100.66'));
    const { status, headers } = await ask(sale, 'ann', from('203.0.113.7'));
    expect([status, headers.get('ratelimit')?.slice(0, 11)]).toEqual([201, '"buyer";r=1']);
  });
});

describe('an address that asks often', () => {
  test('is limited whoever it names, and nobody else is', async () => {
    const sale = await limited({ addressRate: 3 });
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const buyer = n % 2 === 0 ? null : `buyer ${n}`.replace(' ', '-');
      statuses.push((await ask(sale, buyer, from('198.51.100.1'))).status);
    }
    expect(statuses).toEqual([201, 201, 201, 429, 429]);
    expect((await ask(sale, null, from('198.51.100.2'))).status).toBe(201);
    const { headers } = await ask(sale, 'ann', from('198.51.100.3'));
    expect(headers.get('ratelimit-policy')).toBe(`"buyer";q=${BUYER_RATE_DEFAULT};w=10, "address";q=3;w=10`);
    expect(headers.get('ratelimit')).toMatch(/^"buyer";r=\d+;t=\d+, "address";r=2;t=\d+$/);
  });

  test('is that of the connection where no proxy is trusted: a header made up changes nothing', async () => {
    const own = await createWorld();
    const sale = await own.sale({ allotment: 100 });
    const change = { addressRate: 2 };
    await statement(own.services.mysql, (sql) =>
      sql.update(sales).set(change).where(eq(sales.id, sale.saleId)),
    );
    await rebuildSale(own.services, sale.saleId);
    await own.services.catalog.refresh();
    await until(() => Date.now() % RATE_WINDOW_MS < RATE_WINDOW_MS - 2_000);
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      statuses.push((await ask(sale, null, from(`198.51.100.${n}`), own)).status);
    }
    expect(statuses).toEqual([201, 201, 429, 429]);
    await own.close();
  });
});

describe('a limit of requests', () => {
  test('is never one of webhooks, orders or reading', async () => {
    const sale = await limited({ buyerRate: 1, addressRate: 1 });
    const held = await ask(sale, 'ann');
    expect((await ask(sale, 'ann')).status).toBe(429);
    const holdId = held.body.data.hold_id;
    for (let n = 0; n < 5; n += 1) {
      const replies = [
        await order(world, holdId, 'pi_limited'),
        await pay(world, holdId, 'pi_limited'),
        await send(world, 'GET', `/api/holds/${holdId}`),
      ];
      expect(replies.map(({ status }) => status < 300)).toEqual([true, true, true]);
      for (const { headers } of replies) expect(headers.get('ratelimit')).toBeNull();
    }
  });

  test('says nothing to an anonymous request that nobody counts', async () => {
    const sale = await limited({ buyerRate: 1 });
    for (let n = 0; n < 3; n += 1) {
      const { status, headers } = await ask(sale, null);
      expect([status, headers.get('ratelimit')]).toEqual([201, null]);
    }
  });
});
