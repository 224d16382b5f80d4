/** Work of one name, of which one at a time is done: for all processes of an installation, and for no other one. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Pool } from 'mysql2/promise';
import { freshDatabase } from '../test/world.ts';
import { connectMySql } from './connect.ts';
import { exclusively, ifNobodyElse } from './exclusive.ts';

let pool: Pool;
/** Of another process. */
let other: Pool;
/** Of another installation on the same server. */
let stranger: Pool;
beforeAll(async () => {
  const url = await freshDatabase();
  [pool, other, stranger] = [connectMySql(url), connectMySql(url), connectMySql(await freshDatabase())];
});
afterAll(() => Promise.all([pool, other, stranger].map((one) => one.end())));

/** Work that is under way until it is let go. */
async function occupied(name: string) {
  const { promise: free, resolve: release } = Promise.withResolvers<void>();
  const { promise: isUnderWay, resolve: begun } = Promise.withResolvers<void>();
  const work = exclusively(pool, name, async () => {
    begun();
    await free;
  });
  await isUnderWay;
  return {
    async end() {
      release();
      await work;
    },
  };
}

test('is waited for by another process, and is not begun where nobody waits', async () => {
  const first = await occupied('a sale');
  expect(await ifNobodyElse(other, 'a sale', async () => 'begun')).toBeNull();
  const order: string[] = [];
  const second = exclusively(other, 'a sale', async () => order.push('second'));
  order.push('first');
  await first.end();
  await second;
  expect(order).toEqual(['first', 'second']);
  expect(await ifNobodyElse(other, 'a sale', async () => 'begun')).toBe('begun');
});

test('of another name, or of another installation on the same server, keeps nobody waiting', async () => {
  const first = await occupied('a sale');
  expect(await ifNobodyElse(other, 'another sale', async () => 'begun')).toBe('begun');
  const startedAtMs = performance.now();
  expect(await exclusively(stranger, 'a sale', async () => 'begun')).toBe('begun');
  expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  await first.end();
});
