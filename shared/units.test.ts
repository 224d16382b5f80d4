import { describe, expect, test } from 'bun:test';
import { PRICE_MINOR_MAX, QUANTITY_MAX } from './limits.ts';
import { isCurrency, majorFromMinor, minorFromMajor, secondsUntil } from './units.ts';

const CURRENCIES: [string, number][] = [
  ['USD', 2],
  ['EUR', 2],
  ['JPY', 0],
  ['KRW', 0],
  ['VND', 0],
  ['XOF', 0],
  ['KWD', 3],
  ['TND', 3],
];

describe('money', () => {
  test('in minor units and in major units is the same money', () => {
    const pairs: [number, string, number][] = [
      [59_900, 'USD', 599],
      [1_999, 'EUR', 19.99],
      [1, 'USD', 0.01],
      [0, 'USD', 0],
      [1_999, 'JPY', 1_999],
      [12_345, 'KWD', 12.345],
    ];
    for (const [minor, currency, major] of pairs) {
      expect(majorFromMinor(minor, currency)).toBe(major);
      expect(minorFromMajor(major, currency)).toBe(minor);
    }
  });

  test('comes back as it went, for every amount that an order can have', () => {
    const largest = PRICE_MINOR_MAX * QUANTITY_MAX;
    for (const [currency] of CURRENCIES) {
      for (let minor = 0; minor < 20_000; minor += 1) {
        expect(minorFromMajor(majorFromMinor(minor, currency), currency)).toBe(minor);
        const large = largest - minor;
        expect(minorFromMajor(majorFromMinor(large, currency), currency)).toBe(large);
      }
    }
  });

  test('survives JSON, where it is a number with a decimal point', () => {
    for (const [currency, digits] of CURRENCIES) {
      for (const minor of [1, 29, 57, 58, 113, 1_999, 100_000_001]) {
        const text = (minor / 10 ** digits).toFixed(digits);
        expect(minorFromMajor(JSON.parse(text) as number, currency)).toBe(minor);
      }
    }
  });

  test('finer than its minor unit is none, however large it is', () => {
    const finer: [number, string][] = [
      [599.001, 'USD'],
      [0.001, 'USD'],
      [19.995, 'EUR'],
      [1_999.5, 'JPY'],
      [12.3456, 'KWD'],
      [50_000_000.001, 'USD'],
      [9_999_999_999.5, 'JPY'],
    ];
    for (const [amount, currency] of finer) {
      expect([amount, minorFromMajor(amount, currency)]).toEqual([amount, null]);
    }
  });

  test('that is too much to count is none', () => {
    for (const amount of [1e15, 1e300, Number.MAX_VALUE, Number.POSITIVE_INFINITY, Number.NaN]) {
      expect(minorFromMajor(amount, 'USD')).toBeNull();
    }
  });
});

test('a currency is one of ISO 4217 that people pay with', () => {
  for (const [currency] of CURRENCIES) expect(isCurrency(currency)).toBe(true);
  for (const word of ['', 'usd', 'US', 'ABC', 'XXX', 'XTS', 'XAU', 'USDT', 'USD EUR', ' ']) {
    expect([word, isCurrency(word)]).toEqual([word, false]);
  }
});

test('seconds left are rounded up and never negative', () => {
  const left: [number, number][] = [
    [0, 0],
    [1, 1],
    [999, 1],
    [1_000, 1],
    [1_001, 2],
    [-1, 0],
    [-5_000, 0],
  ];
  for (const [ms, seconds] of left) expect(secondsUntil(1_000_000 + ms, 1_000_000)).toBe(seconds);
});
