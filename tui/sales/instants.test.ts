import { expect, test } from 'bun:test';
import { readInstant, readSeconds } from './instants.ts';

// The zone of tests is UTC.
const nowMs = Date.parse('2026-11-27T10:30:00Z');
const fromMs = Date.parse('2026-11-28T00:00:00Z');
const read = (text: string) => {
  const ms = readInstant(text, { nowMs, fromMs });
  return ms === null ? null : new Date(ms).toISOString();
};

test('a time is read as an operator would say it', () => {
  expect(read('in 2h')).toBe('2026-11-27T12:30:00.000Z');
  expect(read('90m')).toBe('2026-11-27T12:00:00.000Z');
  expect(read('1d 1h')).toBe('2026-11-28T11:30:00.000Z');
  expect(read('+10m')).toBe('2026-11-28T00:10:00.000Z');
  expect(read('18:00')).toBe('2026-11-27T18:00:00.000Z');
  expect(read('10:30')).toBe('2026-11-28T10:30:00.000Z');
  expect(read('2026-12-01 09:00')).toBe('2026-12-01T09:00:00.000Z');
  expect(read('2026-12-01T09:00:30+02:00')).toBe('2026-12-01T07:00:30.000Z');
});

test('what is no time is not guessed', () => {
  for (const text of [
    '',
    '12',
    'soon',
    '25:00',
    '2026-02-31 09:00',
    '2026-13-01 09:00',
    '+',
    'in',
    '1h 2d',
  ]) {
    expect([text, read(text)]).toEqual([text, null]);
  }
});

test('a duration is seconds, minutes and seconds, or units', () => {
  expect(['120', '2m', '2:00', '1m 60s'].map(readSeconds)).toEqual([120, 120, 120, 120]);
  expect(['', 'x', '1:75', '-3', '1.5m'].map(readSeconds)).toEqual([null, null, null, null, null]);
});
