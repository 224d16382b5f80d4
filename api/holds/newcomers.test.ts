import { expect, test } from 'bun:test';
import { Newcomers } from './newcomers.ts';

test('a name is new once, and again when it was not seen for two windows', () => {
  const newcomers = new Newcomers(10);
  const isNew = (name: string, atMs: number) => newcomers.isNew(name, 100 + atMs);
  expect([isNew('ann', 0), isNew('bob', 1), isNew('ann', 2), isNew('ann', 11)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  // Ann asked a window ago, Bob did not.
  expect([isNew('ann', 22), isNew('bob', 23)]).toEqual([false, true]);
  expect([isNew('ann', 60), isNew('ann', 61)]).toEqual([true, false]);
});
