import { expect, test } from 'bun:test';
import { createLog } from '../log.ts';
import { StoreUnavailable } from '../store-unavailable.ts';
import { until } from '../test/until.ts';
import { startLoop } from './loop.ts';

const LONG_MS = 60_000;
const silent = createLog('silent');

test('the turns of a loop follow each other at once while there is work', async () => {
  let left = 5;
  const loop = startLoop(silent, 'work', LONG_MS, () => {
    const done = Math.min(left, 1);
    left -= done;
    return Promise.resolve(done);
  });
  await until(() => left === 0);
  await loop.stop();
});

test('a pause ends at once when it is stopped, and no turn follows', async () => {
  let turns = 0;
  const loop = startLoop(silent, 'work', LONG_MS, () => {
    turns += 1;
    return Promise.resolve(0);
  });
  await until(() => turns === 1);
  await Bun.sleep(1);
  const startedAtMs = performance.now();
  await loop.stop();
  expect(performance.now() - startedAtMs).toBeLessThan(LONG_MS / 10);
  expect(turns).toBe(1);
});

test('a loop has stopped when the turn that was running is over', async () => {
  const turn = Promise.withResolvers<number>();
  let isStopped = false;
  const loop = startLoop(silent, 'work', LONG_MS, () => turn.promise);
  const stopping = loop.stop().then(() => (isStopped = true));
  await Bun.sleep(5);
  expect(isStopped).toBe(false);
  turn.resolve(1);
  await stopping;
});

test('a turn that fails is followed by another one', async () => {
  let turns = 0;
  const loop = startLoop(silent, 'work', 1, () => {
    turns += 1;
    return Promise.reject(turns === 1 ? new StoreUnavailable('redis', 'away') : new Error('a bug'));
  });
  await until(() => turns === 3);
  await loop.stop();
});
