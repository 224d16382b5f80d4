import { describe, expect, test } from 'bun:test';
import { arrivalMs, burstRate } from './arrivals.ts';
import { openConnections } from './connections.ts';
import { createFigures } from './figures.ts';
import { createHistogram } from './histogram.ts';
import { createPromises } from './promises.ts';
import { createJudge } from './rules.ts';
import { ask } from './stage.ts';
import { storyOf } from './story.ts';

test('the same seed brings the same buyers, another one others', () => {
  const crowd = (seed: number) => Array.from({ length: 300 }, (_, number) => storyOf(seed, number));
  expect(crowd(7)).toEqual(crowd(7));
  expect(crowd(8)).not.toEqual(crowd(7));
  expect(new Set(crowd(7).map(({ manner }) => manner)).size).toBe(7);
  expect(new Set(crowd(7).map(({ payment }) => payment)).size).toBe(7);
});

test('most buyers come at the opening, and all of them in time and in order', () => {
  const times = Array.from({ length: 1_000 }, (_, number) => arrivalMs(number, 1_000, 10_000));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times.filter((ms) => ms < 1_500).length).toBe(600);
  expect(times.at(-1)).toBeWithin(9_000, 10_000);
  expect(burstRate(1_000, 10_000)).toBe(400);
});

describe('a histogram', () => {
  test('is right within 6 %, for whatever came, in the same room', () => {
    const histogram = createHistogram();
    for (let ms = 1; ms <= 100_000; ms += 1) histogram.add(ms / 10);
    const { count, p50, p95, p99, max } = histogram.quantiles();
    expect([count, max]).toEqual([100_000, 10_000]);
    for (const [found, right] of [
      [p50, 5_000],
      [p95, 9_500],
      [p99, 9_900],
    ] as const) {
      expect(Math.abs(found - right) / right).toBeLessThan(0.06);
    }
    const doublings = histogram.doublings();
    expect(doublings.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(100_000);
    expect(doublings.at(0)?.count).toBeGreaterThan(0);
  });

  test('of nothing is nothing, and what is beyond its ends is kept at them', () => {
    const histogram = createHistogram();
    expect(histogram.quantiles()).toEqual({ count: 0, p50: 0, p95: 0, p99: 0, max: 0 });
    expect(histogram.doublings()).toEqual([]);
    for (const ms of [0, 1e9]) histogram.add(ms);
    expect(histogram.quantiles()).toMatchObject({ count: 2, max: 1e9 });
  });
});

test('units are promised until their time is over, and one too many is noticed', () => {
  const judge = createJudge();
  const promises = createPromises(3, judge);
  const isBroken = () => judge.checks().some(({ passed }) => !passed);
  promises.give('a', 2, performance.now() - 1);
  promises.give('b', 2, Infinity);
  promises.give('b', 2, Infinity);
  promises.give('c', 1, Infinity);
  expect([promises.now(), promises.most(), isBroken()]).toEqual([3, 3, false]);
  promises.takeBack('c');
  promises.give('d', 2, Infinity);
  expect([promises.now(), isBroken()]).toEqual([4, true]);
});

test('a buyer whom nobody answers breaks a rule', async () => {
  const judge = createJudge();
  const figures = createFigures();
  const connections = openConnections({ url: 'http://127.0.0.1:1', limit: 2, onWaited: () => {} });
  const stage = { judge, figures, connections, isOver: () => false, sleep: () => Promise.resolve() };
  expect(await ask(stage, 'order', { method: 'POST', path: '/api/orders' })).toBeNull();
  expect(judge.checks().filter(({ passed }) => !passed)).toMatchObject([
    { rule: 'answers', examples: ['order: no answer to 6 requests'] },
  ]);
});
