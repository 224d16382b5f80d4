import { describe, expect, test } from 'bun:test';
import { createLog } from './log.ts';

function logged(facts: Record<string, unknown>, isForPeople: boolean): string {
  let text = '';
  createLog('info', (line) => (text += line), isForPeople).info('a request failed', facts);
  return text;
}

const ESCAPE = String.fromCharCode(27);
const HOSTILE = [
  'GET /a\n2026-01-01 info     everything is fine',
  '\r\n{"level":"info"}',
  `${ESCAPE}[2J${ESCAPE}]0;mine\u0007`,
  '\u009b2J\u0085next\u007f',
  'a\u2028b\u2029c',
  '\u202egnp.exe\u2066\u200f',
  '\u0000\b\ufeff',
  '\u{e0001}tag\u200d',
  '"} {"',
];

describe.each([
  ['people', true],
  ['programs', false],
] as const)('a line for %s', (_, isForPeople) => {
  test.each(HOSTILE)('remains one line that no terminal obeys, whatever somebody sent: %j', (sent) => {
    for (const facts of [{ route: sent }, { [sent]: 1 }, { error: new Error(sent) }, { deep: [{ sent }] }]) {
      const text = logged(facts, isForPeople);
      expect(text).toEndWith('\n');
      expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }
  });
});

test('a line for programs is JSON, and says what was sent', () => {
  for (const sent of HOSTILE) {
    const read = JSON.parse(logged({ route: sent }, false)) as Record<string, unknown>;
    expect([read['level'], read['message'], read['route']]).toEqual(['info', 'a request failed', sent]);
  }
});

test('a failed query is told without what it was about', () => {
  const cause = new Error('Deadlock found');
  const error = Object.assign(
    new Error('Failed query: insert ... params: ann@shop.example, v1,c2lnbmF0dXJl', { cause }),
    {
      query: 'insert into deliveries values (?)',
      params: ['ann@shop.example'],
    },
  );
  for (const isForPeople of [true, false]) {
    const text = logged({ error }, isForPeople);
    expect(text).toContain('Deadlock found');
    expect(text).not.toMatch(/ann@shop|c2lnbmF0dXJl|insert into/);
  }
});
