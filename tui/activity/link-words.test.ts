import { expect, test } from 'bun:test';
import { linkWords } from './link-words.ts';

const live = { kind: 'live', says: '' } as const;
const away = { kind: 'connecting', says: 'the connection was cut' } as const;

test('a link that is lost and comes back is told once each, however often it was tried', () => {
  expect(linkWords({ kind: 'connecting', says: '' }, live)).toContain('Connected');
  expect(linkWords(live, away)).toBe('Disconnected: the connection was cut.');
  expect(linkWords(away, away)).toBeNull();
  expect(linkWords(away, { ...away, says: 'nothing listens' })).toContain('nothing listens');
  expect(linkWords(away, live)).toContain('Connected');
  expect(linkWords(live, live)).toBeNull();
  expect(linkWords(live, { kind: 'refused', says: 'Ask an admin.' })).toBe('Refused. Ask an admin.');
});
