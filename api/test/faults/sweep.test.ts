import { describe, expect, test } from 'bun:test';
import { chanceOf } from '../seeded.ts';
import { sweep, type Promised } from './sweep.ts';

const promise = (id: string, from: number, to: number, units = 1): Promised => ({ id, from, to, units });

describe('a sweep over promises', () => {
  test('finds nothing in nothing', () => {
    expect(sweep([], 0)).toEqual({ peak: 0, peakAt: null, excess: null });
  });

  test('lets units be promised again from the instant they came back', () => {
    const promised = [promise('a', 0, 10), promise('b', 10, 20), promise('c', 20, 30)];
    expect(sweep(promised, 1)).toEqual({ peak: 1, peakAt: 0, excess: null });
  });

  test('finds a unit that was promised twice for a single millisecond', () => {
    const promised = [promise('a', 0, 11), promise('b', 10, 20)];
    expect(sweep(promised, 1).excess).toEqual({ at: 10, units: 2, ids: ['a', 'b'] });
  });

  test('counts units, not promises', () => {
    const promised = [promise('a', 0, 10, 3), promise('b', 2, 8, 4), promise('c', 5, 6, 1)];
    expect(sweep(promised, 8)).toEqual({ peak: 8, peakAt: 5, excess: null });
    expect(sweep(promised, 7).excess).toEqual({ at: 5, units: 8, ids: ['a', 'b', 'c'] });
  });

  test('knows promises that never end: a paid order keeps its units', () => {
    const promised = [promise('paid', 5, Number.POSITIVE_INFINITY, 2), promise('late', 1_000, 2_000, 1)];
    expect(sweep(promised, 2).excess).toEqual({ at: 1_000, units: 3, ids: ['paid', 'late'] });
  });

  test('takes no account of a promise that ended before it was heard of', () => {
    expect(sweep([promise('a', 10, 10), promise('b', 12, 11)], 0).excess).toBeNull();
  });

  test('reports the first instant and the highest, which may differ', () => {
    const promised = [promise('a', 0, 9), promise('b', 1, 9), promise('c', 2, 9), promise('d', 3, 9)];
    const swept = sweep(promised, 2);
    expect([swept.excess?.at, swept.peak, swept.peakAt]).toEqual([2, 4, 3]);
  });

  test('agrees with counting at every millisecond (300 random histories)', () => {
    const chance = chanceOf(11);
    for (let round = 0; round < 300; round += 1) {
      const promised = Array.from({ length: chance.integer(0, 12) }, (_, index) => {
        const from = chance.integer(0, 40);
        return promise(String(index), from, from + chance.integer(-2, 15), chance.integer(1, 4));
      });
      const unitsAt = (at: number) =>
        promised.filter(({ from, to }) => from <= at && at < to).reduce((sum, { units }) => sum + units, 0);
      const counted = Array.from({ length: 60 }, (_, at) => unitsAt(at));
      const bound = chance.integer(0, 10);
      const swept = sweep(promised, bound);
      expect(swept.peak).toBe(Math.max(...counted));
      const first = counted.findIndex((units) => units > bound);
      expect(swept.excess?.at ?? -1).toBe(first);
    }
  });
});
