import { describe, expect, test } from 'bun:test';
import {
  ago,
  counted,
  dateTime,
  money,
  percent,
  rate,
  timeLeft,
  timeOfDay,
  timeOrDay,
  wholeTimeLeft,
} from './format.ts';

const HOUR = 3_600_000;

describe('what is left on a clock', () => {
  test('is rounded up, with tenths below ten seconds only', () => {
    const said = [-1, 0, 1, 4_200, 9_900, 9_901, 10_000, 10_001, 59_001, 59_900, 60_000, 119_000].map(
      timeLeft,
    );
    const expected = [
      '0:00',
      '0:00',
      '0.1 s',
      '4.2 s',
      '9.9 s',
      '0:10',
      '0:10',
      '0:11',
      '1:00',
      '1:00',
      '1:00',
      '1:59',
    ];
    expect(said).toEqual(expected);
  });

  test('has hours and days', () => {
    expect(timeLeft(HOUR - 500)).toBe('1:00:00');
    expect(timeLeft(2 * HOUR + 190_000)).toBe('2:03:10');
    expect(timeLeft(24 * HOUR - 1)).toBe('1 d 0 h');
    expect(timeLeft(76 * HOUR)).toBe('3 d 4 h');
  });

  test('may be without tenths', () => {
    expect([-5, 0, 1, 4_200, 59_900].map(wholeTimeLeft)).toEqual(['0:00', '0:00', '0:01', '0:05', '1:00']);
  });
});

test('an age grows in steps', () => {
  const said = [-5_000, 999, 1_000, 59_999, 60_000, HOUR - 1, HOUR, 24 * HOUR].map(ago);
  expect(said).toEqual([
    'now',
    'now',
    '1 s ago',
    '59 s ago',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '1 d ago',
  ]);
});

test('money has as many decimals as its currency', () => {
  expect(money(1_198, 'USD')).toBe('1,198.00 USD');
  expect(money(1_198, 'JPY')).toBe('1,198 JPY');
  expect(money(1.5, 'BHD')).toBe('1.500 BHD');
  expect(money(-0.05, 'EUR')).toBe('-0.05 EUR');
});

test('a part is all only when it is', () => {
  expect([0, 0.29, 0.58, 0.999, 1].map(percent)).toEqual(['0 %', '29 %', '58 %', '99 %', '100 %']);
});

test('counts and rates', () => {
  expect([counted(1, 'hold'), counted(0, 'hold'), counted(5_000, 'hold')]).toEqual([
    '1 hold',
    '0 holds',
    '5,000 holds',
  ]);
  expect([0, 0.04, 0.1, 9.94, 12.5, 1_234].map(rate)).toEqual([
    '0/s',
    '<0.1/s',
    '0.1/s',
    '9.9/s',
    '13/s',
    '1,234/s',
  ]);
});

test('times are those of whoever looks', () => {
  const at = Date.parse('2026-12-01T09:00:05Z');
  expect(timeOfDay(at)).toBe('09:00:05');
  expect(dateTime(at)).toBe('2026-12-01 09:00:05');
  expect(timeOrDay(at, at + HOUR)).toBe('09:00:05');
  expect(timeOrDay(at, at + 24 * HOUR)).toBe('12-01');
});
