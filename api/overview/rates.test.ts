import { expect, test } from 'bun:test';
import { RateMeter } from './rates.ts';

const totals = (held: number, ordered = 0, paid = 0) => new Map([[7, { held, ordered, paid }]]);

test('a rate is the difference between looks at least a second apart, over the last ten seconds', () => {
  const meter = new RateMeter();
  expect(meter.rates(7)).toBeNull();
  meter.add(0, totals(0));
  meter.add(500, totals(50));
  expect(meter.rates(7)).toBeNull();
  meter.add(2_000, totals(400, 20, 10));
  expect(meter.rates(7)).toEqual({ seconds: 2, heldPerSecond: 200, orderedPerSecond: 10, paidPerSecond: 5 });
  for (let atMs = 3_000; atMs <= 40_000; atMs += 1_000) meter.add(atMs, totals(400, 20, 10));
  expect(meter.rates(7)).toEqual({ seconds: 10, heldPerSecond: 0, orderedPerSecond: 0, paidPerSecond: 0 });
  expect(meter.rates(8)).toBeNull();
});

test('a count that went back says nothing, rather than something wrong', () => {
  const meter = new RateMeter();
  meter.add(0, totals(1_000));
  meter.add(5_000, totals(3));
  expect(meter.rates(7)).toBeNull();
  for (let atMs = 6_000; atMs <= 16_000; atMs += 1_000) meter.add(atMs, totals(3));
  expect(meter.rates(7)).toMatchObject({ heldPerSecond: 0 });
});
