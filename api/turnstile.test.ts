import { expect, test } from 'bun:test';
import { StoreUnavailable } from './store-unavailable.ts';
import { Turnstile } from './turnstile.ts';

const bounds = { store: 'redis', atOnce: 2, waitingMax: 3, waitMaxMs: 50 } as const;

test('a turnstile lets so many work at a time, in order, and the rest after them', async () => {
  const turnstile = new Turnstile(bounds);
  let [working, most] = [0, 0];
  const order: number[] = [];
  await Promise.all(
    [0, 1, 2, 3, 4].map((n) =>
      turnstile.pass(async () => {
        working += 1;
        most = Math.max(most, working);
        order.push(n);
        await Bun.sleep(5);
        working -= 1;
      }),
    ),
  );
  expect([most, order]).toEqual([2, [0, 1, 2, 3, 4]]);
});

test('a line that is too long or too slow is not joined, says for which store, and lets others in later', async () => {
  const turnstile = new Turnstile(bounds);
  const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
  const inside = [0, 1].map(() => turnstile.pass(() => stuck));
  const waiting = [0, 1, 2].map(() =>
    turnstile.pass(() => Promise.resolve()).catch((error: unknown) => error),
  );
  const tooLong = await turnstile.pass(() => Promise.resolve()).catch((error: unknown) => error);
  for (const outcome of [tooLong, ...(await Promise.all(waiting))]) {
    expect(outcome).toBeInstanceOf(StoreUnavailable);
    expect(outcome).toMatchObject({ store: 'redis', mayHaveRun: false });
  }
  release();
  await Promise.all(inside);
  const afterwards = [0, 1, 2, 3].map((n) => turnstile.pass(() => Promise.resolve(n)));
  expect(await Promise.all(afterwards)).toEqual([0, 1, 2, 3]);
});

test('work that fails leaves its place to the next', async () => {
  const turnstile = new Turnstile({ ...bounds, atOnce: 1 });
  const failing = turnstile.pass(() => Promise.reject(new Error('no'))).catch(() => 'failed');
  expect(await Promise.all([failing, turnstile.pass(() => Promise.resolve('done'))])).toEqual([
    'failed',
    'done',
  ]);
});
