import { describe, expect, test } from 'bun:test';
import type { Ask, Measured } from './contest.ts';
import { percentile } from './load/client.ts';
import { ratioOf, spreadOf, tableOf } from './table.ts';

function round(perSecond: number, p99Ms = 10): Measured {
  return {
    requests: perSecond,
    perSecond,
    p50Ms: 1,
    p99Ms,
    replyBytes: 571,
    refused: 0,
    failed: 0,
    ranOut: false,
    serverUs: 8.25,
    redisUs: 0.1,
    sqlUs: null,
  };
}

// The second round was slow for both, the third for one of them.
const contenders = [
  { name: 'bare', rounds: [round(100, 10), round(50, 20), round(100, 10)] },
  { name: 'API', rounds: [round(80, 12), round(40, 30), round(20, 100)] },
];
const ask = (wanted: Ask['wanted'], figure: Ask['figure'] = 'perSecond'): Ask => ({
  what: 'API / bare',
  of: 'API',
  to: 'bare',
  figure,
  wanted,
});

describe('a ratio', () => {
  test('is taken within each round, so that what slows both changes nothing', () => {
    expect(ratioOf({ contenders }, ask(null))).toEqual({
      what: 'API / bare',
      min: 0.2,
      median: 0.8,
      max: 0.8,
      asked: null,
      isMet: null,
    });
  });

  test('is judged by its median, whichever way it is asked for', () => {
    expect(ratioOf({ contenders }, ask({ atLeast: 0.8 })).isMet).toBe(true);
    expect(ratioOf({ contenders }, ask({ atLeast: 0.81 })).isMet).toBe(false);
    expect(ratioOf({ contenders }, ask({ atMost: 1.5 }, 'p99Ms'))).toMatchObject({
      median: 1.5,
      isMet: true,
    });
    expect(ratioOf({ contenders }, ask({ atMost: 1.4 }, 'p99Ms'))).toMatchObject({ max: 10, isMet: false });
  });

  test('of somebody who took no part is no ratio', () => {
    expect(() => ratioOf({ contenders: contenders.slice(0, 1) }, ask(null))).toThrow('nobody is called API');
  });
});

test('a spread does not depend on the order, and takes the lower of two middle values', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ min: 1, median: 2, max: 4 });
});

test('99 of 100 values are not above p99', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile([7], 0.99)).toBe(7);
});

test('the table shows who reached what, and says in words whether that is what was asked for', () => {
  const asks = [ask({ atLeast: 0.9 }), ask({ atMost: 1.5 }, 'p99Ms'), ask(null)];
  const text = tableOf({ name: 'holds', contenders, asks, calm: [] });
  expect(text.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['holds'],
    ['requests/s: min', 'median', 'max', 'p50 ms', 'p99 ms', 'CPU us', 'Redis us', 'SQL us', 'reply bytes'],
    ['bare', '50', '100', '100', '1.0', '10.0', '8.3', '0.1', '-', '571'],
    ['API', '20', '40', '80', '1.0', '30.0', '8.3', '0.1', '-', '571'],
    ['ratio', 'min', 'median', 'max', 'asked'],
    ['API / bare', '0.20', '0.80', '0.80', 'at least 0.90', 'NOT MET'],
    ['API / bare', '1.20', '1.50', '10.00', 'at most 1.50', 'met'],
    ['API / bare', '0.20', '0.80', '0.80', 'not asked for'],
    [''],
  ]);
});
