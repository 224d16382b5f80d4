import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eq, inArray } from 'drizzle-orm';
import { saleAudits, sales } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../mysql/transaction.ts';
import { saleMetaKey } from '../redis/keys.ts';
import { audit } from '../test/audit.ts';
import { hold, order } from '../test/client.ts';
import { createWorld, type World } from '../test/world.ts';
import { auditQuietSales, auditSale, auditSales } from './audit.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

function stateOf(saleId: number) {
  return statement(world.services.mysql, async (sql) => {
    const [sale] = await sql.select().from(sales).where(eq(sales.id, saleId));
    return sale?.state;
  });
}

function verdictOn(ofSale: number) {
  return statement(world.services.mysql, async (sql) => {
    const [verdict] = await sql.select().from(saleAudits).where(eq(saleAudits.saleId, ofSale));
    return verdict;
  });
}

describe('the auditor', () => {
  test('leaves a sale alone that adds up (I2)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    await hold(world, productId, { quantity: 2 });
    expect(await auditSales(world.services)).toBe(0);
    expect(await stateOf(saleId)).toBe('live');
  });

  test('sees drift at once, and pauses and rebuilds the sale when it sees it twice (I2, I8)', async () => {
    const { productId, saleId } = await world.sale({ allotment: 5 });
    await hold(world, productId, { quantity: 2 });
    await world.services.redis.hincrby(saleMetaKey(saleId), 'available', 3);

    expect(await auditSales(world.services)).toBe(0);
    expect(await audit(world.services, saleId)).toMatchObject({ drift: 3 });
    expect(await verdictOn(saleId)).toMatchObject({ drift: 3, isRight: 0 });

    expect(await auditSales(world.services)).toBe(1);
    expect(await audit(world.services, saleId)).toMatchObject({ available: 3, held: 2, drift: 0 });
    expect(await stateOf(saleId)).toBe('paused');
  });

  test('pauses a sale whose rows in SQL disagree, tells so, and does not rebuild it again and again (I1)', async () => {
    const { saleId } = await world.sale({ allotment: 60 });
    await statement(world.services.mysql, (sql) =>
      sql.update(sales).set({ committed: 1 }).where(eq(sales.id, saleId)),
    );
    await world.services.redis.hincrby(saleMetaKey(saleId), 'available', -1);
    const rebuilds = async () => (await world.services.metrics.rebuilds.get()).values[0]?.value ?? 0;
    for (let i = 0; i < 2; i += 1) await auditSales(world.services);
    expect(await stateOf(saleId)).toBe('paused');
    const before = await rebuilds();
    for (let i = 0; i < 3; i += 1) await auditSales(world.services);
    expect(await rebuilds()).toBe(before);
    expect(await verdictOn(saleId)).toMatchObject({ drift: 0, isRight: 0 });
    await statement(world.services.mysql, (sql) =>
      sql.update(sales).set({ committed: 0 }).where(eq(sales.id, saleId)),
    );
  });

  test('looks at many sales without a lock, and leaves out the one that changed under it (I2)', async () => {
    const [quiet, busy] = [await world.sale({ allotment: 5 }), await world.sale({ allotment: 60 })];
    const ofBoth = inArray(sales.id, [quiet.saleId, busy.saleId]);
    const read = () => statement(world.services.mysql, (sql) => sql.select().from(sales).where(ofBoth));
    const before = await read();
    expect((await auditQuietSales(world.services, before)).size).toBe(2);
    const { hold_id: holdId } = (await hold(world, busy.productId, { quantity: 2 })).body.data;
    await order(world, holdId, 'pi_meanwhile');
    expect([...(await auditQuietSales(world.services, before)).keys()]).toEqual([quiet.saleId]);

    const buying = Array.from({ length: 20 }, async (_, index) => {
      const placed = await hold(world, busy.productId, { quantity: 2 });
      await order(world, placed.body.data.hold_id, `pi_crowd_${index}`);
    });
    const crowd = Promise.all(buying).then(() => true);
    let isOver = false;
    while (!isOver) {
      const audits = await auditQuietSales(world.services, await read());
      for (const seen of audits.values()) expect(seen).toMatchObject({ drift: 0, unlisted: 0 });
      isOver = await Promise.race([crowd, Promise.resolve(false)]);
    }
    const last = (await auditQuietSales(world.services, await read())).get(busy.saleId);
    expect(last).toMatchObject({ drift: 0, ordered: 42, everOrdered: 42, available: 18 });
  });

  test('has nothing to say of a sale that is not armed', async () => {
    const { saleId } = await world.sale();
    await world.services.redis.del(saleMetaKey(saleId));
    expect(await auditSale(world.services, saleId)).toBeNull();
  });
});
