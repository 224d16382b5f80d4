import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorToken, operatorTokenFile } from './operator-token.ts';

const folder = mkdtempSync(join(tmpdir(), 'flash-sale-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a token is made once, for its owner only, and is the same at every start', () => {
  const dataDir = join(folder, 'not', 'there');
  const token = operatorToken(dataDir);
  expect(token).toMatch(/^fsop_[\w-]{43}$/);
  expect(operatorToken(dataDir)).toBe(token);
  expect(statSync(operatorTokenFile(dataDir)).mode & 0o777).toBe(0o600);
  expect(readdirSync(dataDir)).toEqual(['operator-token']);
});
