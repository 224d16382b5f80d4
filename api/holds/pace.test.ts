import { describe, expect, test } from 'bun:test';
import { Pace } from './pace.ts';

describe('a pace', () => {
  test('lets a burst pass, and then so many a second', () => {
    const pace = new Pace(3, 10);
    expect([1, 2, 3].map(() => pace.waitMs('ann', 0))).toEqual([0, 0, 0]);
    expect(pace.waitMs('ann', 0)).toBeCloseTo(100);
    expect(pace.waitMs('ann', 50)).toBeCloseTo(50);
    expect(pace.waitMs('ann', 100)).toBe(0);
    expect(pace.waitMs('ann', 100)).toBeCloseTo(100);
  });

  test('keeps names apart, and gives each its burst again', () => {
    const pace = new Pace(1, 10);
    expect(pace.waitMs('ann', 0)).toBe(0);
    expect(pace.waitMs('bob', 0)).toBe(0);
    expect(pace.waitMs('ann', 1)).toBeGreaterThan(0);
    expect(pace.waitMs('ann', 10_000)).toBe(0);
  });

  test('costs nothing for being refused', () => {
    const pace = new Pace(1, 10);
    pace.waitMs('ann', 0);
    for (let i = 0; i < 100; i += 1) pace.waitMs('ann', 0);
    expect(pace.waitMs('ann', 100)).toBe(0);
  });
});
