import { describe, expect, test } from 'bun:test';
import { lineWidth, textOf } from '../look/span.ts';
import { payloadLines, rawLines } from './payload-lines.ts';

const laidOut = (body: string, width = 60) => payloadLines(body, width).map(textOf);

describe('a payload that is laid out', () => {
  test('has a line for each value, and empty lists in one', () => {
    expect(laidOut('{"a":1,"b":{"c":[true,null]},"d":[],"e":{}}')).toEqual([
      '{',
      '  "a": 1,',
      '  "b": {',
      '    "c": [',
      '      true,',
      '      null',
      '    ]',
      '  },',
      '  "d": [],',
      '  "e": {}',
      '}',
    ]);
  });

  test('keeps what parsing would change: digits, escapes, names that stand twice', () => {
    const body = '{"n":12345678901234567890,"n":1.50,"s":"\\u001b[31m, {not a list}"}';
    expect(laidOut(body)).toEqual([
      '{',
      '  "n": 12345678901234567890,',
      '  "n": 1.50,',
      '  "s": "\\u001b[31m, {not a list}"',
      '}',
    ]);
  });

  test('goes on below where a value is long, and loses nothing', () => {
    const value = 'some  words '.repeat(12);
    const lines = payloadLines(`{"description":"${value}","next":1}`, 40);
    expect(Math.max(...lines.map(lineWidth))).toBeLessThanOrEqual(40);
    const [open, first = '', ...more] = lines.map(textOf);
    const indent = first.indexOf(':') + 2;
    const whole = [first, ...more.slice(0, -2).map((text) => text.slice(indent))].join('');
    expect([open, whole, ...more.slice(-2)]).toEqual([
      '{',
      `  "description": "${value}",`,
      '  "next": 1',
      '}',
    ]);
  });

  test.each(['', 'not json', '{"open":', ']]]}', '"'])('that is none is shown all the same: %j', (body) => {
    expect(laidOut(body).join('').replaceAll(/\s/g, '')).toBe(body.replaceAll(/\s/g, ''));
  });

  test('never commands the terminal', () => {
    const hostile = '{"a":"\u001b]0;owned\u0007\u001b[31mred","b":"\u009b2J\u202e"}';
    for (const lines of [payloadLines(hostile, 60), rawLines(hostile, 60)]) {
      expect(lines.map(textOf).join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(lines.map(textOf).join('')).toContain('red');
    }
  });
});

test('a payload as it was received keeps its own lines', () => {
  expect(rawLines('{\n  "a": 1\n}', 60).map(textOf)).toEqual(['{', '  "a": 1', '}']);
});
