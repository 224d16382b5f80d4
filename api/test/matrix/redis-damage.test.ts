/** Crash points 21, 25, 26 and 27: what is left of Redis is damaged, or Redis cannot write. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { stockCredits } from '@flash-sale/drizzle/schema.ts';
import { statement } from '../../mysql/transaction.ts';
import { SALE_KEY_NAMES } from '../../redis/keys.ts';
import { pinHold, reapHolds } from '../../redis/hold-scripts.ts';
import { WORKERS } from '../../workers/workers.ts';
import { hold, order, pay, send } from '../client.ts';
import { RedisFaults } from '../redis-faults.ts';
import { endLeases, expire, passDeadline, settle, shortHold } from '../settling.ts';
import { until } from '../until.ts';
import { createWorld, type OneSale, type World } from '../world.ts';
import { held, insist, look, newIntent, ordered } from './buyer.ts';

let world: World;
let redis: RedisFaults;
beforeAll(async () => {
  world = await createWorld();
  redis = new RedisFaults(world);
});
afterEach(() => redis.start());
afterAll(async () => {
  await world.close();
  await redis.stop();
});

/** The file that Redis appends to. */
function appendOnlyFile(): { folder: string; file: string } {
  const folder = join(world.redis.folder, 'data', 'appendonlydir');
  const name = readdirSync(folder).find((candidate) => candidate.endsWith('.incr.aof'));
  if (name === undefined) throw new Error(`nothing is appended to in ${folder}`);
  return { folder, file: join(folder, name) };
}

describe('an append-only file', () => {
  test('that ends in the middle of a write is read up to there, and nothing is sold twice (I1, I2, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const kept = await held(world, sale, 3);
    await redis.kill();
    const { file } = appendOnlyFile();
    const wholeBytes = statSync(file).size;
    await redis.start();
    const sold = await ordered(world, sale, 4);
    const lost = await held(world, sale, 2);
    await redis.kill();
    // Somewhere in what was written last: never before what was there at the first death.
    truncateSync(file, wholeBytes + Math.floor((statSync(file).size - wholeBytes) / 2) + 1);
    await redis.start();
    await insist(() => send(world, 'GET', `/api/holds/${kept}`));
    await settle(world.services, sale.saleId);
    const seen = await look(world.services, sale);
    expect(seen.committed).toBe(4);
    expect(seen.available + seen.held).toBe(6);
    const state = await send(world, 'GET', `/api/holds/${sold.holdId}`);
    expect(state.body.data).toMatchObject({ state: 'ordered' });
    const answer = await order(world, lost, newIntent());
    expect([answer.status, answer.body.code ?? 'placed']).toBeOneOf([
      [201, 'placed'],
      [409, 'hold_lost'],
    ]);
    expect((await order(world, kept, newIntent())).status).toBe(201);
  });

  test('that is damaged in its middle is refused in Redis’ own words; set aside, the sale goes on from SQL (I1, I2, I7)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const sold = await ordered(world, sale, 4);
    const lost = await held(world, sale, 3);
    await redis.kill();
    const { folder, file } = appendOnlyFile();
    const bytes = readFileSync(file);
    // Where a command should begin.
    bytes.write('?', bytes.indexOf('\r\n*', Math.floor(bytes.length / 2)) + 2);
    writeFileSync(file, bytes);
    const message = await redis.startStore().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(message).toStartWith('redis ended at start (exit code 1)');
    expect(message).toContain('Bad file format reading the append only file');
    // The way out: the folder is kept for whoever wants to look, and Redis starts without it.
    renameSync(folder, `${folder}-set-aside`);
    await startedAgain();
    expect((await insist(() => order(world, lost, newIntent()))).body.code).toBe('hold_lost');
    expect(await look(world.services, sale)).toMatchObject({ available: 6, committed: 4, held: 0 });
    expect((await pay(world, sold.holdId, sold.intentId)).body.data.status).toBe('paid');
    expect((await hold(world, sale.productId, { quantity: 6 })).status).toBe(201);
    expect(await look(world.services, sale)).toMatchObject({ available: 0, committed: 4, held: 6 });
  });

  /** `startStore` has failed, and thinks that Redis runs. */
  async function startedAgain(): Promise<void> {
    await redis.kill();
    await redis.start();
  }
});

