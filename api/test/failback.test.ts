import { describe, expect, test } from 'bun:test';
import { connectRedis } from '../redis/connect.ts';
import { readSale } from '../redis/sale-scripts.ts';
import { beginRebuild, commitRebuild, snapshotOf } from './rebuilding.ts';
import { pinHold, settleHolds } from '../redis/hold-scripts.ts';
import { placeHolds } from '../redis/placement-scripts.ts';
import { newHoldId } from '../holds/hold-id.ts';
import { freePort } from './free-port.ts';
import { privateRedis } from './stores.ts';
import { until } from './until.ts';

const SALE = 1;

async function startPair() {
  const ports = [freePort(), freePort()];
  const stores = await Promise.all(
    ports.map((port) =>
      privateRedis({
        args: ['--port', String(port), '--bind', '127.0.0.1', '--repl-diskless-sync-delay', '0'],
      }),
    ),
  );
  const [first, second] = stores.map(({ url }) => connectRedis(url));
  if (first === undefined || second === undefined) throw new Error('two were asked for');
  await until(() => first.status === 'ready' && second.status === 'ready');
  return { first, second, ports, stop: () => Promise.all(stores.map((store) => store.kill())) };
}

async function arm(redis: ReturnType<typeof connectRedis>): Promise<void> {
  const begun = await beginRebuild(redis, SALE, { epoch: 1, lastArmedEpoch: 0 });
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  const snapshot = snapshotOf({ token: begun.token, epoch: 1, allotment: 1 });
  const armed = await commitRebuild(redis, SALE, snapshot);
  expect(armed.kind).toBe('armed');
}

describe('a master that is demoted and promoted again', () => {
  test('is not armed, though its process is the one that was: its data is its stale successor’s (I2)', async () => {
    const { first, second, ports, stop } = await startPair();
    const isSynced = async (redis: typeof first) =>
      (await redis.info('replication')).includes('master_link_status:up');
    try {
      await arm(first);
      await second.replicaof('127.0.0.1', ports[0] ?? 0);
      // The first replica gives its master a new replication id.
      await until(() => isSynced(second));
      expect((await readSale(first, SALE)).kind).toBe('not_armed');
      await first.del('{s:1}:meta');
      await arm(first);
      await until(async () => (await second.hget('{s:1}:meta', 'armed_life')) !== null);

      await second.replicaof('NO', 'ONE');
      const holdId = newHoldId(SALE);
      const request = { holdId, quantity: 1, ttlMs: null, buyerId: null, keyDigest: null, fingerprint: '' };
      await placeHolds(first, SALE, [request]);
      expect((await pinHold(first, SALE, holdId)).kind).toBe('pinned');
      await settleHolds(first, SALE, [{ holdId, outcome: 'ordered' }]);
      expect((await readSale(second, SALE)).kind).toBe('not_armed');

      await first.replicaof('127.0.0.1', ports[1] ?? 0);
      await until(() => isSynced(first));
      await first.replicaof('NO', 'ONE');
      expect(await first.hget('{s:1}:meta', 'available')).toBe('1');
      expect((await readSale(first, SALE)).kind).toBe('not_armed');
    } finally {
      first.disconnect();
      second.disconnect();
      await stop();
    }
  }, 30_000);
});