describe('a Redis that cannot write', () => {
  test('for want of memory refuses holds; orders, payments and what gives units back go on (I2, I7, I8)', async () => {
    const sale = await world.sale({ allotment: 20 });
    const [mine, theirs] = [await held(world, sale), await held(world, sale)];
    const [paid, unpaid] = [await ordered(world, sale), await ordered(world, sale)];
    await settle(world.services, sale.saleId);
    await world.services.redis.config('SET', 'maxmemory', '1');
    try {
      const refused = await hold(world, sale.productId);
      expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
      expect((await order(world, mine, newIntent())).status).toBe(201);
      expect((await send(world, 'DELETE', `/api/holds/${theirs}`)).status).toBe(200);
      expect((await pay(world, paid.holdId, paid.intentId)).body.data.status).toBe('paid');
      const failed = await pay(world, unpaid.holdId, unpaid.intentId, { event: 'failed' });
      expect(failed.body.data.status).toBe('cancelled');
      await settle(world.services, sale.saleId);
      expect(await look(world.services, sale)).toMatchObject({
        available: 16,
        committed: 4,
        held: 0,
        owed: 0,
      });
    } finally {
      await world.services.redis.config('SET', 'maxmemory', '0');
    }
    expect((await hold(world, sale.productId)).status).toBe(201);
    expect(await look(world.services, sale)).toMatchObject({ available: 15, held: 1 });
  });

  test('to its disk (MISCONF) refuses holds and orders and changes nothing; payments go on; it heals by itself (I2, I5, I8)', async () => {
    const sale = await world.sale({ allotment: 10 });
    const [mine, paid] = [await held(world, sale), await ordered(world, sale)];
    await settle(world.services, sale.saleId);
    const { redis: client } = world.services;
    // A snapshot that cannot be put in its place is how Redis notices a disk that does not take writes.
    const inTheWay = join(world.redis.folder, 'data', 'dump.rdb');
    mkdirSync(inTheWay);
    await client.config('SET', 'save', '3600 1000000');
    const snapshotIs = (word: string) =>
      until(async () => {
        await client.bgsave().catch(() => {});
        return (await client.info('persistence')).includes(`rdb_last_bgsave_status:${word}`);
      });
    await snapshotIs('err');
    const before = await client.hgetall(redis.key(sale.saleId, 'holds'));
    const refused = [await hold(world, sale.productId), await order(world, mine, newIntent())];
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
      [503, 'unavailable'],
      [503, 'unavailable'],
    ]);
    expect(await client.hgetall(redis.key(sale.saleId, 'holds'))).toEqual(before);
    expect((await pay(world, paid.holdId, paid.intentId)).body.data.status).toBe('paid');
    rmSync(inTheWay, { recursive: true });
    await snapshotIs('ok');
    await client.config('SET', 'save', '');
    expect((await order(world, mine, newIntent())).status).toBe(201);
    expect((await hold(world, sale.productId)).status).toBe(201);
    await settle(world.services, sale.saleId);
    expect(await look(world.services, sale)).toMatchObject({ committed: 4, held: 1, available: 5 });
  });
});

describe('a key of a sale that is gone', () => {
  /** A sale with something in every key: holds, an overdue one, a pin, ended ones, buyers, a credit that is applied. */
  async function livelySale(): Promise<OneSale> {
    const sale = await world.sale({ allotment: 20 });
    const buyer = { buyer_id: 'ann', ttl: 300 };
    const place = async () => {
      const { body } = await hold(
        world,
        sale.productId,
        { quantity: 2, ...buyer },
        { 'idempotency-key': newIntent() },
      );
      return body.data.hold_id;
    };
    await place();
    await shortHold(world.services, sale.saleId, 250);
    await order(world, await place(), newIntent());
    const [ending, released] = [await place(), await place()];
    const over = await order(world, ending, newIntent());
    await send(world, 'DELETE', `/api/holds/${released}`);
    await expire(world.services, sale.saleId, [over.body.data.order_id]);
    // Applied, and not acknowledged: it is delivered again.
    await statement(world.services.mysql, (sql) =>
      sql.update(stockCredits).set({ deliveredAt: null }).where(eq(stockCredits.saleId, sale.saleId)),
    );
    const pinned = await shortHold(world.services, sale.saleId, 250);
    expect((await pinHold(world.services.redis, sale.saleId, pinned)).kind).toBe('pinned');
    await passDeadline(world.services, sale.saleId, pinned);
    return sale;
  }

  const saleWithout = new Map<string, OneSale>();
  beforeAll(async () => {
    const sales = await Promise.all(SALE_KEY_NAMES.map(() => livelySale()));
    for (const [index, name] of SALE_KEY_NAMES.entries()) {
      const sale = sales[index] as OneSale;
      saleWithout.set(name, sale);
      await world.services.redis.del(redis.key(sale.saleId, name));
    }
    // As much time as three periods of the auditor, and a lease.
    for (let turn = 0; turn < 3; turn += 1) {
      for (const { runOnce } of WORKERS) await runOnce(world.services).catch(() => {});
      for (const { saleId } of sales) await endLeases(world.services, saleId);
    }
    for (const { saleId } of sales) {
      await settle(world.services, saleId);
      await reapHolds(world.services.redis, saleId);
    }
  }, 30_000);

  for (const name of SALE_KEY_NAMES) {
    test(`(${name}) costs nothing for long: every unit that nobody holds or bought is sold again (I2, I8)`, async () => {
      const seen = await look(world.services, saleWithout.get(name) as OneSale);
      const living = name === 'holds' ? 0 : 2;
      expect(seen).toMatchObject({
        pinned: 0,
        owed: 0,
        held: living,
        available: 20 - seen.committed - living,
      });
    });
  }
});
